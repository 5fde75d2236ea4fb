"""Model names to folders: what ships with the package, what the user has, what the hub has.

A name is `demo`, a Whisper size, a folder, one of OpenAI's .pt files, or a hub id such as
`Systran/faster-whisper-small`; the models of diarizers are named after these. A checkpoint in another format than the
engine's is converted where it can be. Nothing is asked of the hub that the cache can answer, and nothing at all with
`offline`. Whom the hub knows is its own affair: it reads the variable HF_TOKEN, or what `hf auth login` has stored.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

from earwitness.engines import conversion, hub_files
from earwitness.engines.repositories import (
    SETTINGS,
    WEIGHTS,
    Repository,
    cached_part,
    is_hub_id,
    local_folder,
    the_hub,
    whole_part,
)
from earwitness.engines.whisper_forms import ALIASES, CTRANSLATE2, FORMS, PICKLED, TRANSFORMERS, Form
from earwitness.errors import ModelError

DEMO = "demo"
AUTO = "auto"


VOICES = {
    "wespeaker": Repository(
        "Wespeaker/wespeaker-voxceleb-resnet34-LM", ("*.onnx",), "f0c48c298fd835726c27956a5d617bad7115627e"
    ),
    "pyannote": Repository(
        "pyannote/speaker-diarization-community-1",
        (
            "config.yaml",
            "embedding/pytorch_model.bin",
            "plda/plda.npz",
            "plda/xvec_transform.npz",
            "segmentation/pytorch_model.bin",
        ),
        "3533c8cf8e369892e6b79ff1bf80f7b0286a54ee",
    ),
}
"""The models that diarizers take from the hub unless told otherwise."""

SENTENCES = Repository(
    "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2",
    ("onnx/model.onnx", "tokenizer.json", "modules.json"),
    "e8f8c211226b894fcb81acc59f3b34ba3efd5f42",
    (
        "1_Pooling/config.json",
        "config.json",
        "config_sentence_transformers.json",
        "sentence_bert_config.json",
        "onnx/model.onnx_data",
    ),
)
"""The model of sentences that is used where it is in the cache: for paraphrases in fifty languages, Apache-2.0."""
SENTENCE_MODEL = "sentences"
"""Its name in `earwitness models`."""

TOKENIZERS = {51864: "openai/whisper-tiny.en", 51865: "openai/whisper-tiny", 51866: "openai/whisper-large-v3"}
"""Where OpenAI's vocabularies lie, by their sizes."""

REMEDIES = (
    "run `earwitness models download {name}` on a connected machine and copy its cache, give a folder with "
    "--model FOLDER, or make a rough draft with --engine pocketsphinx"
)
VOICE_REMEDIES = (
    "run `earwitness models download {name}` on a connected machine and copy its cache, give a copy with "
    "--diarizer {name}:PATH, or use --diarizer builtin"
)
SUMMARIZER_REMEDIES = (
    "run `earwitness models download {name} --engine seq2seq` on a connected machine and copy its cache, give a folder "
    "with --summarizer seq2seq:FOLDER, or use --summarizer extractive"
)
SENTENCE_REMEDIES = (
    "run `earwitness models download {name}{engine}` on a connected machine and copy its cache, give a folder with "
    "--sentence-model FOLDER, or use --sentence-model none"
)


@dataclass(frozen=True)
class Model:
    """A model that can be named. `size_bytes` is what it takes on disk, none where that is not known."""

    name: str
    engine: str
    bundled: bool
    cached: bool
    size_bytes: int | None


def find(name: str, *, form: Form = CTRANSLATE2, offline: bool = False) -> Path:
    """The folder of a named model, downloaded unless it is there or `offline` is set, and converted if it must be.

    Raises:
        ModelError: the model is not here and cannot be had, or is of a format that cannot be converted.
    """
    if name == DEMO:
        return _fitting(demo_folder(), form, offline=offline)
    if Path(name).exists():
        return _fitting(Path(name), form, offline=offline)
    if not is_hub_id(form.hub_id(name)):
        known = ", ".join(("auto", DEMO, *form.ids))
        raise ModelError(f"{name}: neither a folder nor a known model; known are {known}, or give a hub id")
    for wanted in _forms(name, form):
        if cached := cached_folder(wanted.hub_id(name), wanted):
            return _fitting(cached, form, offline=offline)
    if offline:
        raise ModelError(
            f"{name}: this model is not in the cache and --offline forbids a download; {_remedy(name, form)}"
        )
    return download(name, form=form)


