"""Small encoder-decoders with random weights, saved as the hub has them: what they write makes no sense, but obeys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

LIMIT_TOKENS = 160
PREFIX = "summarize: "
TEXT = ("The bridge is old and red.", "We talk about bees, honey and clocks.", "Ann: It was built in 1871.")


def write_bart(folder: Path, **changes: Any) -> Path:
    """A BART of one layer that reads `LIMIT_TOKENS`."""
    import torch
    from transformers import BartConfig, BartForConditionalGeneration

    size = _tokenizer(folder, {"bos_token": "<s>", "pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"})
    sizes = {"d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2}
    sizes |= {"decoder_attention_heads": 2, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32}
    torch.manual_seed(0)
    config = BartConfig(**{"vocab_size": size, "max_position_embeddings": LIMIT_TOKENS, **sizes, **changes})
    return _saved(BartForConditionalGeneration(config), folder, 4)


def write_t5(folder: Path, **changes: Any) -> Path:
    """A T5 of one layer, with the prefix that real ones want to read before a text."""
    import torch
    from transformers import T5Config, T5ForConditionalGeneration

    size = _tokenizer(folder, {"pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"})
    sizes = {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 1, "num_heads": 2, "decoder_start_token_id": 0}
    habits = {"task_specific_params": {"summarization": {"prefix": PREFIX}}, "n_positions": LIMIT_TOKENS}
    torch.manual_seed(0)
    config = T5Config(**{"vocab_size": size, **sizes, **habits, **changes})
    return _saved(T5ForConditionalGeneration(config), folder, 3)


def _saved(model: Any, folder: Path, special: int) -> Path:
    # Or a model without sense might say nothing at all.
    model.generation_config.suppress_tokens = [token for token in range(special) if token != model.config.eos_token_id]
    model.generation_config.begin_suppress_tokens = [model.config.eos_token_id]
    model.save_pretrained(folder)
    return folder


def _tokenizer(folder: Path, special: dict[str, str]) -> int:
    """Saves a tokenizer of bytes and a few words, with the numbers of T5's and BART's special tokens; its size."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    pieces = Tokenizer(models.BPE(unk_token="<unk>"))
    pieces.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    pieces.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=list(special.values()), initial_alphabet=alphabet)
    pieces.train_from_iterator(TEXT, trainer)
    begin = special.get("bos_token", "")
    pieces.post_processor = processors.TemplateProcessing(
        single=f"{begin} $A </s>".strip(),
        special_tokens=[(token, pieces.token_to_id(token)) for token in special.values()],
    )
    saved = PreTrainedTokenizerFast(tokenizer_object=pieces, model_max_length=LIMIT_TOKENS, **special)
    saved.save_pretrained(folder)
    return int(pieces.get_vocab_size())
