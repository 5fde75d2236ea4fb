"""The options that a job may set, as they are checked before it is taken."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from earwitness.engines.hub import DEMO
from earwitness.engines.whisper_forms import CTRANSLATE2
from earwitness.errors import OptionError

MODELS = frozenset(("auto", DEMO, *CTRANSLATE2.ids))
"""Names only: a folder of this machine is nobody else's business."""
MOST_SPEAKERS = 1000

Text = Annotated[str, Field(max_length=10_000)]
Speakers = Annotated[int, Field(ge=1, le=MOST_SPEAKERS)]


class JobOptions(BaseModel):
    """How a recording is transcribed; what is left out or null is as the server was started."""

    model_config = ConfigDict(extra="forbid", strict=True)

    language: Annotated[str, Field(max_length=20, description="An ISO 639-1 code, or a name.")] | None = None
    task: Literal["transcribe", "translate"] | None = None
    hotwords: Text | None = None
    initial_prompt: Text | None = None
    speakers: Speakers | None = None
    min_speakers: Speakers | None = None
    max_speakers: Speakers | None = None
    diarize: bool | None = None
    known_voices: bool | None = None
    model: Annotated[str, Field(max_length=100)] | None = None

    def given(self) -> dict[str, Any]:
        """Those that were given, by their names.

        Raises:
            OptionError: no such model.
        """
        if self.model not in (None, *MODELS):
            raise OptionError(f"no such model: {self.model!r}; there are {', '.join(sorted(MODELS))}")
        return self.model_dump(exclude_none=True)


OPTIONS = frozenset(JobOptions.model_fields)
"""Their names."""


def options_of(asked: dict[str, Any]) -> dict[str, Any]:
    """The options of an object that was read already.

    Raises:
        OptionError: one is unknown, or no such value.
    """
    found: JobOptions = read(JobOptions, json.dumps(asked))
    return found.given()


def read(kind: type[BaseModel], content: str | bytes, called: str = "the body") -> Any:
    """JSON as one of these models.

    Args:
        called: what the line names where no place in it is wrong, but all of it.

    Raises:
        OptionError: it is no JSON, or not what the model says; the line names the place.
    """
    try:
        return kind.model_validate_json(content)
    except ValidationError as error:
        told = [f"{'.'.join(map(str, one['loc'])) or called}: {one['msg']}" for one in error.errors()[:5]]
        raise OptionError("; ".join(told)) from None