def download(name: str, *, form: Form = CTRANSLATE2) -> Path:
    """Brings a model from the hub into its cache, and converts it if it must be.

    What is there already is kept, a download that was broken off goes on where it was, and large files are compared
    with the hub's hashes.

    Raises:
        ModelError: the hub cannot be reached, or does not have it.
    """
    with the_hub(name, _remedy(name, form)):
        for wanted in _forms(name, form):
            folder = hub_files.fetch(wanted.hub_id(name), wanted.files)
            if wanted.is_whole(folder):
                return _fitting(folder, form, offline=False)
    raise ModelError(f"{name}: the hub has no Whisper weights under {form.hub_id(name)}; give another --model")


def verified(name: str, *, form: Form = CTRANSLATE2) -> Path:
    """As `find`, after every large file was compared with its hash; damaged ones are downloaded again.

    Raises:
        ModelError: as `find`.
    """
    folder = find(name, form=form)
    if damaged := hub_files.damaged(folder):
        for path in damaged:
            path.unlink()
        return download(name, form=form)
    return folder


def _forms(name: str, form: Form) -> tuple[Form, ...]:
    """The formats in which a model may be had for an engine that wants `form`, best first."""
    if ALIASES.get(name, name) in form.ids:
        return (form,)
    return (form, PICKLED) if form is TRANSFORMERS else (form, TRANSFORMERS, PICKLED)


def _fitting(path: Path, form: Form, *, offline: bool) -> Path:
    return conversion.fitted(path, form.kind, lambda size: _tokenizer(path, size, offline=offline))


def _tokenizer(checkpoint: Path, size: int, *, offline: bool) -> Path:
    """The tokenizer for OpenAI's checkpoints with so many tokens: from beside it, else the hub's."""
    if (beside := checkpoint.with_name("tokenizer.json")).is_file():
        return beside
    remedy = f"put the tokenizer.json of a Whisper with {size} tokens beside it"
    if size not in TOKENIZERS:
        raise ModelError(f"{checkpoint}: OpenAI has no Whisper with {size} tokens; {remedy}")
    repository = Repository(TOKENIZERS[size], ("tokenizer.json",))
    folder = cached_part(repository)
    if not folder and offline:
        raise ModelError(f"{checkpoint}: its tokenizer is not in the cache and --offline forbids a download; {remedy}")
    if not folder:
        with the_hub(str(checkpoint), remedy):
            folder = hub_files.fetch(repository.hub_id, repository.files)
    return folder / "tokenizer.json"


def find_voices(diarizer: str, model: str = "", *, offline: bool = False) -> Path:
    """The file or folder of a diarizer's model, downloaded unless it is there or `offline` is set.

    Args:
        diarizer: a name in `VOICES`.
        model: a file, a folder or a hub id; empty for the one that the diarizer has of its own.
        offline: never ask the hub.

    Raises:
        ModelError: the model is not here and cannot be had.
    """
    # No shell expands the ~ of wespeaker:~/FILE; pathlib would raise where there is no such user.
    repository, path = VOICES[diarizer], Path(os.path.expanduser(model))  # noqa: PTH111
    if model and path.exists():
        return path
    if model and not is_hub_id(model):
        raise ModelError(f"--diarizer {diarizer}:{model}: neither a file, a folder nor a hub id; check the path")
    if model:
        repository = replace(repository, hub_id=model, revision=None)
    name = f"{diarizer}:{model}" if model else diarizer
    return whole_part(name, [repository], VOICE_REMEDIES.format(name=diarizer), "--diarizer builtin", offline=offline)


def find_summarizer(model: str, *, offline: bool = False) -> Path:
    """The folder of a transformers checkpoint, downloaded unless it is there or `offline` is set.

    Args:
        model: a folder, or a hub id; `ID@REVISION` is one of its commits, branches or tags.
        offline: never ask the hub.

    Raises:
        ModelError: the model is not here and cannot be had.
    """
    hub_id, _, revision = model.partition("@")
    if folder := local_folder(model, hub_id, f"--summarizer seq2seq:{model}"):
        return folder
    kinds = [Repository(hub_id, (*files, "config.json"), revision or None, SETTINGS) for files in WEIGHTS]
    remedy = SUMMARIZER_REMEDIES.format(name=model)
    return whole_part(model, kinds, remedy, "--summarizer extractive", offline=offline)


