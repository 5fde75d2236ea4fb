"""The network: Whisper's architecture, small; what goes with it in a folder; and its encoder on short windows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer

WIDTH, HEADS = 192, 4
ENCODER_LAYERS, DECODER_LAYERS = 4, 3
MAX_LENGTH = 448

ALIGNMENT_HEADS = [[DECODER_LAYERS - 1, head] for head in range(HEADS // 2)]
"""The heads whose attention tells when a word is said, which they learn: half of the last layer's."""

PREPROCESSOR = {
    "feature_extractor_type": "WhisperFeatureExtractor", "feature_size": 80, "sampling_rate": 16000, "hop_length": 160,
    "chunk_length": 30, "n_fft": 400, "n_samples": 480000, "nb_max_frames": 3000, "padding_side": "right",
    "padding_value": 0.0, "return_attention_mask": False, "processor_class": "WhisperProcessor",
}  # fmt: skip
TOKENIZER_CONFIG = {
    "tokenizer_class": "WhisperTokenizer", "model_max_length": MAX_LENGTH,
    **dict.fromkeys(("bos_token", "eos_token", "unk_token", "pad_token"), "<|endoftext|>"),
}  # fmt: skip


def made(tokenizer: Tokenizer) -> Any:
    """A Whisper with random weights, 4.6 million, and the generation config it needs."""
    from transformers import WhisperConfig, WhisperForConditionalGeneration

    config = WhisperConfig(
        vocab_size=tokenizer.get_vocab_size(),
        d_model=WIDTH,
        encoder_layers=ENCODER_LAYERS,
        decoder_layers=DECODER_LAYERS,
        encoder_attention_heads=HEADS,
        decoder_attention_heads=HEADS,
        encoder_ffn_dim=4 * WIDTH,
        decoder_ffn_dim=4 * WIDTH,
        suppress_tokens=None,
        begin_suppress_tokens=None,
        **_ends(tokenizer),
    )
    model = WhisperForConditionalGeneration(config)
    model.generation_config = _generation(tokenizer)
    return model


def _ends(tokenizer: Tokenizer) -> dict[str, int]:
    """What text begins with, ends with and is filled up with."""
    end = dict.fromkeys(("bos_token_id", "eos_token_id", "pad_token_id"), tokenizer.token_to_id("<|endoftext|>"))
    return {**end, "decoder_start_token_id": tokenizer.token_to_id("<|startoftranscript|>")}


def _generation(tokenizer: Tokenizer) -> Any:
    from transformers import GenerationConfig

    return GenerationConfig(
        **_ends(tokenizer),
        max_length=MAX_LENGTH,
        alignment_heads=ALIGNMENT_HEADS,
        is_multilingual=False,
        no_timestamps_token_id=tokenizer.token_to_id("<|notimestamps|>"),
        prev_sot_token_id=tokenizer.token_to_id("<|startofprev|>"),
        suppress_tokens=[],
        begin_suppress_tokens=[tokenizer.token_to_id("<|endoftext|>")],
        max_initial_timestamp_index=1500,
        return_timestamps=False,
    )


def encode(encoder: Any, mel: torch.Tensor) -> torch.Tensor:
    """Whisper's encoder on windows shorter than 30 s, which transformers refuses."""
    from torch.nn.functional import gelu

    hidden = gelu(encoder.conv2(gelu(encoder.conv1(mel)))).permute(0, 2, 1)
    hidden = hidden + encoder.embed_positions.weight[: hidden.shape[1]]
    for layer in encoder.layers:
        out = layer(hidden, None)
        hidden = out[0] if isinstance(out, tuple) else out
    heard: torch.Tensor = encoder.layer_norm(hidden)
    return heard
