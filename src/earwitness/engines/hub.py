"""Model names to folders: what ships with the package, what the user has, what the hub has.

A name is `demo`, a Whisper size, a folder, one of OpenAI's .pt files, or a hub id such as
`Systran/faster-whisper-small`; the models of diarizers are named after these. A checkpoint in another format than the
engine's is converted where it can be. Nothing is asked of the hub that the cache can answer, and nothing at all with
`offline`. Whom the hub knows is its own affair: it reads the variable HF_TOKEN, or what `hf auth login` has stored.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from importlib import resources
from pathlib import Path

from earwitness.engines import conversion, hub_files
from earwitness.engines.whisper_forms import ALIASES, CTRANSLATE2, FORMS, PICKLED, TRANSFORMERS, Form
from earwitness.errors import ModelError, reason

DEMO = "demo"
AUTO = "auto"


@dataclass(frozen=True)
class Repository:
    """Part of a hub repository, at one commit where that is pinned; `files` may be patterns.

    `extras` are brought too, where there are any.
    """

    hub_id: str
    files: tuple[str, ...]
    revision: str | None = None
    extras: tuple[str, ...] = ()

    @property
    def patterns(self) -> list[str]:
        """All files that are wanted."""
        return [*self.files, *self.extras]


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

SUMMARIZER_WEIGHTS = (("model*.safetensors",), ("pytorch_model*.bin",))
"""Which files hold the weights of a summarizer, the safer ones first."""
TEXTS = ("*.json", "*.model", "*.txt")
"""The other files of a checkpoint of transformers: settings and vocabularies."""

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
GATED = (
    "{name}: {hub_id} is gated, and the hub does not know you as somebody who may read it; (1) accept its conditions "
    "on https://huggingface.co/{hub_id}, (2) create a token that may read on https://huggingface.co/settings/tokens, "
    "(3) give it with `hf auth login` or in the variable HF_TOKEN; or use {otherwise}"
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
    if not _is_hub_id(form.hub_id(name)):
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
    with _hub(name, _remedy(name, form)):
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
    folder = _cached_part(repository)
    if not folder and offline:
        raise ModelError(f"{checkpoint}: its tokenizer is not in the cache and --offline forbids a download; {remedy}")
    if not folder:
        with _hub(str(checkpoint), remedy):
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
    if model and not _is_hub_id(model):
        raise ModelError(f"--diarizer {diarizer}:{model}: neither a file, a folder nor a hub id; check the path")
    if model:
        repository = replace(repository, hub_id=model, revision=None)
    name = f"{diarizer}:{model}" if model else diarizer
    return _whole_part(name, [repository], VOICE_REMEDIES.format(name=diarizer), "--diarizer builtin", offline)


def find_summarizer(model: str, *, offline: bool = False) -> Path:
    """The folder of a transformers checkpoint, downloaded unless it is there or `offline` is set.

    Args:
        model: a folder, or a hub id; `ID@REVISION` is one of its commits, branches or tags.
        offline: never ask the hub.

    Raises:
        ModelError: the model is not here and cannot be had.
    """
    path = Path(os.path.expanduser(model))  # noqa: PTH111
    if path.is_dir():
        return path
    hub_id, _, revision = model.partition("@")
    if path.exists() or not _is_hub_id(hub_id):
        raise ModelError(f"--summarizer seq2seq:{model}: neither a folder nor a hub id; check the path")
    kinds = [Repository(hub_id, (*files, "config.json"), revision or None, TEXTS) for files in SUMMARIZER_WEIGHTS]
    remedy = SUMMARIZER_REMEDIES.format(name=model)
    return _whole_part(model, kinds, remedy, "--summarizer extractive", offline)


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
        return _whole_part(SENTENCE_MODEL, [SENTENCES], remedy, "--sentence-model none", offline)
    path = Path(os.path.expanduser(model))  # noqa: PTH111
    if path.is_dir():
        return path
    hub_id, _, revision = model.partition("@")
    if path.exists() or not _is_hub_id(hub_id):
        raise ModelError(f"--sentence-model {model}: neither a folder nor a hub id; check the path")
    repository = replace(SENTENCES, hub_id=hub_id, revision=revision or None)
    remedy = SENTENCE_REMEDIES.format(name=model, engine=f" --engine {SENTENCE_MODEL}")
    return _whole_part(model, [repository], remedy, "--sentence-model none", offline)


def cached_sentences() -> Path | None:
    """The folder of `SENTENCES` in the local cache, or none; the hub is not asked."""
    from huggingface_hub import constants

    # Its client takes half a second to load, which few runs need.
    cached = Path(constants.HF_HUB_CACHE, hub_files.repository_folder(SENTENCES.hub_id)).is_dir()
    return _cached_part(SENTENCES) if cached else None


def _whole_part(name: str, repositories: Sequence[Repository], remedy: str, otherwise: str, offline: bool) -> Path:
    """The folder of the first of some repositories that has all its files."""
    for repository in repositories:
        if cached := _cached_part(repository):
            return cached
    if offline:
        raise ModelError(f"{name}: this model is not in the cache and --offline forbids a download; {remedy}")
    for repository in repositories:
        with _hub(name, remedy, gated=repository.hub_id, otherwise=otherwise):
            hub_files.fetch(repository.hub_id, repository.patterns, repository.revision)
        if cached := _cached_part(repository):
            return cached
    wanted = " nor ".join(" and ".join(repository.files) for repository in repositories)
    raise ModelError(f"{name}: the hub has {repositories[0].hub_id}, but not its {wanted}; {remedy}")


def _cached_part(repository: Repository) -> Path | None:
    """The folder of a repository in the local cache, or none where any of its files is missing."""
    hub = _Hub()
    try:
        folder = Path(
            hub.snapshot_download(
                repository.hub_id,
                revision=repository.revision,
                allow_patterns=repository.patterns,
                local_files_only=True,
            )
        )
    except (OSError, ValueError):
        return None
    found = all(any(folder.rglob(pattern)) for pattern in repository.files)
    return folder if found and _has_all_parts(folder, repository) else None


def _has_all_parts(folder: Path, repository: Repository) -> bool:
    """Whether weights that an index lays into several of the wanted files are all there."""
    indices = (json.loads(index.read_bytes()).get("weight_map", {}) for index in folder.glob("*.index.json"))
    parts = {part for index in indices for part in index.values()}
    wanted = {part for part in parts if any(fnmatch(part, pattern) for pattern in repository.files)}
    return all((folder / part).exists() for part in wanted)


def cached_folder(hub_id: str, form: Form = CTRANSLATE2) -> Path | None:
    """The folder of a hub model in the local cache, or none where any of its files is missing."""
    with _hub(hub_id, _remedy(hub_id, form)) as hub:
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
        folder = _cached_part(repository)
        rows.append(Model(name, name, False, folder is not None, _size(folder) if folder else None))
    folder = cached_sentences()
    rows.append(Model(SENTENCE_MODEL, "sentences", False, folder is not None, _size(folder) if folder else None))
    return tuple(rows)


def demo_folder() -> Path:
    """The small Whisper that ships with the package."""
    return Path(str(resources.files("earwitness.engines") / "data" / "whisper-demo"))


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _is_hub_id(name: str) -> bool:
    return name.count("/") == 1 and not name.startswith((".", "/", "~"))


def _remedy(name: str, form: Form) -> str:
    engine = "" if form is CTRANSLATE2 else f" --engine {form.kind}"
    return REMEDIES.format(name=name + engine)


class _Hub:
    """huggingface_hub, imported when it is needed and told to send no telemetry."""

    def __init__(self) -> None:
        os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
        from huggingface_hub import snapshot_download

        self.snapshot_download = snapshot_download


@contextmanager
def _hub(name: str, remedy: str, *, gated: str | None = None, otherwise: str = "") -> Iterator[_Hub]:
    """The hub, with all that can go wrong there said in one line.

    `gated` names a repository that may be closed, `otherwise` what to use in its place.
    """
    hub = _Hub()
    try:
        yield hub
    except ModelError:
        raise
    except Exception as error:  # the hub's client raises some thirty kinds, several of them only by its HTTP library
        if gated and _is_gated(error):
            raise ModelError(GATED.format(name=name, hub_id=gated, otherwise=otherwise)) from error
        raise ModelError(f"{name}: the hub did not give this model ({reason(error)}); {remedy}") from error


def _is_gated(error: BaseException | None) -> bool:
    """Whether the hub refused somebody it does not know, or who has not accepted a model's conditions."""
    from huggingface_hub.errors import GatedRepoError

    return error is not None and (
        isinstance(error, GatedRepoError) or _is_gated(error.__cause__) or _is_gated(error.__context__)
    )
