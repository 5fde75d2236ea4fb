"""What the forms of OpenAI's audio API ask for, checked before a recording is looked at."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from earwitness.server import known_speakers, openai
from earwitness.server.known_speakers import KnownSpeaker
from earwitness.server.problems import ParameterError, UnknownModelError
from earwitness.server.recordings import Coming
from earwitness.server.requests import Work
from earwitness.server.routes.job_options import MODELS
from earwitness.server.uploads import Form
from earwitness.source import Reference
from earwitness.stems import printable

OURS = (
    "whisper-1", "gpt-transcribe", "gpt-4o-transcribe", "gpt-4o-mini-transcribe",
    "gpt-4o-mini-transcribe-2025-12-15", "gpt-4o-transcribe-diarize",
)  # fmt: skip
"""Names of OpenAI's models, by which its clients ask: they stand for the server's own model."""
GRANULARITIES = ("word", "segment")
STREAM_BATCH = 2
"""Windows that are heard side by side for a stream: the fewer, the sooner there is something to tell."""
_YES, _NO = ("true", "1"), ("", "false", "0")


@dataclass(frozen=True)
class Asked:
    """What a form asks for."""

    shape: str
    task: str
    granularities: Sequence[str]
    logprobs: bool
    stream: bool
    known: Sequence[KnownSpeaker]
    options: dict[str, Any]
    name: str

    @property
    def wants_speakers(self) -> bool:
        return self.shape == "diarized_json"

    def work(self, coming: Coming) -> Work:
        """What a worker is to do with the recording that came with the form."""
        return Work(Reference(str(coming.path), "file", self.name, "recording"), self.options, keep=False)


def described(*, translation: bool) -> dict[str, Any]:
    """The part of the OpenAPI document on a form, which is read while it comes."""
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
            "timestamp_granularities[]": {"type": "array", "items": {"type": "string", "enum": list(GRANULARITIES)}},
            "include[]": {"type": "array", "items": {"type": "string", "enum": ["logprobs"]}},
            "keywords[]": many,
            "stream": {"type": "boolean"},
            "chunking_strategy": text,
            "known_speaker_names[]": many,
            "known_speaker_references[]": many,
        }
    schema = {"type": "object", "required": ["file", "model"], "properties": fields}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


def asked(sent: Form, task: str) -> Asked:
    """
    Raises:
        ParameterError: a field is missing, or not what it should be.
        UnknownModelError: there is no such model.
        OptionError: speakers who are known are not as they should be.
    """
    if sent.file_name is None:
        raise ParameterError("file", "the form has no such part; send the recording there")
    name, shape = sent.one("model"), _shape(sent, task)
    if not name:
        raise ParameterError("model", "none is named; give whisper-1, or one that GET /v1/models lists")
    if name not in (*OURS, *MODELS):
        raise UnknownModelError(f"The model {name[:80]!r} does not exist; GET /v1/models lists those that do")
    _check_chunking(sent)
    stream = _stream(sent)
    options = {
        "task": task,
        "language": _language(sent),
        "initial_prompt": sent.one("prompt") or None,
        "hotwords": ", ".join(sent.many("keywords")) or None,
        "temperature": _temperature(sent),
        "diarize": shape == "diarized_json",
        "summarizer": "none",
        "batch_size": STREAM_BATCH if stream else None,
        "model": None if name in OURS else name,
    }
    given = {name: value for name, value in options.items() if value is not None}
    known = known_speakers.parsed(sent.many("known_speaker_names"), sent.many("known_speaker_references"))
    file = printable(sent.file_name) or "recording"
    return Asked(shape, task, _granularities(sent, shape), _logprobs(sent, shape), stream, known, given, file)


def _shape(sent: Form, task: str) -> str:
    shapes = [one for one in openai.SHAPES if task == "transcribe" or one != "diarized_json"]
    shape = sent.one("response_format", "json")
    if shape not in shapes:
        raise ParameterError("response_format", f"{shape[:40]!r} is none of {', '.join(shapes)}")
    return shape


def _language(sent: Form) -> str | None:
    language = sent.one("language")
    if language and language not in openai.LANGUAGES:
        raise ParameterError("language", f"{language[:40]!r} is no code of ISO 639-1 that is known here; give en, say")
    return language or None


def _temperature(sent: Form) -> float:
    text = sent.one("temperature") or "0"
    try:
        temperature = float(text)
    except ValueError:
        temperature = -1.0
    if not 0 <= temperature <= 1:
        raise ParameterError("temperature", f"{text[:40]!r} is no number from 0 to 1")
    return temperature


def _stream(sent: Form) -> bool:
    stream = sent.one("stream")
    if stream.lower() not in (*_YES, *_NO):
        raise ParameterError("stream", f"{stream[:40]!r} is neither true nor false")
    return stream.lower() in _YES


def _granularities(sent: Form, shape: str) -> Sequence[str]:
    param, found = "timestamp_granularities[]", sent.many("timestamp_granularities")
    if unknown := [one for one in found if one not in GRANULARITIES]:
        raise ParameterError(param, f"{unknown[0][:40]!r} is neither word nor segment")
    if found and shape != "verbose_json":
        raise ParameterError(param, "only verbose_json has times; ask for that response_format")
    return found or ["segment"]


def _logprobs(sent: Form, shape: str) -> bool:
    param, found = "include[]", sent.many("include")
    if unknown := [one for one in found if one != "logprobs"]:
        raise ParameterError(param, f"{unknown[0][:40]!r} is not logprobs")
    if found and shape != "json":
        raise ParameterError(param, "only json has logprobs; ask for that response_format")
    return bool(found)


def _check_chunking(sent: Form) -> None:
    """Speech is always found first here, whatever is asked for; what OpenAI would refuse is refused."""
    kinds = [*sent.many("chunking_strategy"), *sent.many("chunking_strategy[type]")]
    for kind in kinds:
        try:
            kind = json.loads(kind)["type"] if kind.startswith("{") else kind
        except (ValueError, KeyError, RecursionError):
            kind = ""
        if kind not in ("auto", "server_vad"):
            raise ParameterError("chunking_strategy", "it is neither auto nor an object of the type server_vad")
