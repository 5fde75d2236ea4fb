"""/api/episodes: what has been transcribed: transcripts, the sound, its shape, and the exports."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Header, Response
from fastapi.responses import FileResponse

from earwitness.errors import StorageError
from earwitness.exports import FORMATS, Beside
from earwitness.library import episodes
from earwitness.library.episodes import Episode
from earwitness.library.store import Library
from earwitness.server import leftovers, recordings
from earwitness.server.routes.common import NotFoundError, Number, TheService, content, problems
from earwitness.server.transcripts import transcript
from earwitness.stems import safe_stem

router = APIRouter(prefix="/api", tags=["episodes"])

EXPORT_TYPES = {
    "txt": "text/plain",
    "md": "text/markdown",
    "notes": "text/markdown",
    "html": "text/html",
    "srt": "application/x-subrip",
    "vtt": "text/vtt",
    "tsv": "text/tab-separated-values",
    "json": "application/json",
    "rttm": "text/plain",
    "podcast": "application/json",
    "chapters": "application/json+chapters",
    "feed": "application/xml",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


@dataclass(frozen=True)
class EpisodeShown:
    """A recording whose transcript is kept.

    `recording` is the file's sha256, `seconds` its length; `published` an ISO 8601 date or time, `added` when it was
    last kept. `has_audio` says whether it can be listened to here.
    """

    id: int
    recording: str
    name: str
    title: str
    show: str | None
    published: str | None
    language: str
    seconds: float
    words: int
    added: str
    has_audio: bool
    speakers: Sequence[str]


@dataclass(frozen=True)
class FormatShown:
    """A format that transcripts can be had in, and what the names of its files end in."""

    name: str
    suffix: str


@router.get("/episodes")
def listed(service: TheService) -> Sequence[EpisodeShown]:
    """All episodes, the newest first."""
    with service.library() as library, library.transaction(writes=False) as database:
        speakers: dict[int, list[str]] = {}
        for episode, name in database.execute("SELECT episode, name FROM speakers ORDER BY episode, label"):
            speakers.setdefault(episode, []).append(name)
        sound = {recording for (recording,) in database.execute("SELECT recording FROM media")}
    with service.library() as library:
        return [
            EpisodeShown(**dataclasses.asdict(one), has_audio=one.recording in sound, speakers=speakers.get(one.id, []))
            for one in episodes.episodes(library)
        ]


@router.get("/formats")
def formats() -> Sequence[FormatShown]:
    """The formats that transcripts can be had in."""
    return [FormatShown(name, one.suffix) for name, one in FORMATS.items()]


@router.get(
    "/episodes/{episode}",
    response_class=Response,
    responses={**content("The transcript.", "application/json"), **content("As before.", status=304), **problems(404)},
)
def one(
    episode: Number,
    service: TheService,
    if_none_match: Annotated[str | None, Header(max_length=2000)] = None,
    accept_encoding: Annotated[str, Header(include_in_schema=False)] = "",
) -> Response:
    """The transcript (schema `earwitness.transcript/1`), with all corrections."""
    with service.library() as library:
        found = service.transcripts.shown(library, episode)
    headers = {"ETag": found.tag, "Cache-Control": "private, no-cache"}
    if if_none_match and found.tag in if_none_match:  # a list, or a weak one, as of what was sent compressed
        return Response(status_code=304, headers=headers)
    content = found.content
    if "gzip" in accept_encoding:  # compressed once, and not for everybody who asks
        content = found.compressed
        headers |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    return Response(content, media_type="application/json", headers=headers)


@router.delete("/episodes/{episode}", status_code=204, responses=problems(404))
def remove(episode: Number, service: TheService) -> None:
    """Removes an episode: its transcript, its corrections, and its recording unless another job waits or runs on it."""
    with service.library() as library:
        found = _episode(library, episode)
        with suppress(StorageError):  # traces stay in its log while others read: that is no reason to fail
            episodes.remove(library, episode)
        if episodes.kept(library, found.recording):
            raise StorageError(f"{found.title}: cannot be removed now; try again")
        leftovers.drop(library, service.recordings, found.recording)


@router.get(
    "/episodes/{episode}/audio",
    response_class=FileResponse,
    responses={
        **content("The recording.", "audio/*", "application/octet-stream"),
        **content("A part of it.", "audio/*", "application/octet-stream", "multipart/byteranges", status=206),
        **content("No such ranges.", "text/plain", status=400),
        **content("No such part.", "text/plain", status=416),
        **problems(404),
    },
)
def audio(episode: Number, service: TheService) -> Response:
    """The recording, or a copy where browsers do not play it; or the part of it that a Range header asks for."""
    with service.library() as library:
        found = _episode(library, episode)
        kind = recordings.kind_of(library, found.recording)
    path = service.recordings.heard(found.recording)
    if kind is None or not path.is_file():
        raise NotFoundError(f"{found.title}: its recording is not kept here")
    return FileResponse(path, media_type=kind, headers={"Cache-Control": "private, max-age=86400"})


@router.get(
    "/episodes/{episode}/peaks",
    response_class=FileResponse,
    responses={**content("The shape.", "application/json"), **problems(404)},
)
def peaks(episode: Number, service: TheService) -> Response:
    """The shape of the recording, as audiowaveform writes it in JSON: 20 pairs of lowest and highest a second."""
    with service.library() as library:
        found = _episode(library, episode)
    path = service.recordings.peaks(found.recording)
    if not path.is_file():
        raise NotFoundError(f"{found.title}: its recording is not kept here")
    return FileResponse(path, media_type="application/json", headers={"Cache-Control": "private, max-age=86400"})


@router.get(
    "/episodes/{episode}/exports/{name}",
    response_class=Response,
    responses={**content("The file.", *sorted(set(EXPORT_TYPES.values()))), **problems(404)},
)
def export(episode: Number, name: str, service: TheService) -> Response:
    """The transcript in another format, as a file."""
    if name not in FORMATS:
        raise NotFoundError(f"no such format: {name[:40]!r}; there are {', '.join(FORMATS)}")
    with service.library() as library:
        found = _episode(library, episode)
        shown = transcript(library, episode)
    stem = safe_stem(PurePosixPath(found.name).stem)
    peaks = service.recordings.read_peaks(found.recording) if name == "html" else None
    content = FORMATS[name].write(shown, Beside(stem, "", tuple(FORMATS), peaks))
    file = f"{stem}{FORMATS[name].suffix}"
    headers = {
        "Content-Disposition": f"attachment; filename*=utf-8''{quote(file, safe='')}",
        "Content-Security-Policy": "sandbox",  # nothing that somebody wrote runs as if it were ours
    }
    return Response(content, media_type=EXPORT_TYPES[name], headers=headers)


def _episode(library: Library, number: int) -> Episode:
    found = episodes.numbered(library, number)
    if found is None:
        raise NotFoundError(f"no episode has the number {number}")
    return found
