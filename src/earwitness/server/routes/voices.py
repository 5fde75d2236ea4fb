"""/api/voices: voices that have a name, and speakers whose voice is to get one."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from earwitness.audio import load
from earwitness.checkpoints import Checkpoints, default_folder
from earwitness.errors import StorageError
from earwitness.library import voices
from earwitness.library.naming import name_speaker
from earwitness.server.routes.common import NotFoundError, Number, TheService, problems
from earwitness.server.routes.corrections import Corrected, corrected
from earwitness.server.transcripts import transcript

router = APIRouter(prefix="/api", tags=["voices"])


@dataclass(frozen=True)
class VoiceShown:
    """A named voice: how many seconds of it were heard for its prints, in how many recordings, and since when."""

    name: str
    seconds: float
    episodes: int
    created: str


class Name(BaseModel):
    """Who somebody is."""

    name: Annotated[str, Field(max_length=1000)]


@router.get("/voices")
def listed(service: TheService) -> Sequence[VoiceShown]:
    """The voices that have a name."""
    with service.library() as library:
        return [VoiceShown(one.name, one.seconds, one.episodes, one.created) for one in voices.voices(library)]


@router.delete("/voices/{name:path}", status_code=204, responses=problems(404))
def forget(name: str, service: TheService) -> None:
    """Forgets a voice and all its prints."""
    with service.library() as library:
        if all(one.name.casefold() != name.casefold() for one in voices.voices(library)):
            raise NotFoundError(f"no voice is called {name[:40]!r}")
        with suppress(StorageError):  # traces stay in its log while others read: that is no reason to fail
            voices.forget(library, name)
        if any(one.name.casefold() == name.casefold() for one in voices.voices(library)):
            raise StorageError(f"{name}: cannot be forgotten now; try again")


@router.post("/episodes/{episode}/speakers/{label}/confirm", response_model=Corrected, responses=problems(404))
def confirm(episode: Number, label: str, asked: Name, service: TheService) -> Response:
    """Says who a speaker is, and keeps the voice under that name, so that it is proposed in other recordings."""
    with service.library() as library:
        now = transcript(library, episode)
    path = service.recordings.path(now.source.sha256)
    if not path.is_file():
        raise NotFoundError(f"{now.source.name}: its recording is not kept here, so nobody's voice can be")
    audio = load(path, scratch=Checkpoints(default_folder()).scratch())
    name_speaker(service.settings.library, now, audio, label, asked.name)
    return corrected(service, episode)
