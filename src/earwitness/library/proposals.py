"""Known voices in a new recording: proposed, with a probability, and never put in place of a name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from earwitness.engines.base import VoiceEmbedder
from earwitness.library.store import Library
from earwitness.library.voices import prints
from earwitness.types import Audio, Transcript
from earwitness.voices import Print, proposals, voice_prints


def with_proposals(
    transcript: Transcript, audio: Audio, embedder: VoiceEmbedder, path: Path | None
) -> tuple[Transcript, dict[str, Print]]:
    """The transcript whose speakers carry the known voice that each probably is, and the prints of the speakers.

    Args:
        transcript: what was made of the recording.
        audio: the recording.
        embedder: from `engines.print_embedder`; only prints that it made are compared.
        path: the library; none is the user's.

    Raises:
        StorageError: the library cannot be read.
    """
    with Library(path) as library:
        known, where = prints(library, embedder.identity()), library.path
    note = f"no voice to propose is named in {where}; `earwitness speakers name` keeps one"
    heard = voice_prints(audio, transcript.turns, embedder)
    found = proposals(heard, known)
    speakers = tuple(
        replace(speaker, proposal=found[speaker.id].name, proposal_probability=found[speaker.id].probability)
        if speaker.id in found
        else speaker
        for speaker in transcript.speakers
    )
    warnings = transcript.warnings if known else (*transcript.warnings, note)
    return replace(transcript, speakers=speakers, warnings=warnings), heard
