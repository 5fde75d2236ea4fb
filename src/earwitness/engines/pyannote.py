"""pyannote.audio 4: a pipeline that finds speech, voices, their number and where they overlap.

Its models are gated: the hub gives them to people who have accepted their conditions. The package sends usage figures
to its makers unless told not to; here it is told not to. `docs/speakers.md` says how it is installed and checked.

Plaquet and Bredin, "Powerset multi-class cross entropy loss for neural speaker diarization", 2023; Bredin,
"pyannote.audio 2.1 speaker diarization pipeline", 2023.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from earwitness.engines import hub
from earwitness.engines.base import Diarization
from earwitness.errors import ExtraError, ModelError, reason
from earwitness.files import fingerprint
from earwitness.options import ModelOptions, SpeakerOptions
from earwitness.types import Audio, Progress, Turn

if TYPE_CHECKING:
    from collections.abc import Iterable

PACKAGE = "pyannote.audio"
OLDEST = 4
"""The first major version whose pipelines give exclusive turns."""
STEPS = ("segmentation", "embeddings")
"""The steps of the pipeline that take long, in order, about as long each."""

_REMEDY = "use pyannote/speaker-diarization-community-1, or --diarizer builtin"


class Pyannote:
    """The `Diarizer` "pyannote": community-1 from the hub, or `pyannote:MODEL`."""

    def __init__(self, model: str = "", options: ModelOptions | None = None) -> None:
        """Finds the pipeline, downloading it where it must; it is loaded when it is first used.

        Args:
            model: a folder or hub id with the layout of community-1; empty for that itself.
            options: `device`, `threads` and `offline` are heeded.

        Raises:
            ExtraError: pyannote.audio is not installed, or too old.
            ModelError: the pipeline is not here and cannot be had.
        """
        self._version = _installed()
        self._options = options or ModelOptions()
        self._alone = Lock()
        self.name = f"pyannote:{model}" if model else "pyannote"
        self._folder = hub.find_voices("pyannote", model, offline=self._options.offline)

    @property
    def versions(self) -> Mapping[str, str]:
        return {PACKAGE: self._version}

    def identity(self) -> str:
        """The package and all files of the pipeline, wherever it lies."""
        return f"pyannote:{self._version}:{fingerprint(self._folder)}"

    def diarize(self, audio: Audio, options: SpeakerOptions, progress: Progress | None = None) -> Diarization:
        """The turns of a recording, without overlap and with it.

        Raises:
            ModelError: the pipeline cannot be loaded or run.
        """
        with self._alone:
            pipeline = self._pipeline
        import torch

        # A copy: pyannote wants a tensor that can be written, and never sees the file.
        samples = np.nan_to_num(np.array(audio.samples, np.float32), copy=False, posinf=0.0, neginf=0.0)
        sound = {"waveform": torch.from_numpy(samples[None]), "sample_rate": audio.sample_rate}
        count = (
            {"num_speakers": options.speakers}
            if options.speakers
            else {"min_speakers": options.min_speakers, "max_speakers": options.max_speakers}
        )
        try:
            with self._alone:
                found = pipeline(sound, hook=_hook(audio.duration, progress), **count)
        except Exception as error:  # whatever torch and its models raise
            raise ModelError(f"{self.name}: the pipeline failed ({reason(error)}); {_REMEDY}") from error
        if not hasattr(found, "exclusive_speaker_diarization"):
            raise ModelError(f"{self.name}: this pipeline gives no exclusive turns; {_REMEDY}")
        return _labelled(_turns(found.exclusive_speaker_diarization), _turns(found.speaker_diarization))

    @cached_property
    def _pipeline(self) -> Any:
        os.environ["PYANNOTE_METRICS_ENABLED"] = "0"
        try:
            import torch
            from pyannote.audio import Pipeline

            if self._options.threads:
                torch.set_num_threads(self._options.threads)
            pipeline = Pipeline.from_pretrained(self._folder)
            if pipeline is None:
                raise ModelError("no pipeline in it")
            pipeline.to(torch.device(self._device(torch)))
        except Exception as error:  # a broken install, a file of another kind, a device that is not there
            raise ModelError(f"{self._folder}: pyannote cannot load it ({reason(error)}); {_REMEDY}") from error
        return pipeline

    def _device(self, torch: Any) -> str:
        if self._options.device != "auto":
            return self._options.device
        return "cuda" if torch.cuda.is_available() else "cpu"


def _installed() -> str:
    """The version of the package, asked without importing it: that takes seconds."""
    remedy = "pip install 'earwitness[pyannote]' in an environment of its own, or use --diarizer builtin"
    try:
        found = version(PACKAGE)
    except PackageNotFoundError as error:
        raise ExtraError(f"{PACKAGE} is not installed; {remedy}") from error
    if int(found.partition(".")[0]) < OLDEST:
        raise ExtraError(f"{PACKAGE} {found} is too old, {OLDEST} is needed; {remedy}")
    return found


def _hook(duration: float, progress: Progress | None) -> Callable[..., None] | None:
    """pyannote's report of a step's batches as seconds of audio."""
    if progress is None:
        return None

    def report(step: str, *_: Any, completed: int | None = None, total: int | None = None, **__: Any) -> None:
        if step in STEPS and completed is not None and total:
            share = (STEPS.index(step) + min(1.0, completed / total)) / len(STEPS)
            progress("speakers", float(duration * share), duration)  # pyannote counts in numpy's numbers

    return report


def _turns(annotation: Any) -> list[Turn]:
    tracks = annotation.itertracks(yield_label=True)
    turns = [Turn(float(span.start), float(span.end), str(label)) for span, _, label in tracks]
    return sorted(turns, key=lambda turn: (turn.start, turn.end, turn.speaker or ""))


def _labelled(exclusive: Iterable[Turn], overlapping: Iterable[Turn]) -> Diarization:
    """The same names in both, in order of first appearance; whoever is never heard alone comes last."""
    both = [list(exclusive), list(overlapping)]
    order = list(dict.fromkeys(turn.speaker for turns in both for turn in turns))
    names = {speaker: f"SPEAKER_{index:02d}" for index, speaker in enumerate(order)}
    turns, all_turns = (
        tuple(replace(turn, id=index, speaker=names[turn.speaker]) for index, turn in enumerate(turns))
        for turns in both
    )
    return Diarization(turns, all_turns)
