"""Small audio-classification checkpoints with random weights, saved as the hub has them: what they say makes no sense,
but they say it as the large ones do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

LABELS = ("yes", "no", "up", "down", "silence")
WORDS = ("hubert", "wav2vec2", "wavlm")
"""Those that hear windows of any length."""
WINDOW_S = {"ast": 1.28, "whisper": 2.0}
"""Those that always hear so much."""
KINDS = (*WORDS, *WINDOW_S)


def write(kind: str, folder: Path, labels: Sequence[str] = LABELS, **changes: Any) -> Path:
    """A checkpoint of one of `KINDS`."""
    import torch

    torch.manual_seed(0)
    numbered = {"id2label": dict(enumerate(labels)), "label2id": {label: at for at, label in enumerate(labels)}}
    model, extractor = _MAKERS.get(kind, _encoder)(kind, {**numbered, **changes})
    with torch.no_grad():
        for weights in model.parameters():
            weights.mul_({1: 1, 2: 6}.get(weights.ndim, 12))  # or the scores would hardly depend on what is heard
    model.save_pretrained(folder)
    extractor.save_pretrained(folder)
    return folder


def _encoder(kind: str, settings: dict[str, Any]) -> tuple[Any, Any]:
    import transformers

    name = {"hubert": "Hubert", "wav2vec2": "Wav2Vec2", "wavlm": "WavLM"}[kind]
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 48}
    sizes |= {"conv_dim": (16,) * 7, "num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 4}
    sizes |= {"classifier_proj_size": 24, "use_weighted_layer_sum": kind == "hubert"}  # as superb's have it
    config = getattr(transformers, f"{name}Config")(**{**sizes, **settings})
    extractor = transformers.Wav2Vec2FeatureExtractor(return_attention_mask=config.feat_extract_norm == "layer")
    return getattr(transformers, f"{name}ForSequenceClassification")(config), extractor


def _ast(_: str, settings: dict[str, Any]) -> tuple[Any, Any]:
    import transformers

    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 48}
    config = transformers.ASTConfig(**{**sizes, "max_length": 128, "num_mel_bins": 64, **settings})
    extractor = transformers.ASTFeatureExtractor(max_length=config.max_length, num_mel_bins=64)
    return transformers.ASTForAudioClassification(config), extractor


def _whisper(_: str, settings: dict[str, Any]) -> tuple[Any, Any]:
    import transformers

    sizes = {"d_model": 32, "encoder_layers": 2, "encoder_attention_heads": 2, "encoder_ffn_dim": 48}
    sizes |= {"decoder_layers": 1, "decoder_attention_heads": 2, "decoder_ffn_dim": 48, "classifier_proj_size": 24}
    sizes |= {"vocab_size": 100, "pad_token_id": 0, "max_source_positions": 100, "num_mel_bins": 80}
    config = transformers.WhisperConfig(**{**sizes, **settings})
    extractor = transformers.WhisperFeatureExtractor(chunk_length=config.max_source_positions // 50)
    return transformers.WhisperForAudioClassification(config), extractor


_MAKERS = {"ast": _ast, "whisper": _whisper}
