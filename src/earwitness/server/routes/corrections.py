"""/api/episodes/{episode}/corrections: what people set right."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Response
from pydantic import BaseModel, Field

from earwitness.errors import OptionError
from earwitness.library import episodes
from earwitness.library.corrections import CUT, JOINED, Correction
from earwitness.library.edits import giving, naming
from earwitness.library.voices import checked_name
from earwitness.server.routes.common import Number, TheService, problems
from earwitness.server.service import Service
from earwitness.server.transcripts import recording_of, transcript
from earwitness.types import Transcript

router = APIRouter(prefix="/api/episodes/{episode}/corrections", tags=["corrections"])

Time = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False, description="Seconds of the recording.")]
Words = Annotated[str, Field(max_length=20_000)]


class TextCorrection(BaseModel):
    """The words `before`, said between `start` and `end`, are `after`; there is a word in `before` to find them by."""

    kind: Literal["text"]
    start: Time
    end: Time
    before: Annotated[str, Field(min_length=1, max_length=20_000)]
    after: Words


class NameCorrection(BaseModel):
    """The speaker with this label is called `name`."""

    kind: Literal["name"]
    speaker: Words
    name: Words


class SpeakerCorrection(BaseModel):
    """What is said between `start` and `end` is said by `speaker`: a label, a name that is there, or a new one."""

    kind: Literal["speaker"]
    start: Time
    end: Time
    speaker: Words


class BoundaryCorrection(BaseModel):
    """A segment ends at `at` ("cut"), or does not ("joined")."""

    kind: Literal["boundary"]
    at: Time
    after: Literal["cut", "joined"]


Asked = Annotated[TextCorrection | NameCorrection | SpeakerCorrection | BoundaryCorrection, Body(discriminator="kind")]


class Corrected(BaseModel):
    """The transcript as it is now; `unfit` where the correction, which is kept, does not fit it."""

    unfit: bool
    transcript: dict[str, Any]


@router.get("", responses=problems(404))
def listed(episode: Number, service: TheService) -> Sequence[dict[str, Any]]:
    """The corrections, in the order in which they were made."""
    with service.library() as library:
        return [dataclasses.asdict(one) for one in episodes.corrections(library, recording_of(library, episode))]


@router.post("", response_model=Corrected, responses=problems(404))
def correct(episode: Number, asked: Asked, service: TheService) -> Response:
    """Sets something right. It stays right when the recording is transcribed again."""
    with service.library() as library:
        now = transcript(library, episode)
        unfit = episodes.correct(library, now.source.sha256, [_correction(now, asked)])
    return corrected(service, episode, unfit=bool(unfit))


@router.delete("/last", response_model=Corrected, responses=problems(404))
def undo(episode: Number, service: TheService) -> Response:
    """Takes the last correction back; without one, nothing changes."""
    with service.library() as library:
        episodes.undo(library, recording_of(library, episode))
    return corrected(service, episode)


def _correction(
    now: Transcript, asked: TextCorrection | NameCorrection | SpeakerCorrection | BoundaryCorrection
) -> Correction:
    if isinstance(asked, TextCorrection):
        if not asked.before.strip():
            raise OptionError("before: give the words that are wrong, to find the place by")
        return Correction("text", asked.start, asked.end, asked.before, " ".join(asked.after.split()))
    if isinstance(asked, NameCorrection):
        if all(one.id != asked.speaker for one in now.speakers):
            known = ", ".join(one.id for one in now.speakers) or "none"
            raise OptionError(f"no speaker has the label {asked.speaker[:40]!r}; there are {known}")
        return naming(now, asked.speaker, checked_name(asked.name))
    if isinstance(asked, SpeakerCorrection):
        return giving(now, asked.start, asked.end, checked_name(asked.speaker))
    return Correction("boundary", asked.at, asked.at, "", CUT if asked.after == "cut" else JOINED)


def corrected(service: Service, episode: int, *, unfit: bool = False) -> Response:
    """A `Corrected`, in which the transcript's JSON stands as it is kept: a long one is megabytes."""
    with service.library() as library:
        shown = service.transcripts.shown(library, episode)
    content = b'{"unfit":%b,"transcript":%b}' % (b"true" if unfit else b"false", shown.content)
    return Response(content, media_type="application/json")
