"""The main job: a recording in, a transcript out.

    source -> audio -> regions -> words -> speakers -> segments -> chapters -> summary

`run` is that line in Python. The stages that take long keep their results, so that a run that was stopped goes on
where it was, and one with another summariser transcribes nothing again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar, cast

from earwitness import (
    __version__,
    attribution,
    audio,
    chapters,
    coverage,
    engines,
    events,
    introductions,
    peaks,
    regions,
    segments,
    sounds,
    speakers,
    words,
)
from earwitness.checkpoints import Checkpoints, Shelf, default_folder
from earwitness.engines.base import (
    Diarization,
    Diarizer,
    Recognizer,
    SentenceEmbedder,
    SoundClassifier,
    SpeechDetector,
    Summarizer,
    VoiceEmbedder,
)
from earwitness.errors import SourceError
from earwitness.options import Options
from earwitness.peaks import Peaks
from earwitness.portions import Known, Portion, portions
from earwitness.source import Source, fetch, find
from earwitness.summaries import with_summaries
from earwitness.types import Audio, EngineInfo, Event, Progress, Region, Seconds, SourceInfo, Transcript
from earwitness.voices import Print

T = TypeVar("T")

NO_SPEECH = "no speech was found"
WAITING = "waiting for another process that is at it"
"""Told as a stage of which nothing is done."""


class Engines:
    """The engines of one run or of a whole batch, in one thread or several; each loads when it is first asked."""

    def __init__(
        self,
        options: Options,
        *,
        recognizer: Recognizer | None = None,
        detector: SpeechDetector | None = None,
        embedder: VoiceEmbedder | None = None,
        diarizer: Diarizer | None = None,
        summarizer: Summarizer | None = None,
        sentences: SentenceEmbedder | None = None,
        sounds: SoundClassifier | None = None,
    ) -> None:
        self.summarizer = summarizer or engines.summarizer(options.summary, options.model)
        self.sentences = sentences
        if not sentences and options.summary.summarizer != engines.NO_SUMMARY:
            self.sentences = engines.sentence_embedder(options.summary.sentence_model, options.model)
        self.recognizer = recognizer or engines.recognizer(options.model)
        self.detector = detector or engines.detector()
        self.sounds = sounds or engines.sound_classifier(options.sounds.sound_model, options.model.of_pretrained())
        # Of the two at most one: an embedder leaves the turns to `earwitness.speakers`, a diarizer finds them itself.
        self.embedder, self.diarizer = embedder, diarizer
        named = options.speakers.diarizer
        if not options.speakers.diarize:
            self.embedder = self.diarizer = None
        elif not (embedder or diarizer):
            self.diarizer = engines.diarizer(named, options.model)
            self.embedder = None if self.diarizer else engines.embedder(named, options.model)

    @property
    def tells_voices(self) -> VoiceEmbedder | Diarizer | None:
        """What tells speakers apart, if anything does."""
        return self.diarizer or self.embedder


def transcribe(
    recording: str | Path,
    *,
    engines: Engines | None = None,
    checkpoints: Checkpoints | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> Transcript:
    """Transcribes one recording: who said what, when, what it was about, and what became of every second.

    Args:
        recording: a path, or an http(s) URL.
        engines: engines to use instead of those that the options name.
        checkpoints: where results of stages are kept; by default the user's cache folder.
        progress: called with a stage, the seconds it has done and the seconds it has to do.
        options: any option of `earwitness.options`, by its name: `model="small"`, `speakers=2`.

    Raises:
        SourceError, AudioError: the recording cannot be had or decoded.
        OptionError: an option is wrong.
        ModelError: a model cannot be had.
        StorageError: a result cannot be kept.

    >>> from earwitness import transcribe
    >>> transcript = transcribe("examples/episode.flac", model="demo")  # doctest: +SKIP
    >>> transcript.segments[0].text  # doctest: +SKIP
    'Welcome back to the quiet island podcast.'
    """
    settings = Options.of(**options)
    kept = checkpoints or Checkpoints(default_folder())
    references = find([str(recording)])
    if len(references) != 1:
        raise SourceError(f"{recording}: {len(references)} recordings; give one, or use earwitness.batch for many")
    source = fetch(references[0], settings.source, kept.scratch())
    try:
        return run(source, settings, engines or Engines(settings), checkpoints=kept, progress=progress)
    finally:
        source.discard()


def run(
    source: Source,
    options: Options,
    engines: Engines,
    *,
    checkpoints: Checkpoints,
    progress: Progress | None = None,
    heard: Callable[[dict[str, Print]], None] | None = None,
) -> Transcript:
    """All stages over one recording; `heard` is called with the speakers' prints where known voices are asked for."""
    return transcript_of(Stages(source, options, checkpoints, progress), engines, heard)


