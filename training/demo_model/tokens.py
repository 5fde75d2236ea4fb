"""The tokenizer: byte-level pieces of our own sentences, then Whisper's special tokens and times in Whisper's order."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from earwitness.evaluation.synth.sentences import ALL_WORDS, sentence

if TYPE_CHECKING:
    from tokenizers import Tokenizer

PIECES = 900
SPECIAL = (
    "<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|translate|>", "<|transcribe|>", "<|startoflm|>",
    "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>",
)  # fmt: skip
"""As in Whisper's English-only models, less the languages. With a vocabulary below 51865 tokens CTranslate2 and
faster-whisper take a model for one of those, whose prompt is `<|startoftranscript|>` alone."""
TIMES = tuple(f"<|{step * 0.02:.2f}|>" for step in range(1501))
SEED, SENTENCES, TIMES_EACH_WORD = 1, 20_000, 3


def made() -> Tokenizer:
    """A new tokenizer of 900 pieces, 9 special tokens and 1501 times; always the same for the same grammar."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=PIECES, initial_alphabet=alphabet, special_tokens=[], show_progress=False)
    r = Random(SEED)
    texts = [f" {sentence(r)}" for _ in range(SENTENCES)] + [f" {word}" for word in ALL_WORDS] * TIMES_EACH_WORD
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_special_tokens(list(SPECIAL))
    # Times are text to Whisper's own decoder, not special: so they are in OpenAI's tokenizers.
    tokenizer.add_tokens([AddedToken(time, special=False, normalized=False) for time in TIMES])
    return tokenizer