def find_sentences(model: str = "", *, offline: bool = False) -> Path:
    """The folder of a checkpoint of sentence-transformers in ONNX, downloaded unless it is there or `offline` is set.

    Args:
        model: a folder, or a hub id; `ID@REVISION` is one of its commits, branches or tags. Empty for `SENTENCES`.
        offline: never ask the hub.

    Raises:
        ModelError: the model is not here and cannot be had.
    """
    if model in ("", SENTENCE_MODEL):
        remedy = SENTENCE_REMEDIES.format(name=SENTENCE_MODEL, engine="")
        return whole_part(SENTENCE_MODEL, [SENTENCES], remedy, "--sentence-model none", offline=offline)
    hub_id, _, revision = model.partition("@")
    if folder := local_folder(model, hub_id, f"--sentence-model {model}"):
        return folder
    repository = replace(SENTENCES, hub_id=hub_id, revision=revision or None)
    remedy = SENTENCE_REMEDIES.format(name=model, engine=f" --engine {SENTENCE_MODEL}")
    return whole_part(model, [repository], remedy, "--sentence-model none", offline=offline)


def cached_sentences() -> Path | None:
    """The folder of `SENTENCES` in the local cache, or none; the hub is not asked."""
    from huggingface_hub import constants

    # Its client takes half a second to load, which few runs need.
    cached = Path(constants.HF_HUB_CACHE, hub_files.repository_folder(SENTENCES.hub_id)).is_dir()
    return cached_part(SENTENCES) if cached else None


def cached_folder(hub_id: str, form: Form = CTRANSLATE2) -> Path | None:
    """The folder of a hub model in the local cache, or none where any of its files is missing."""
    with the_hub(hub_id, _remedy(hub_id, form)) as hub:
        try:
            folder = Path(hub.snapshot_download(hub_id, allow_patterns=list(form.files), local_files_only=True))
        except (OSError, ValueError):
            return None
    return folder if form.is_whole(folder) else None


def choose(device: str, *, form: Form = CTRANSLATE2, offline: bool) -> str:
    """What `--model auto` stands for here: the best model that this machine runs faster than people speak.

    A cached model that is good enough is preferred to a download.

    Raises:
        ModelError: none is cached and the hub cannot be reached.
    """
    wanted = _comfortable(device)
    for name in wanted:
        if cached_folder(form.ids[name], form):
            return name
    if not offline:
        try:
            download(wanted[0], form=form)
        except ModelError as error:
            raise ModelError(
                f"--model auto: no Whisper model is here and the hub cannot be reached; {_remedy(wanted[0], form)}"
            ) from error
        return wanted[0]
    raise ModelError(f"--model auto: no Whisper model is in the cache; {_remedy(wanted[0], form)}")


def _comfortable(device: str) -> tuple[str, ...]:
    """Sizes that run comfortably, best first; `small` on a CPU wants four cores to keep well ahead of speech."""
    if device == "cuda":
        return ("turbo", "large-v3", "small", "base", "tiny")
    return ("small", "base", "tiny") if (os.cpu_count() or 1) >= 4 else ("base", "small", "tiny")


def catalogue() -> tuple[Model, ...]:
    """Every model that has a name of its own, and where it is."""
    demo = Model(DEMO, "faster-whisper", bundled=True, cached=True, size_bytes=_size(demo_folder()))
    rows = [demo]
    for engine, form in FORMS.items():
        for name, hub_id in form.ids.items():
            folder = cached_folder(hub_id, form)
            rows.append(Model(name, engine, False, folder is not None, _size(folder) if folder else None))
    for name, repository in VOICES.items():
        folder = cached_part(repository)
        rows.append(Model(name, name, False, folder is not None, _size(folder) if folder else None))
    folder = cached_sentences()
    rows.append(Model(SENTENCE_MODEL, "sentences", False, folder is not None, _size(folder) if folder else None))
    return tuple(rows)


def demo_folder() -> Path:
    """The small Whisper that ships with the package."""
    return Path(str(resources.files("earwitness.engines") / "data" / "whisper-demo"))


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _remedy(name: str, form: Form) -> str:
    engine = "" if form is CTRANSLATE2 else f" --engine {form.kind}"
    return REMEDIES.format(name=name + engine)
