"""/v1: OpenAI's audio API, for programs that speak it already.

What is sent here is answered and forgotten: neither recordings nor transcripts are kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import AsyncExitStack
from typing import Annotated, Any, Literal, TypeVar

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse, StreamingResponse
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from earwitness.errors import EarwitnessError
from earwitness.server import known_speakers, openai, speech
from earwitness.server.awaiting import awaited
from earwitness.server.child import Answer
from earwitness.server.problems import UnknownModelError
from earwitness.server.recordings import Coming
from earwitness.server.routes import openai_form
from earwitness.server.routes.common import TheService, content, openai_problems
from earwitness.server.routes.job_options import MODELS
from earwitness.server.routes.jobs import ALIVE_S
from earwitness.server.routes.openai_form import OURS, Asked
from earwitness.server.service import Service
from earwitness.server.uploads import FormError, form
from earwitness.types import Transcript

T = TypeVar("T")

router = APIRouter(prefix="/v1", tags=["OpenAI"])

LOOK_S = 1.0
"""So often it is looked whether whoever waits for an answer is still there."""
_HEARD = {
    **content("The transcript.", "application/json", "text/plain", "text/event-stream"),
    **openai_problems(400, 404, 503),
}


@router.post(
    "/audio/transcriptions",
    response_class=Response,
    responses=_HEARD,
    openapi_extra=openai_form.described(translation=False),
)
async def transcriptions(request: Request, service: TheService) -> Response:
    """What is said in a recording."""
    return await _answered(request, service, "transcribe")


@router.post(
    "/audio/translations",
    response_class=Response,
    responses=_HEARD,
    openapi_extra=openai_form.described(translation=True),
)
async def translations(request: Request, service: TheService) -> Response:
    """What is said in a recording, in English."""
    return await _answered(request, service, "translate")


class VoiceId(BaseModel):
    """A voice as an object."""

    id: Annotated[str, Field(max_length=100)]


class AskedSpeech(BaseModel):
    """A text to be spoken; `instructions` are not heeded."""

    input: Annotated[str, Field(min_length=1, max_length=speech.MOST_CHARACTERS)]
    model: Annotated[str, Field(max_length=100)] = "tts-1"
    voice: Annotated[str, Field(max_length=100)] | VoiceId = "alloy"
    response_format: Literal["mp3", "opus", "aac", "flac", "wav", "pcm"] = "mp3"
    speed: Annotated[float, Field(ge=0.25, le=4)] = 1.0
    instructions: Annotated[str | None, Field(max_length=4096)] = None
    stream_format: Literal["audio"] = "audio"


@router.post(
    "/audio/speech",
    response_class=Response,
    responses={**content("The sound.", *speech.TYPES.values()), **openai_problems(404, 503)},
)
async def say(asked: AskedSpeech, request: Request, service: TheService) -> Response:
    """A text, spoken by espeak-ng or, where they are installed, by SpeechT5 or VITS."""
    voice = asked.voice if isinstance(asked.voice, str) else asked.voice.id
    pretrained = service.settings.options.model.of_pretrained()
    options = await run_in_threadpool(speech.options_of, asked.model, voice, asked.speed, pretrained)
    wanted = speech.Asked(asked.input, options, asked.response_format)
    sound = await _while_there(request, service.speaker.spoken(wanted))
    return Response(sound, media_type=speech.TYPES[asked.response_format])


@router.get("/models")
def models(service: TheService) -> dict[str, Any]:
    """The models that may be asked for."""
    return {"object": "list", "data": [_model(name, service) for name in (*OURS, *speech.MODELS, *sorted(MODELS))]}


@router.get("/models/{name:path}", responses=openai_problems(404))
def model(name: str, service: TheService) -> dict[str, Any]:
    """A model."""
    if name not in (*OURS, *speech.MODELS, *MODELS):
        raise UnknownModelError(f"The model {name[:80]!r} does not exist")
    return _model(name, service)


def _model(name: str, service: Service) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": service.began, "owned_by": "earwitness"}


async def _answered(request: Request, service: Service, task: str) -> Response:
    async with AsyncExitStack() as stack:
        coming = stack.enter_context(service.recordings.coming())
        sent = await form(request, coming, service.settings.max_upload_bytes)
        asked = openai_form.asked(sent, task)
        await run_in_threadpool(coming.finish)
        if asked.stream:
            events = _streamed(service, asked, coming, stack.pop_all())
            return StreamingResponse(events, media_type="text/event-stream", headers={"Cache-Control": "no-store"})
        answer = await _while_there(request, _answer(service, asked, coming))
        names = await run_in_threadpool(_names, asked, answer.transcript, coming)
    return await run_in_threadpool(_shaped, asked, answer, names)  # hours of speech are megabytes of JSON


async def _while_there(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """What work comes to; it is cancelled where nobody waits for that any more."""
    found = asyncio.ensure_future(work)
    try:
        while not (await asyncio.wait([found], timeout=LOOK_S))[0]:
            if await request.is_disconnected():
                raise FormError("nobody waits for the answer")
        return found.result()
    finally:
        found.cancel()


async def _answer(service: Service, asked: Asked, coming: Coming) -> Answer:
    async with awaited(service, asked.work(coming)) as job:
        while await job.goes_on(ALIVE_S):
            pass
        return job.answer()


async def _streamed(service: Service, asked: Asked, coming: Coming, stack: AsyncExitStack) -> AsyncIterator[bytes]:
    """The events of a stream: words as they become certain; until there are any, a comment now and then."""
    events = openai.Events(logprobs=asked.logprobs)
    async with stack:
        try:
            async with awaited(service, asked.work(coming)) as job:
                while await job.goes_on(ALIVE_S):
                    words = job.said(events.words)
                    yield events.delta(words) if words else b": still at it\n\n"
                transcript = job.answer().transcript
            names = await run_in_threadpool(_names, asked, transcript, coming)
            for event in events.end(transcript, names if asked.wants_speakers else None):
                yield event
        except EarwitnessError as error:
            yield openai.error_event(error)


def _names(asked: Asked, transcript: Transcript, coming: Coming) -> Mapping[str, str]:
    """Which speakers are those that the caller knows."""
    return known_speakers.found(asked.known, transcript, coming.path) if asked.wants_speakers and asked.known else {}


def _shaped(asked: Asked, answer: Answer, names: Mapping[str, str]) -> Response:
    transcript = answer.transcript
    if asked.shape == "text":
        return PlainTextResponse(openai.text_of(transcript) + "\n")
    if asked.shape in ("srt", "vtt"):
        return PlainTextResponse(openai.subtitles(transcript, asked.shape).decode())
    if asked.shape == "verbose_json":
        return JSONResponse(openai.verbose(transcript, answer.tokens, asked.task, asked.granularities))
    if asked.wants_speakers:
        return JSONResponse(openai.diarized(transcript, names))
    return JSONResponse(openai.plain(transcript, logprobs=asked.logprobs))
