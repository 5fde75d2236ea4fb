"""The trained model as folders that others read: Hugging Face (float16) and CTranslate2 (int8)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from model import PREPROCESSOR, TOKENIZER_CONFIG

if TYPE_CHECKING:
    from tokenizers import Tokenizer


def export(model: Any, tokenizer: Tokenizer, output: Path) -> None:
    """Writes OUTPUT/hf and OUTPUT/ct2; the model is of half precision afterwards."""
    hub = output / "hf"
    model.half().save_pretrained(hub)
    tokenizer.save(str(hub / "tokenizer.json"))
    for name, values in (("tokenizer_config", TOKENIZER_CONFIG), ("preprocessor_config", PREPROCESSOR)):
        (hub / f"{name}.json").write_text(json.dumps(values))
    _convert(hub, tokenizer, output / "ct2")
    for folder in (hub, output / "ct2"):
        print(f"{folder}: {sum(file.stat().st_size for file in folder.iterdir()) / 1e6:.1f} MB", flush=True)


def _convert(hub: Path, tokenizer: Tokenizer, fast: Path) -> None:
    from ctranslate2.converters import TransformersConverter
    from transformers import PreTrainedTokenizerFast

    class Converter(TransformersConverter):
        """Reads tokenizer.json as it is; transformers' own WhisperTokenizer wants OpenAI's files."""

        def load_tokenizer(self, *_: Any, **__: Any) -> Any:
            return PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<|endoftext|>")

    copied = ["tokenizer.json", "preprocessor_config.json"]
    Converter(str(hub), copy_files=copied).convert(str(fast), quantization="int8", force=True)
