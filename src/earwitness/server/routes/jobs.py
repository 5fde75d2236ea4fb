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
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from earwitness.errors import OptionError
from earwitness.server import leftovers, requests
from earwitness.server.news import ENDS, News, Step
from earwitness.server.recordings import Coming
from earwitness.server.requests import Work
from earwitness.server.routes.common import TheService, content, problems
from earwitness.server.routes.job_options import JobOptions, read
from earwitness.server.service import Service
from earwitness.server.uploads import FormError, body, form
from earwitness.source import Reference, find
from earwitness.stems import printable, safe_stem

router = APIRouter(prefix="/api/jobs", tags=["jobs"])

EVENTS = "text/event-stream"
ALIVE_S = 2.0
"""So often a stream says that it is still there, where nothing else happens, and looks whether another server that has
this library ended the job."""


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


class Asked(BaseModel):
    """A recording on the web, and how to transcribe it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    url: Annotated[str, Field(min_length=1, max_length=4000, description="Its http(s) address.")]
    options: JobOptions = JobOptions()


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


@router.post("", status_code=202, responses=problems(400), openapi_extra=_FORM)
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
            options = read(JobOptions, sent.one("options", "{}")).given()
            made = await run_in_threadpool(_uploaded, service, coming, sent.file_name, options, key)
    service.news.waits(made.id)
    service.workers.wake()
    return shown(service, made)


@router.get("")
def listed(service: TheService, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> Sequence[JobShown]:
    """The newest jobs, the newest first."""
    with service.library() as library:
        return [shown(service, one) for one in requests.requests(library, limit)]


@router.get("/events", response_class=StreamingResponse, responses=content("Events.", EVENTS))
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


@router.post("/{job}/retry", responses=problems(404, 410))
def retry(job: str, service: TheService) -> JobShown:
    """Lets a job that failed or was cancelled wait again; what it had finished is not done again.

    The recording that was handed in for it is kept for seven days; after that it has to be handed in again.
    """
    with service.library() as library:
        found = requests.retry(library, job)
    service.news.waits(job)
    service.workers.wake()
    return shown(service, found)


@router.post("/{job}/forget", status_code=204, responses=problems(404))
def forget(job: str, service: TheService) -> None:
    """Removes a job that failed or was cancelled, and the recording that was handed in for it unless it is needed."""
    with service.library() as library:
        leftovers.forget(library, service.recordings, job)


@router.get(
    "/{job}/events", response_class=StreamingResponse, responses={**content("Events.", EVENTS), **problems(404)}
)
async def events(job: str, service: TheService) -> StreamingResponse:
    """What happens to a job, as server-sent events (`event: job`): how it is now, every step, and its end."""
    await run_in_threadpool(one, job, service)
    return _stream(_events(service, job))


def _from_url(service: Service, content: bytes, key: str | None) -> requests.Request:
    asked: Asked = read(Asked, content)
    if not asked.url.lower().startswith(("http://", "https://")):
        raise OptionError(f"url: {printable(asked.url)[:80]!r} is no http(s) address")
    work = Work(find([asked.url])[0], asked.options.given())
    work.over(service.settings.options)  # what is wrong with its options is said now
    with service.library() as library:
        return requests.ask(library, work, "url", idempotency=key)


def _uploaded(
    service: Service, coming: Coming, file_name: str, options: dict[str, Any], key: str | None
) -> requests.Request:
    recording = coming.finish()
    name = printable(file_name) or "recording"
    work = Work(Reference(str(service.recordings.path(recording)), "file", name, safe_stem(name)), options)
    work.over(service.settings.options)
    with service.library() as library:
        return requests.ask(library, work, "upload", content=recording, idempotency=key, keep=coming.keep)


def shown(service: Service, found: requests.Request) -> JobShown:
    """A request as it is shown, with the step that it is at."""
    step = service.news.step_of(found.id) if found.state == "running" else Step()
    share = 1.0 if found.state == "done" else step.share
    return JobShown(**dataclasses.asdict(found), stage=step.stage, share=share, left_s=step.left_s)


async def _events(service: Service, job: str | None) -> AsyncIterator[bytes]:
    """First how it is now; news that come while that is read are not missed.

    No more than one piece of news is taken ahead of whoever reads slowly: the rest is for `Newsroom` to keep short.
    """
    told, known = asyncio.Queue[News | None](1), dict[str, JobShown]()

    async def listen() -> None:
        async for news in service.news.listen(job):
            await told.put(news)
        await told.put(None)

    listening = asyncio.create_task(listen())
    try:
        await asyncio.sleep(0)
        if job is not None:
            known[job] = await run_in_threadpool(one, job, service)
            yield _event(known[job])
        while job is None or known[job].state not in ENDS:
            try:
                news = await asyncio.wait_for(told.get(), ALIVE_S)
            except TimeoutError:
                yield b": still here\n\n"
                news = News(job, "") if job else None
                if news is None:
                    continue
            if news is None:
                return
            now = await _now(service, news, known.get(news.job))
            if now is not None and now != known.get(news.job):
                known[news.job] = now
                if job is not None or now.origin != "api":
                    yield _event(now)
            if job is None and news.state in ENDS:
                known.pop(news.job, None)
    finally:
        listening.cancel()


async def _now(service: Service, news: News, before: JobShown | None) -> JobShown | None:
    """A job as it is by some news; of one that runs on, only its step is new. None where it is there no more."""
    if before is not None and before.state == news.state == "running":
        step = news.step
        return dataclasses.replace(before, stage=step.stage, share=step.share, left_s=step.left_s)
    try:
        return await run_in_threadpool(one, news.job, service)
    except requests.UnknownRequestError:
        return before if before is None else dataclasses.replace(before, state=requests.CANCELLED)


def _event(job: JobShown) -> bytes:
    return f"event: job\ndata: {json.dumps(dataclasses.asdict(job))}\n\n".encode()


def _stream(events: AsyncIterator[bytes]) -> StreamingResponse:
    return StreamingResponse(events, media_type=EVENTS, headers={"Cache-Control": "no-store"})
