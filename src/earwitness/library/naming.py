"""A speaker of a transcript is given a name, and the voice is kept under it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from earwitness import engines
from earwitness.audio import load
from earwitness.errors import AudioError, OptionError, SourceError, TranscriptError
from earwitness.library.edits import naming
from earwitness.library.episodes import correct, kept
from earwitness.library.store import Library
from earwitness.library.voices import checked_name, remember
from earwitness.options import SourceOptions
from earwitness.source import fetch, find
from earwitness.types import Audio, Speaker, Transcript
from earwitness.voices import MIN_PRINT_S, Print, voice_prints


def speaker_of(transcript: Transcript, said: str) -> Speaker:
    """The speaker whose label or shown name this is.

    Raises:
        OptionError: there is none, or several have this name.
    """
    known = transcript.speakers
    found = [one for one in known if one.id == said] or [one for one in known if one.name.casefold() == said.casefold()]
    if len(found) == 1:
        return found[0]
    which = ", ".join(f"{one.id} ({one.name})" for one in known) or "none"
    raise OptionError(f"{transcript.source.name}: {len(found) or 'no'} speakers are called {said!r}; there are {which}")


def renamed(transcript: Transcript, speaker: Speaker, name: str) -> Transcript:
    """The transcript in which a speaker has this name; what was proposed for it is gone."""
    named = replace(speaker, name=name, proposal=None, proposal_probability=None)
    return replace(transcript, speakers=tuple(named if one.id == speaker.id else one for one in transcript.speakers))


def recording_of(transcript: Transcript, recording: Path, scratch: Path) -> Audio:
    """The sound that a transcript was made of.

    Raises:
        SourceError, AudioError: it cannot be read.
        TranscriptError: the recording is another one.
    """
    references = find([str(recording)])
    if len(references) != 1:
        raise SourceError(f"{recording}: {len(references)} recordings; give the one that the transcript was made of")
    source = fetch(references[0], SourceOptions(), scratch)
    try:
        if source.sha256 != transcript.source.sha256:
            raise TranscriptError(
                f"{recording}: not the recording of this transcript, {transcript.source.name}, or changed since; "
                "give that one with --recording"
            )
        return load(source.path, scratch=scratch)
    finally:
        source.discard()


def name_speaker(
    library: Path | None, transcript: Transcript, audio: Audio, said: str, name: str
) -> tuple[Transcript, Print]:
    """Keeps the voice of a speaker under a name, and gives the transcript that says so.

    Where the recording is in the library, the name is a correction, too, which outlives the transcript.

    Args:
        library: the database; none is the user's.
        transcript: in which the speaker has a label.
        audio: the recording that it was made of.
        said: the speaker's label or shown name.
        name: who that is.

    Returns:
        The transcript with the name, and the print that was kept.

    Raises:
        OptionError: no such speaker, or no name.
        AudioError: the speaker says too little for a print.
        StorageError: the library cannot be written.
    """
    speaker, name = speaker_of(transcript, said), checked_name(name)
    embedder = engines.print_embedder()
    own = voice_prints(audio, transcript.turns, embedder).get(speaker.id)
    if own is None:
        raise AudioError(
            f"{transcript.source.name}: {speaker.name} is heard alone for less than {MIN_PRINT_S:.0f} s in turns of "
            f"{embedder.window_s:.1f} s or more, too little to know the voice again; name it where it says more"
        )
    recording = transcript.source.sha256
    with Library(library) as opened:
        remember(opened, name, own, embedder=embedder.identity(), recording=recording, speaker=speaker.id)
        if kept(opened, recording):
            correct(opened, recording, [naming(transcript, speaker.id, name)])
    return renamed(transcript, speaker, name), own
