"""Transcript files, summarized anew and written again; one bad file never stops the others."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from earwitness import exports, foreign
from earwitness.checkpoints import Checkpoints
from earwitness.engines.base import SentenceEmbedder, Summarizer
from earwitness.errors import EarwitnessError, TranscriptError
from earwitness.options import SummaryOptions
from earwitness.summaries import STAGE, fell_short, with_summaries
from earwitness.types import Seconds

Report = Callable[[str, str, Seconds, Seconds], None]
"""Called with a file, the stage, and how many seconds of the recording it has read of how many."""


@dataclass(frozen=True)
class Revised:
    """What became of one transcript file.

    `error` is none where it was written; `fell_short` is true where it was, but with extracts, since the engine that
    was asked for failed. `unsupported` of the `sentences` are marked.
    """

    name: str
    chapters: int = 0
    sentences: int = 0
    unsupported: int = 0
    elapsed_s: Seconds = 0.0
    warnings: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    fell_short: bool = False
    error: str | None = None


@dataclass(frozen=True)
class Job:
    """What is done to every transcript; results go to `folder`, or beside each transcript where that is none."""

    options: SummaryOptions
    engine: Summarizer | None
    formats: Sequence[str]
    checkpoints: Checkpoints
    folder: Path | None = None
    sentences: SentenceEmbedder | None = None

    def revise_all(self, paths: Sequence[Path], report: Report | None = None) -> Iterator[Revised]:
        """Each file's outcome, in order; what is wrong with one is in its outcome, never raised."""
        taken: set[Path] = set()
        for path in paths:
            began = time.perf_counter()
            try:
                revised = self._revise(path, taken, report)
            except EarwitnessError as problem:
                revised = Revised(str(path), error=str(problem))
            yield replace(revised, elapsed_s=time.perf_counter() - began)

    def _revise(self, path: Path, taken: set[Path], report: Report | None) -> Revised:
        transcript, ours = foreign.read(path)
        folder = self.folder or path.parent
        written = folder / f"{path.stem}.json"
        if not ours and "json" in self.formats and written.exists() and written.samefile(path):
            raise TranscriptError(f"{path}: would be overwritten, and is not ours; give another folder with -o")
        if written.absolute() in taken:
            raise TranscriptError(f"{path}: another transcript is called {path.stem}, too; give it another folder")
        taken.add(written.absolute())
        began = time.perf_counter()
        progress = (lambda stage, done, total: report(str(path), stage, done, total)) if report else None
        transcript = with_summaries(transcript, self.options, self.engine, self.checkpoints, progress, self.sentences)
        timings = {**transcript.timings, STAGE: time.perf_counter() - began}
        transcript = replace(transcript, timings=timings)
        files = exports.save(transcript, folder, path.stem, self.formats)
        told = [sentence for summary in transcript.summaries for sentence in summary.sentences]
        return Revised(
            str(path),
            chapters=len(transcript.chapters),
            sentences=len(told),
            unsupported=sum(sentence.unsupported for sentence in told),
            warnings=transcript.warnings,
            files=tuple(map(str, files)),
            fell_short=fell_short(transcript, self.engine, self.sentences),
        )
