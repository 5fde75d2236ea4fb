"""Tiny checkpoints of encoders of sound with random weights, saved by transformers or as AudioMAE is published."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

SMALL = {
    "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64,
    "conv_dim": (16,) * 7, "num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 4,
}  # fmt: skip
AUDIO_MAE = {
    "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 1, "intermediate_size": 128,
    "image_size": (1024, 128), "patch_size": 16, "num_channels": 1, "layer_norm_eps": 1e-6, "mask_ratio": 0.8,
    "norm_pix_loss": True, "decoder_hidden_size": 32, "decoder_num_hidden_layers": 2,
    "decoder_num_attention_heads": 16, "decoder_intermediate_size": 64,
}  # fmt: skip


def make_encoder(kind: str, folder: Path, seed: int = 0) -> Any:
    """Saves a model of a kind (hubert, wav2vec2, wavlm, whisper or audiomae) and returns it, in evaluation mode."""
    import torch

    torch.manual_seed(seed)
    network, extractor = {"whisper": _whisper, "audiomae": _audio_mae}.get(kind, _of_waveforms)(kind)
    network.save_pretrained(folder)
    if extractor is not None:
        extractor.save_pretrained(folder)
    return network.eval()


def _of_waveforms(kind: str) -> tuple[Any, Any]:
    import transformers

    config, model = {
        "hubert": (transformers.HubertConfig, transformers.HubertModel),
        "wav2vec2": (transformers.Wav2Vec2Config, transformers.Wav2Vec2Model),
        "wavlm": (transformers.WavLMConfig, transformers.WavLMModel),
    }[kind]
    extractor = transformers.Wav2Vec2FeatureExtractor(do_normalize=True, return_attention_mask=False)
    return model(config(**SMALL)), extractor


def _whisper(kind: str) -> tuple[Any, Any]:
    import transformers

    config = transformers.WhisperConfig(
        d_model=32, encoder_layers=2, decoder_layers=1, encoder_attention_heads=2, decoder_attention_heads=2,
        encoder_ffn_dim=64, decoder_ffn_dim=64, vocab_size=100, pad_token_id=0, bos_token_id=1, eos_token_id=2,
        decoder_start_token_id=1,
    )  # fmt: skip
    return transformers.WhisperForConditionalGeneration(config), transformers.WhisperFeatureExtractor()


def _audio_mae(kind: str) -> tuple[Any, None]:
    return audio_mae(), None


def audio_mae(**changes: Any) -> Any:
    """A network of AudioMAE that is not saved."""
    from transformers import ViTMAEConfig

    from earwitness.engines.audio_mae_network import network_class

    return network_class()(ViTMAEConfig(**{**AUDIO_MAE, **changes}))


def publish(network: Any, file: Path) -> None:
    """Saves a network as AudioMAE's authors do."""
    import torch

    from earwitness.engines.audio_mae_layout import to_published

    torch.save({"model": to_published(network.state_dict()), "args": Namespace(lr=1e-3), "epoch": 32}, file)
