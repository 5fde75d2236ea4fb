"""A tiny multilingual Whisper with random weights, written in CTranslate2's own format.

It cannot say anything meant, but it has large-v3's 51866 tokens and 128 mel bins, so that language detection,
translation, prompts and batches go through the very paths that a real checkpoint takes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

TEXT_TOKENS = 50257
LANGUAGES = (
    "en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th ur hr bg lt la mi ml "
    "cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr pa si km sn yo so af oc ka be tg sd gu am "
    "yi lo uz fo ht ps tk nn mt sa lb my bo tl mg as tt haw ln ha ba jw su yue"
).split()
SPECIAL = (
    "<|endoftext|>", "<|startoftranscript|>", *(f"<|{language}|>" for language in LANGUAGES), "<|translate|>",
    "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nocaptions|>", "<|notimestamps|>",
)  # fmt: skip
TIMES = tuple(f"<|{index * 0.02:.2f}|>" for index in range(1501))
WIDTH, HEADS, MELS = 16, 2, 128


def write(folder: Path, seed: int = 0, *, layers: int = 1, quantization: str | None = None) -> Path:
    """Writes the checkpoint, quantised as converters do it where that is asked for; the same seed gives the same."""
    import ctranslate2
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    # CTranslate2 takes a vocabulary for multilingual when it holds the empty token, as OpenAI's does.
    texts = [*letters, *(f"Ġw{index}" for index in range(TEXT_TOKENS - len(letters) - 1)), ""]
    tokenizer = Tokenizer(models.BPE(vocab={text: index for index, text in enumerate(texts)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(list(SPECIAL))
    tokenizer.add_tokens([AddedToken(time, special=False, normalized=False) for time in TIMES])

    spec = ctranslate2.specs.WhisperSpec(layers, HEADS, 1, HEADS)
    random = np.random.default_rng(seed)
    _fill(spec, lambda *shape: random.normal(0, 0.3, shape).astype(np.float32), len(texts) + len(SPECIAL) + len(TIMES))
    spec.register_vocabulary([*texts, *SPECIAL, *TIMES])
    spec.config.suppress_ids, spec.config.suppress_ids_begin = [], [TEXT_TOKENS]
    spec.config.lang_ids = list(range(TEXT_TOKENS + 2, TEXT_TOKENS + 2 + len(LANGUAGES)))
    spec.config.alignment_heads = [(0, 0), (0, 1)]
    spec.validate()
    if quantization:
        spec.optimize(quantization)
    folder.mkdir(parents=True, exist_ok=True)
    spec.save(str(folder))
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "preprocessor_config.json").write_text(json.dumps({"feature_size": MELS}))
    return folder


def _fill(spec: Any, weight: Any, vocabulary: int) -> None:
    def norm(layer: Any) -> None:
        layer.gamma, layer.beta = np.ones(WIDTH, np.float32), np.zeros(WIDTH, np.float32)

    def linear(layer: Any, outputs: int, inputs: int) -> None:
        layer.weight, layer.bias = weight(outputs, inputs), np.zeros(outputs, np.float32)

    def block(layer: Any) -> None:
        norm(layer.self_attention.layer_norm)
        linear(layer.self_attention.linear[0], 3 * WIDTH, WIDTH)
        linear(layer.self_attention.linear[1], WIDTH, WIDTH)
        norm(layer.ffn.layer_norm)
        linear(layer.ffn.linear_0, 4 * WIDTH, WIDTH)
        linear(layer.ffn.linear_1, WIDTH, 4 * WIDTH)

    encoder, decoder = spec.encoder, spec.decoder
    for conv, inputs in ((encoder.conv1, MELS), (encoder.conv2, WIDTH)):
        conv.weight, conv.bias = weight(WIDTH, inputs, 3), np.zeros(WIDTH, np.float32)
    encoder.position_encodings.encodings = weight(1500, WIDTH)
    decoder.position_encodings.encodings = weight(448, WIDTH)
    decoder.embeddings.weight = weight(vocabulary, WIDTH)
    decoder.projection.weight = decoder.embeddings.weight
    for part in (encoder, decoder):
        norm(part.layer_norm)
        for layer in part.layer:
            block(layer)
    for layer in decoder.layer:
        norm(layer.attention.layer_norm)
        for index, rows in enumerate((WIDTH, 2 * WIDTH, WIDTH)):
            linear(layer.attention.linear[index], rows, WIDTH)
