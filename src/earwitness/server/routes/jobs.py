"""/api/jobs: recordings to be transcribed."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from earwitness.engines.hub import DEMO
from earwitness.engines.whisper_forms import CTRANSLATE2
from earwitness.errors import OptionError
from earwitness.server import requests
from earwitness.server.news import ENDS, News, Step
from earwitness.server.requests import Work
from earwitness.server.routes.common import TheService, problems
from earwitness.server.service import Service
from earwitness.server.uploads import FormError, body, form
from earwitness.source import Reference, find
from earwitness.stems import printable, safe_stem

router = APIRouter(prefix="/api/jobs", tags=["jobs"])

ALIVE_S = 15.0
"""So often a stream says that it is still there, where nothing else happens."""
OPTIONS = frozenset(
    "language task hotwords initial_prompt speakers min_speakers max_speakers diarize known_voices model".split()
)
"""The options that a request may set."""

MODELS = frozenset(("auto", DEMO, *CTRANSLATE2.ids))


@dataclass(frozen=True)
class JobShown:
    """A recording that was handed in, and how far it is.

    `state` is waiting, running, done, failed or cancelled. `share` is how much of all work is done, 0 to 1, at `stage`;
    `left_s` an estimate of how long it still takes. `episode` is the id of its transcript, once there is one.
    """

    id: str
    name: str
    origin: str
    state: str
    reason: str | None
    episode: int | None
    created: str
    changed: str
    stage: str
    share: float
    left_s: float | None


@dataclass(frozen=True)
class Asked:
    """A recording on the web, and how to transcribe it."""

    url: str
    options: dict[str, str | int | bool] = dataclasses.field(default_factory=dict)


_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": "The recording."},
                        "options": {"type": "string", "description": "Options as a JSON object."},
                    },
                }
            },
            "application/json": {"schema": {"$ref": "#/components/schemas/Asked"}},
        },
    }
}


@router.post("", status_code=202, responses=problems(400, 413, 422), openapi_extra=_FORM)
async def create(
    request: Request,
    service: TheService,
    idempotency_key: Annotated[str | None, Header(max_length=255)] = None,
) -> JobShown:
    """Hands in a recording: a form with a `file`, or JSON with a `url`.

    The same Idempotency-Key with the same recording and options is the same job; with others it is refused.
    """
    caller = getattr(request.state, "caller", "local")
    key = f"{caller}\0{idempotency_key}" if idempotency_key else None
    if request.headers.get("content-type", "").partition(";")[0].strip() == "application/json":
        asked = await body(request, service.settings.max_body_bytes)
        made = await run_in_threadpool(_from_url, service, asked, key)
    else:
        with service.recordings.coming() as coming:
            sent = await form(request, coming, service.settings.max_upload_bytes)
            if sent.file_name is None:
                raise FormError("the form has no part called 'file'; send the recording there")
            options = options_of(_object(sent.one("options", "{}")))
            recording = await run_in_threadpool(coming.keep)
        name = printable(sent.file_name) or "recording"
        reference = Reference(str(service.recordings.path(recording)), "file", name, safe_stem(name))
        made = await run_in_threadpool(_asked, service, Work(reference, options), "upload", recording, key)
    service.workers.wake()
    return shown(service, made)


@router.get("")
def listed(service: TheService, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> Sequence[JobShown]:
    """The newest jobs, the newest first."""
    with service.library() as library:
        return [shown(service, one) for one in requests.requests(library, limit)]


@router.get("/events", response_class=StreamingResponse)
async def all_events(service: TheService) -> StreamingResponse:
    """What happens to all jobs, as server-sent events (`event: job`), from now on."""
    return _stream(_events(service, None))


@router.get("/{job}", responses=problems(404))
def one(job: str, service: TheService) -> JobShown:
    """A job."""
    with service.library() as library:
        return shown(service, requests.request_of(library, job))


@router.delete("/{job}", responses=problems(404))
def cancel(job: str, service: TheService) -> JobShown:
    """Cancels a job; one that is done stays done."""
    with service.library() as library:
        found = requests.cancel(library, job)
    if found.state == requests.CANCELLED:
        service.workers.cancel(job)
    return shown(service, found)


@router.post("/{job}/retry", responses=problems(404))
def retry(job: str, service: TheService) -> JobShown:
    """Lets a job that failed or was cancelled wait again; what it had finished is not done again."""
    with service.library() as library:
        found = requests.retry(library, job)
    service.workers.wake()
    return shown(service, found)


@router.get("/{job}/events", response_class=StreamingResponse, responses=problems(404))
async def events(job: str, service: TheService) -> StreamingResponse:
    """What happens to a job, as server-sent events (`event: job`): how it is now, every step, and its end."""
    await run_in_threadpool(one, job, service)
    return _stream(_events(service, job))


def _from_url(service: Service, content: bytes, key: str | None) -> requests.Request:
    asked = _object(content.decode(errors="replace"))
    url, options = asked.pop("url", None), asked.pop("options", {})
    if asked or not isinstance(url, str) or not isinstance(options, dict):
        raise OptionError('give {"url": "https://...", "options": {...}}')
    if not url.lower().startswith(("http://", "https://")):
        raise OptionError(f"{printable(url)[:80]!r} is no http(s) address")
    return _asked(service, Work(find([url])[0], options_of(options)), "url", "", key)


def _asked(service: Service, work: Work, origin: str, content: str, key: str | None) -> requests.Request:
    work.over(service.settings.options)  # what is wrong with its options is said now
    with service.library() as library:
        return requests.ask(library, work, origin, content=content, idempotency=key)


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise FormError(f"no JSON: {error}") from error
    if not isinstance(found, dict):
        raise FormError("the JSON must be an object")
    return found


def options_of(asked: dict[str, Any]) -> dict[str, Any]:
    """The options that a request may set, as it sets them.

    Raises:
        OptionError: it sets another, or to what is no value.
    """
    if unknown := [name for name in asked if name not in OPTIONS]:
        raise OptionError(f"no such option: {', '.join(map(repr, unknown))}; there are {', '.join(sorted(OPTIONS))}")
    if asked.get("model", "auto") not in MODELS:  # a folder of this machine is nobody else's business
        raise OptionError(f"no such model: {asked['model']!r}; there are {', '.join(sorted(MODELS))}")
    if wrong := [name for name, value in asked.items() if not isinstance(value, str | int | bool)]:
        raise OptionError(f"{', '.join(wrong)}: give a text, a number, true or false")
    return asked


def shown(service: Service, found: requests.Request) -> JobShown:
    """A request as it is shown, with the step that it is at."""
    step = service.news.step_of(found.id) if found.state == "running" else Step()
    share = 1.0 if found.state == "done" else step.share
    return JobShown(**dataclasses.asdict(found), stage=step.stage, share=share, left_s=step.left_s)


async def _events(service: Service, job: str | None) -> AsyncIterator[bytes]:
    """First how it is now; news that come while that is read are not missed."""
    told = asyncio.Queue[News | None]()

    async def listen() -> None:
        async for news in service.news.listen(job):
            told.put_nowait(news)
        told.put_nowait(None)

    listening = asyncio.create_task(listen())
    try:
        await asyncio.sleep(0)
        if job is not None:
            now = await run_in_threadpool(one, job, service)
            yield _event(now)
            if now.state in ENDS:
                return
        while True:
            try:
                news = await asyncio.wait_for(told.get(), ALIVE_S)
            except TimeoutError:
                yield b": still here\n\n"
                continue
            if news is None:
                return
            yield _event(await run_in_threadpool(one, news.job, service))
            if job is not None and news.state in ENDS:
                return
    finally:
        listening.cancel()


def _event(job: JobShown) -> bytes:
    return f"event: job\ndata: {json.dumps(dataclasses.asdict(job))}\n\n".encode()


def _stream(events: AsyncIterator[bytes]) -> StreamingResponse:
    return StreamingResponse(events, media_type="text/event-stream", headers={"Cache-Control": "no-store"})
