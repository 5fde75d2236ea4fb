"""Small models that speak, with random weights, saved as the hub has them: a hum, but of the right shape."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

LETTERS = "abcdefghijklmnopqrstuvwxyz"
BANDS = 16


def write_speecht5(folder: Path, **changes: Any) -> Path:
    """A SpeechT5 of one layer, with a tokenizer of English letters."""
    import torch
    from transformers import SpeechT5Config, SpeechT5ForTextToSpeech, SpeechT5Tokenizer

    tokenizer = SpeechT5Tokenizer(str(_letters(folder)))
    sizes = {"hidden_size": 16, "encoder_layers": 1, "decoder_layers": 1, "encoder_ffn_dim": 16, "decoder_ffn_dim": 16}
    sizes |= {"encoder_attention_heads": 2, "decoder_attention_heads": 2, "num_mel_bins": BANDS}
    sizes |= {"speech_decoder_prenet_units": 8, "speech_decoder_postnet_units": 8, "speech_decoder_postnet_layers": 2}
    torch.manual_seed(0)
    model = SpeechT5ForTextToSpeech(SpeechT5Config(**{"vocab_size": len(tokenizer), **sizes, **changes}))
    with torch.no_grad():
        model.speech_decoder_postnet.prob_out.bias.fill_(-20.0)  # it ends where it must, and not at once
        model.speecht5.decoder.prenet.speaker_embeds_layer.weight *= 20.0  # so that voices are told apart
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _letters(folder: Path) -> Path:
    """A sentencepiece model of single characters, with the numbers of SpeechT5's special tokens."""
    import sentencepiece

    folder.mkdir(parents=True, exist_ok=True)
    text = folder / "letters.txt"
    text.write_text(f"{LETTERS} {LETTERS.upper()} .,!?'-\n" * 4)
    sentencepiece.SentencePieceTrainer.train(
        input=str(text), model_prefix=str(folder / "spm_char"), model_type="char", vocab_size=64,
        bos_id=0, pad_id=1, eos_id=2, unk_id=3, hard_vocab_limit=False, minloglevel=2,
        normalization_rule_name="identity",
    )  # fmt: skip
    text.unlink()
    return folder / "spm_char.model"


def write_vocoder(folder: Path, **changes: Any) -> Path:
    """A HiFi-GAN that makes 16 samples of each frame."""
    import torch
    from transformers import SpeechT5HifiGan, SpeechT5HifiGanConfig

    sizes = {"model_in_dim": BANDS, "upsample_initial_channel": 8, "upsample_rates": [4, 4]}
    sizes |= {"upsample_kernel_sizes": [8, 8], "resblock_kernel_sizes": [3], "resblock_dilation_sizes": [[1]]}
    torch.manual_seed(1)
    vocoder = SpeechT5HifiGan(SpeechT5HifiGanConfig(**{**sizes, "initializer_range": 0.3, **changes}))
    vocoder.save_pretrained(folder)
    return folder


def write_vits(folder: Path, letters: str = LETTERS, *, is_uroman: bool = False, **changes: Any) -> Path:
    """A VITS of one layer, with a tokenizer as MMS has it: lower-case letters and no digits."""
    import torch
    from transformers import VitsConfig, VitsModel, VitsTokenizer

    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = {token: number for number, token in enumerate(("<pad>", *letters, " ", "'", "-", "<unk>"))}
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    tokenizer = VitsTokenizer(str(folder / "vocab.json"), language="eng", phonemize=False, is_uroman=is_uroman)
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "ffn_dim": 16, "flow_size": 8, "spectrogram_bins": 17}
    sizes |= {"upsample_initial_channel": 16, "upsample_rates": [8, 8], "upsample_kernel_sizes": [16, 16]}
    sizes |= {"resblock_kernel_sizes": [3], "resblock_dilation_sizes": [[1]], "duration_predictor_filter_channels": 8}
    sizes |= {"prior_encoder_num_wavenet_layers": 1, "posterior_encoder_num_wavenet_layers": 1}
    torch.manual_seed(2)
    VitsModel(VitsConfig(**{"vocab_size": len(vocabulary), **sizes, **changes})).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def write_xvector(folder: Path) -> Path:
    """The weights of speechbrain's x-vector network, at random."""
    import torch

    from earwitness.engines import xvector

    folder.mkdir(parents=True, exist_ok=True)
    generator = torch.Generator().manual_seed(3)
    weights = {name: 0.05 * torch.randn(shape, generator=generator) for name, shape in xvector._shapes().items()}
    for name in weights:
        if name.endswith("running_var"):
            weights[name] = weights[name].abs() + 0.5
    torch.save(weights, folder / xvector.WEIGHTS)
    return folder
