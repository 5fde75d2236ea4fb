"""Whisper checkpoints in the format that an engine wants, made once from those that the user has.

    OpenAI's FILE.pt  ->  a folder of transformers  <->  a folder of CTranslate2

What is made lies in the user's cache folder under the fingerprint of what it was made from, whole or not at all.
"""

from __future__ import annotations

import json
import logging
import secrets
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from earwitness.checkpoints import FOLDER_VARIABLE, default_folder
from earwitness.engines import transformers_folder
from earwitness.errors import ExtraError, ModelError, reason
from earwitness.files import fingerprint

LOG = logging.getLogger("earwitness")

CTRANSLATE2 = "CTranslate2"
TRANSFORMERS = "transformers"
OPENAI = "OpenAI"

WEIGHTS = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)
"""Any of these makes a folder one of transformers."""


def format_of(path: Path) -> str:
    """Whose checkpoint this is: `CTRANSLATE2`, `TRANSFORMERS` or `OPENAI`.

    Raises:
        ModelError: it is no Whisper checkpoint, or not a whole one.
    """
    if path.is_file():
        if zipfile.is_zipfile(path):
            return OPENAI
        raise ModelError(f"{path}: not a checkpoint; give a folder, or one of OpenAI's .pt files")
    if any((path / name).is_file() for name in WEIGHTS) and not (path / "model.bin").is_file():
        _check_transformers(path)
        return TRANSFORMERS
    missing = [name for name in ("model.bin", "config.json", "tokenizer.json") if not (path / name).is_file()]
    if missing:
        raise ModelError(
            f"{path}: neither a CTranslate2 Whisper ({' and '.join(missing)} missing) nor one of transformers "
            f"({' and '.join(WEIGHTS[::2])} missing); give another --model"
        )
    return CTRANSLATE2


def _check_transformers(folder: Path) -> None:
    try:
        kind = json.loads((folder / "config.json").read_bytes()).get("model_type")
    except (OSError, ValueError, AttributeError) as error:
        raise ModelError(f"{folder}: its config.json cannot be read ({error}); give another --model") from error
    if kind != "whisper":
        raise ModelError(f"{folder}: a checkpoint of type {kind}, not whisper; give another --model")
    if not (folder / "tokenizer.json").is_file() and not (folder / "vocab.json").is_file():
        raise ModelError(f"{folder}: tokenizer.json is missing; copy it from the model that this one was made of")


def fitted(source: Path, wanted: str, tokenizer: Callable[[int], Path]) -> Path:
    """A checkpoint in the format that is wanted: itself, or what is made of it, once.

    Args:
        source: a folder, or one of OpenAI's files.
        wanted: `CTRANSLATE2` (in float16) or `TRANSFORMERS`.
        tokenizer: gives the tokenizer.json for a vocabulary of so many tokens; OpenAI's files have none.

    Raises:
        ExtraError: torch or transformers are not installed.
        ModelError: the checkpoint cannot be converted, or no tokenizer is to be had.
    """
    have = format_of(source)
    if have == wanted:
        return source

    def to_transformers(target: Path) -> None:
        if have == OPENAI:
            transformers_folder.from_openai(source, tokenizer, target)
        else:
            transformers_folder.from_ctranslate2(source, target)

    def make(target: Path) -> None:
        if have == TRANSFORMERS:
            _to_ctranslate2(source, target)
        elif wanted == TRANSFORMERS:
            to_transformers(target)
        else:
            with tempfile.TemporaryDirectory(dir=target.parent, prefix=".") as between:
                to_transformers(Path(between) / "model")
                _to_ctranslate2(Path(between) / "model", target)

    return _kept(source, wanted, make)


def _to_ctranslate2(folder: Path, target: Path) -> None:
    from ctranslate2.converters import TransformersConverter

    with silent():
        TransformersConverter(str(folder), load_as_float16=True).convert(str(target), quantization="float16")
    # Without these faster-whisper would ask the hub for a tokenizer, and take every model for one of 80 mel bands.
    if (folder / "tokenizer.json").is_file():
        shutil.copyfile(folder / "tokenizer.json", target / "tokenizer.json")
    else:
        fast_tokenizer(folder).save(str(target / "tokenizer.json"))
    bands = json.loads((folder / "config.json").read_bytes())["num_mel_bins"]
    (target / "preprocessor_config.json").write_text(json.dumps({"feature_size": bands}))


def fast_tokenizer(folder: Path) -> Any:
    """The `tokenizers.Tokenizer` of a transformers folder that has only vocab.json and merges.txt."""
    from transformers import WhisperTokenizerFast

    return WhisperTokenizerFast.from_pretrained(folder, local_files_only=True).backend_tokenizer


@contextmanager
def silent() -> Iterator[None]:
    """transformers without its progress bars and its advice to programmers."""
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


def _kept(source: Path, kind: str, make: Callable[[Path], None]) -> Path:
    """What `make` makes of a checkpoint, from the cache where it has been made before."""
    from huggingface_hub.utils import WeakFileLock

    if missing := [name for name in ("torch", "transformers", "safetensors") if not find_spec(name)]:
        raise ExtraError(
            f"{source}: to convert this checkpoint for {kind}, {' and '.join(missing)} must be installed; "
            "pip install 'earwitness[models]'"
        )
    folder = default_folder() / "models" / f"{source.stem}-{fingerprint(source)}-{kind.lower()}"
    if folder.is_dir():
        return folder
    temporary = folder.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        # Of several workers that want a model, one converts it and the others wait: it may take much memory.
        with WeakFileLock(folder.parent.with_name("models.lock")):
            if not folder.is_dir():
                LOG.warning("%s: converting for %s, once; kept in %s", source, kind, folder)
                make(temporary)
                temporary.rename(folder)
    except ModelError:
        raise
    except Exception as error:  # torch, pickle, transformers and CTranslate2 share no kind of error
        raise ModelError(
            f"{source}: cannot be converted for {kind} ({reason(error)}); is it a whole Whisper checkpoint, and is "
            f"there room in {folder.parent} (or in another folder, with {FOLDER_VARIABLE})?"
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder
