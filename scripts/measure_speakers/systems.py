"""Who is asked: this earwitness with one embedder or another, or the earwitness of another checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from earwitness import engines
from earwitness.engines import mfcc_lda, voice_net
from earwitness.options import SpeakerOptions
from earwitness.regions import detect
from earwitness.speakers import diarize
from earwitness.types import Audio, Turn
from ge2e import Ge2e
from remembering import Remembering

if TYPE_CHECKING:
    from earwitness.engines.base import VoiceEmbedder

Answers = tuple[tuple[Turn, ...], tuple[Turn, ...]]
"""Who speaks when with the number of speakers given, and with it estimated."""

OURS = {"builtin": voice_net.SHIPPED / voice_net.POINTS, "discriminant": mfcc_lda.SHIPPED}
"""The file of each embedder that tells whom it was trained on."""


class System(Protocol):
    def answers(self, audio: Audio, speakers: int) -> Answers:
        """Of a recording in which so many speak."""
        ...


def embedder_of(name: str, projection: Path | None) -> VoiceEmbedder:
    if projection is not None:
        return mfcc_lda.MfccLda(projection)
    return Ge2e() if name == Ge2e.name else engines.embedder(name)


def trained_on(name: str) -> set[str]:
    """The readers that an embedder of ours was trained on; nobody else's heard people of ours."""
    kind = engines.DEFAULTS["embedder"] if name == engines.AUTO else name.partition(":")[0]
    return readers_of(OURS[kind]) if kind in OURS else set()


def readers_of(file: Path) -> set[str]:
    """Those that a projection, or the points of a network, were trained on."""
    with np.load(file) as arrays:
        return {str(reader) for reader in arrays["readers"]}


class Here:
    """This earwitness, with any embedder."""

    def __init__(self, embedder: VoiceEmbedder, cache: Path | None = None) -> None:
        self._embedder, self._detector = Remembering(embedder, cache), engines.detector()

    def answers(self, audio: Audio, speakers: int) -> Answers:
        regions = detect(audio, self._detector)
        self._embedder.forget()
        given, estimated = (
            diarize(audio, regions, self._embedder, SpeakerOptions(speakers=known)).turns for known in (speakers, None)
        )
        return given, estimated


class Elsewhere:
    """The earwitness of another checkout, regions and all, in a process of its own that ends with this one."""

    def __init__(self, checkout: Path, embedder: str) -> None:
        source = checkout / "src"
        if not (source / "earwitness").is_dir():
            raise SystemExit(f"{checkout}: no checkout of earwitness")
        self._worker = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("worker.py"), embedder],
            env={**os.environ, "PYTHONPATH": str(source)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def answers(self, audio: Audio, speakers: int) -> Answers:
        assert self._worker.stdin
        assert self._worker.stdout
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "samples.npy"
            np.save(path, audio.samples)
            print(json.dumps([str(path), speakers]), file=self._worker.stdin, flush=True)
            line = self._worker.stdout.readline()
        if not line:
            raise SystemExit("the other earwitness gave up; see above")
        given, estimated = (tuple(Turn(*turn) for turn in turns) for turns in json.loads(line))
        return given, estimated