def transcript_of(
    stages: Stages, engines: Engines, heard: Callable[[dict[str, Print]], None] | None = None
) -> Transcript:
    """The transcript of a recording, some stages of which may be done already; else as `run`."""
    source, options, recognizer = stages.source, stages.options, engines.recognizer

    speech = stages.regions(engines.detector)
    heard_around = stages.sounds(engines.sounds, speech)
    around = sounds.spans(heard_around)
    said = stages.words(recognizer, speech)
    voices = stages.speakers(engines, speech)
    with_speakers = attribution.assign(said.words, voices.turns, voices.overlapping, voices.stretches)
    lines = stages.timed(
        "segments", lambda: segments.segment(with_speakers, said.passages, said.language, options.segments)
    )
    topics = stages.timed("chapters", lambda: chapters.chapters(lines, options.chapters, said.language, around))
    transcript = Transcript(
        source=SourceInfo(source.name, source.sha256, stages.duration),
        engine=_engine_info(engines),
        language=said.language,
        segments=lines,
        turns=segments.turns(lines),
        speakers=segments.speakers(lines),
        chapters=topics,
        coverage=coverage.coverage(stages.duration, speech, said.words, repaired=said.repaired, sounds=around),
        overlaps=attribution.overlaps(voices.overlapping),
        events=events.events(heard_around, speech),
        warnings=(*source.warnings, *_warnings(stages, recognizer, said, speech)),
        episode=source.about,
    )
    if options.summary.summarizer != "none":
        told = transcript
        transcript = stages.timed(
            "summary",
            lambda: with_summaries(
                told, options.summary, engines.summarizer, stages.checkpoints, stages.progress, engines.sentences
            ),
        )
    if options.library.known_voices:
        transcript, prints = stages.with_known_voices(transcript)
        if heard:
            heard(prints)
    return replace(introductions.with_introductions(transcript), timings=stages.timings)


@dataclass(frozen=True)
class _Facts:
    """What the decoder knows of a recording once it has read it."""

    duration: Seconds
    warnings: tuple[str, ...]


