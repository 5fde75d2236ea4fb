"""/v1: OpenAI's audio API, for programs that speak it already.

What is sent here is answered and forgotten: neither recordings nor transcripts are kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse, StreamingResponse
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from earwitness.errors import EarwitnessError, OptionError
from earwitness.server import known_speakers, openai, requests, speech
from earwitness.server.known_speakers import KnownSpeaker
from earwitness.server.news import ENDS
from earwitness.server.problems import FailedError, NotFoundError, StoppingError
from earwitness.server.recordings import Coming
from earwitness.server.requests import Work
from earwitness.server.routes.common import TheService, content, openai_problems
from earwitness.server.routes.job_options import MODELS
from earwitness.server.routes.jobs import ALIVE_S
from earwitness.server.service import Service
from earwitness.server.uploads import Form, FormError, form
from earwitness.source import Reference
from earwitness.stems import printable
from earwitness.types import Transcript

router = APIRouter(prefix="/v1", tags=["OpenAI"])

OURS = ("whisper-1", "gpt-4o-transcribe", "gpt-4o-mini-transcribe", "gpt-4o-transcribe-diarize")
"""Names of OpenAI's models, by which its clients ask: they stand for the server's own model."""
SPEAKING = ("tts-1", "tts-1-hd", "gpt-4o-mini-tts")
LOOK_S = 1.0
"""So often it is looked whether whoever waits for an answer is still there."""


@dataclass(frozen=True)
class _Asked:
    """What a form asks for."""

    shape: str
    task: str
    granularities: Sequence[str]
    stream: bool
    known: Sequence[KnownSpeaker]
    options: dict[str, Any]
    name: str

    @property
    def wants_speakers(self) -> bool:
        return self.shape == "diarized_json"


def _form(*, translation: bool) -> dict[str, Any]:
    """The part of the OpenAPI document on the form, which is read while it comes."""
    text = {"type": "string"}
    fields: dict[str, Any] = {
        "file": {"type": "string", "format": "binary"},
        "model": text,
        "prompt": text,
        "response_format": {"type": "string", "enum": list(openai.SHAPES)},
        "temperature": {"type": "number", "minimum": 0, "maximum": 1},
    }
    if not translation:
        many = {"type": "array", "items": text}
        fields |= {
            "language": text,
            "timestamp_granularities[]": {"type": "array", "items": {"type": "string", "enum": ["word", "segment"]}},
            "include[]": many,
            "stream": {"type": "boolean"},
            "chunking_strategy": text,
            "known_speaker_names[]": many,
            "known_speaker_references[]": many,
        }
    schema = {"type": "object", "required": ["file", "model"], "properties": fields}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


_HEARD = {
    **content("The transcript.", "application/json", "text/plain", "text/event-stream"),
    **openai_problems(400, 404, 503),
}


@router.post("/audio/transcriptions", response_class=Response, responses=_HEARD, openapi_extra=_form(translation=False))
async def transcriptions(request: Request, service: TheService) -> Response:
    """What is said in a recording."""
    return await _answered(request, service, "transcribe")


@router.post("/audio/translations", response_class=Response, responses=_HEARD, openapi_extra=_form(translation=True))
async def translations(request: Request, service: TheService) -> Response:
    """What is said in a recording, in English."""
    return await _answered(request, service, "translate")


class AskedSpeech(BaseModel):
    """A text to be spoken; `instructions` are not heeded."""

    input: Annotated[str, Field(min_length=1, max_length=speech.MOST_CHARACTERS)]
    model: Annotated[str, Field(max_length=100)] = "tts-1"
    voice: Annotated[str, Field(max_length=100)] = "alloy"
    response_format: Literal["mp3", "opus", "aac", "flac", "wav", "pcm"] = "mp3"
    speed: Annotated[float, Field(ge=0.25, le=4)] = 1.0
    instructions: Annotated[str | None, Field(max_length=4096)] = None


@router.post("/audio/speech", response_class=Response, responses=content("The sound.", *speech.TYPES.values()))
def say(asked: AskedSpeech) -> Response:
    """A text, spoken by espeak-ng whatever the model is called."""
    content = speech.spoken(asked.input, asked.voice, asked.response_format, asked.speed)
    return Response(content, media_type=speech.TYPES[asked.response_format])


@router.get("/models")
def models(service: TheService) -> dict[str, Any]:
    """The models that may be asked for."""
    return {"object": "list", "data": [_model(name, service) for name in (*OURS, *SPEAKING, *sorted(MODELS))]}


@router.get("/models/{name}", responses=openai_problems(404))
def model(name: str, service: TheService) -> dict[str, Any]:
    """A model."""
    if name not in (*OURS, *SPEAKING, *MODELS):
        raise NotFoundError(f"The model {name[:80]!r} does not exist")
    return _model(name, service)


def _model(name: str, service: Service) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": service.began, "owned_by": "earwitness"}


async def _answered(request: Request, service: Service, task: str) -> Response:
    async with AsyncExitStack() as stack:
        coming = stack.enter_context(service.recordings.coming())
        sent = await form(request, coming, service.settings.max_upload_bytes)
        asked = _asked(sent, task)
        await run_in_threadpool(coming.finish)
        if asked.stream:
            events = _streamed(service, asked, coming, stack.pop_all())
            return StreamingResponse(events, media_type="text/event-stream", headers={"Cache-Control": "no-store"})
        transcript = await _transcript(request, service, asked, coming)
        names = await run_in_threadpool(_names, asked, transcript, coming)
    return _shaped(asked, transcript, names)


def _asked(sent: Form, task: str) -> _Asked:
    if sent.file_name is None:
        raise FormError("the form has no part called 'file'; send the recording there")
    name, shape = sent.one("model"), sent.one("response_format", "json")
    if not name:
        raise OptionError("the form has no field called 'model'; give one, such as whisper-1")
    if name not in (*OURS, *MODELS):
        raise NotFoundError(f"The model {name[:80]!r} does not exist; GET /v1/models lists those that do")
    if shape not in openai.SHAPES or (shape == "diarized_json" and task == "translate"):
        raise OptionError(f"response_format: {shape[:40]!r} is none of {', '.join(openai.SHAPES)}")
    granularities = sent.many("timestamp_granularities") or ["segment"]
    if unknown := [one for one in granularities if one not in ("word", "segment")]:
        raise OptionError(f"timestamp_granularities[]: {unknown[0][:40]!r} is neither word nor segment")
    stream = sent.one("stream").lower()
    options = {
        "task": task,
        "language": sent.one("language") or None,
        "initial_prompt": sent.one("prompt") or None,
        "diarize": shape == "diarized_json",
        "summarizer": "none",
        **({} if name in OURS else {"model": name}),
    }
    known = known_speakers.parsed(sent.many("known_speaker_names"), sent.many("known_speaker_references"))
    file = printable(sent.file_name) or "recording"
    return _Asked(shape, task, granularities, stream in ("true", "1"), known, options, file)


async def _transcript(request: Request, service: Service, asked: _Asked, coming: Coming) -> Transcript:
    """The transcript, once a worker has made it; whoever goes away before has it cancelled."""
    found = asyncio.ensure_future(_awaited(service, asked, coming))
    try:
        while not (await asyncio.wait([found], timeout=LOOK_S))[0]:
            if await request.is_disconnected():
                raise FormError("nobody waits for the answer")
        return found.result()
    finally:
        found.cancel()


async def _streamed(service: Service, asked: _Asked, coming: Coming, stack: AsyncExitStack) -> AsyncIterator[bytes]:
    """The events of a stream; until there are any, a comment now and then."""
    async with stack:
        found = asyncio.ensure_future(_awaited(service, asked, coming))
        try:
            while not (await asyncio.wait([found], timeout=ALIVE_S))[0]:
                yield b": still at it\n\n"
            try:
                transcript = found.result()
            except EarwitnessError as error:
                yield openai.error_event(str(error))
                return
            names = await run_in_threadpool(_names, asked, transcript, coming)
            for event in openai.events(transcript, names if asked.wants_speakers else None):
                yield event
        finally:
            found.cancel()


async def _awaited(service: Service, asked: _Asked, coming: Coming) -> Transcript:
    reference = Reference(str(coming.path), "file", asked.name, "recording")
    work = Work(reference, asked.options, keep=False)
    work.over(service.settings.options)
    made = await run_in_threadpool(_put, service, work)
    try:
        news = service.news.listen(made)
        listening = asyncio.ensure_future(anext(news, None))
        await asyncio.sleep(0)
        service.workers.wake()
        while (told := await listening) is not None and told.state not in ENDS:
            listening = asyncio.ensure_future(anext(news, None))
        transcript = service.workers.result(made)
        if told is None:
            raise StoppingError("the server is stopping; send it again later")
        if transcript is None:
            raise FailedError(told.reason or "nobody waits for it any more")
        return transcript
    finally:
        await asyncio.shield(run_in_threadpool(_forget, service, made))


def _put(service: Service, work: Work) -> str:
    with service.library() as library:
        return requests.ask(library, work, "api").id


def _forget(service: Service, request: str) -> None:
    try:
        with service.library() as library:
            requests.forget(library, request)
    finally:
        service.workers.cancel(request)
        service.workers.result(request)


def _names(asked: _Asked, transcript: Transcript, coming: Coming) -> Mapping[str, str]:
    """Which speakers are those that the caller knows."""
    return known_speakers.found(asked.known, transcript, coming.path) if asked.wants_speakers and asked.known else {}


def _shaped(asked: _Asked, transcript: Transcript, names: Mapping[str, str]) -> Response:
    if asked.shape == "text":
        return PlainTextResponse(transcript.text + "\n")
    if asked.shape in ("srt", "vtt"):
        return PlainTextResponse(openai.subtitles(transcript, asked.shape).decode())
    if asked.shape == "verbose_json":
        return JSONResponse(openai.verbose(transcript, asked.task, asked.granularities))
    if asked.wants_speakers:
        return JSONResponse(openai.diarized(transcript, names))
    return JSONResponse(openai.plain(transcript))