@dataclass
class Stages:
    """The stages that take long: each looks for its checkpoint first; without need nothing is decoded.

    What windows of the recording say may be `known` before, by their names. `said` is told of words while they are
    heard; not of those that a checkpoint has.
    """

    source: Source
    options: Options
    checkpoints: Checkpoints
    progress: Progress | None = None
    known: Mapping[str, Any] = field(default_factory=dict)
    said: words.Said | None = None
    timings: dict[str, Seconds] = field(default_factory=dict)
    _results: dict[str, Any] = field(default_factory=dict, init=False)

    @cached_property
    def audio(self) -> Audio:
        return self.timed(
            "audio",
            lambda: audio.load(
                self.source.path, self.options.audio, scratch=self.checkpoints.scratch(), progress=self._decoded
            ),
        )

    def _decoded(self, done: Seconds) -> None:
        if self.progress:
            self.progress("audio", done, 0.0)  # a file tells its length for sure only at its end

    @cached_property
    def _facts(self) -> _Facts:
        return self._kept(
            "audio", _Facts, (self.options.audio,), lambda: _Facts(self.audio.duration, self.audio.warnings)
        )

    @property
    def duration(self) -> Seconds:
        return self._facts.duration

    @property
    def warnings(self) -> tuple[str, ...]:
        return self._facts.warnings

    @property
    def outline(self) -> Peaks:
        """The shape of the recording, as much of it as a picture of the whole can show."""
        shelf = self._shelf("outline", (self.options.audio,))
        found: Peaks | None = shelf.get("result", dict[str, Any])
        if found is None:
            found = peaks.outline(peaks.of(self.audio))
            shelf.put("result", found)
        return found

    def regions(self, detector: SpeechDetector) -> tuple[Region, ...]:
        return self._kept(
            "regions",
            tuple[Region, ...],
            (self.options.regions, detector.name),
            lambda: regions.detect(self.audio, detector, self.options.regions, self.progress),
        )

    def sounds(self, classifier: SoundClassifier, speech: tuple[Region, ...]) -> tuple[Event, ...]:
        depends = (speech, classifier.identity())
        return self._kept("sounds", tuple[Event, ...], depends, lambda: sounds.listen(self.audio, speech, classifier))

    def words(self, recognizer: Recognizer, speech: tuple[Region, ...]) -> words.Recognition:
        depends = self._words_depend(recognizer, speech)
        memo = Known(self.known, self.checkpoints.shelf(*self.windows(recognizer, speech)))
        return self._kept(
            "words",
            words.Recognition,
            depends,
            lambda: words.recognize(
                self.audio, speech, recognizer, self.options.words, memo=memo, progress=self.progress, said=self.said
            ),
        )

    def portions(self, recognizer: Recognizer, speech: tuple[Region, ...], long_s: Seconds = 0.0) -> Iterator[Portion]:
        """What of the speech is still to be heard; nothing where that is less than `long_s`."""
        depends = self._words_depend(recognizer, speech)
        if self._shelf("words", depends).get("result", words.Recognition) is not None:
            return iter(())
        memo = Known(self.known, self.checkpoints.shelf(*self.windows(recognizer, speech)))
        return portions(lambda: self.audio, speech, recognizer, self.options.words, memo, long_s)

    def windows(self, recognizer: Recognizer, speech: tuple[Region, ...]) -> tuple[Any, ...]:
        """What names the shelf of what windows say, on this machine or another."""
        return (self.source.sha256, "windows", __version__, *self._words_depend(recognizer, speech))

    def _words_depend(self, recognizer: Recognizer, speech: tuple[Region, ...]) -> tuple[Any, ...]:
        return (speech, recognizer.identity(), recognizer.window_s, replace(self.options.words, batch_size=1))

    def speakers(self, engines: Engines, speech: tuple[Region, ...]) -> Diarization:
        voices, embedder, diarizer = engines.tells_voices, engines.embedder, engines.diarizer
        if not voices or not speech:
            return Diarization()

        def diarize() -> Diarization:
            if diarizer:
                return diarizer.diarize(self.audio, self.options.speakers, self.progress)
            assert embedder
            return speakers.diarize(self.audio, speech, embedder, self.options.speakers, self.progress)

        return self._kept("speakers", Diarization, (speech, voices.identity(), self.options.speakers), diarize)

    def with_known_voices(self, transcript: Transcript) -> tuple[Transcript, dict[str, Print]]:
        from earwitness.library.proposals import with_proposals

        _ = self.audio  # decoded, and timed, before the voices' own clock starts
        library = self.options.library.library
        embedder = engines.print_embedder()
        return self.timed("voices", lambda: with_proposals(transcript, self.audio, embedder, library))

    def timed(self, stage: str, compute: Callable[[], T]) -> T:
        began = time.perf_counter()
        result = compute()
        self.timings[stage] = self.timings.get(stage, 0.0) + time.perf_counter() - began
        return result

    def _shelf(self, stage: str, depends: tuple[Any, ...]) -> Shelf:
        return self.checkpoints.shelf(self.source.sha256, stage, __version__, *depends)

    def _kept(self, stage: str, kind: Any, depends: tuple[Any, ...], compute: Callable[[], T]) -> T:
        """The result of a stage; whoever asks again gets the same one."""
        if stage not in self._results:
            self._results[stage] = self._found_or_made(stage, kind, depends, compute)
        return cast(T, self._results[stage])

    def _found_or_made(self, stage: str, kind: Any, depends: tuple[Any, ...], compute: Callable[[], T]) -> T:
        """The checkpoint of a stage, or its result and then the checkpoint; with the time it took when it was made."""
        shelf = self._shelf(stage, depends)
        result: T | None = shelf.get("result", kind)
        if result is None:
            with shelf.held(self._wait):
                result = shelf.get("result", kind)  # that another has made meanwhile
                if result is None:
                    return self._made(stage, shelf, compute)
        self.timings[stage] = shelf.get("seconds", float) or 0.0
        return result

    def _made(self, stage: str, shelf: Shelf, compute: Callable[[], T]) -> T:
        _ = self.audio  # decoded, and timed, before the stage's own clock starts
        result = self.timed(stage, compute)
        shelf.put("seconds", self.timings[stage])
        shelf.put("result", result)
        return result

    def _wait(self) -> None:
        if self.progress:
            self.progress(WAITING, 0.0, 1.0)


def _engine_info(engines: Engines) -> EngineInfo:
    return EngineInfo(
        asr=engines.recognizer.name,
        model=engines.recognizer.model,
        diarizer=engines.tells_voices.name if engines.tells_voices else None,
        summarizer=None,
        sounds=engines.sounds.model,
        versions={
            "earwitness": __version__,
            **engines.recognizer.versions,
            **engines.sounds.versions,
            **(engines.diarizer.versions if engines.diarizer else {}),
        },
    )


def _warnings(
    stages: Stages, recognizer: Recognizer, said: words.Recognition, speech: tuple[Region, ...]
) -> tuple[str, ...]:
    notice = (recognizer.notice,) if recognizer.notice else ()
    return (*notice, *stages.warnings, *said.warnings, *(() if speech else (NO_SPEECH,)))
