"""/api/search: words in all transcripts."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query

from earwitness.library.search import LIMIT, Hit, search
from earwitness.server.routes.common import TheService

router = APIRouter(prefix="/api", tags=["search"])


@dataclass(frozen=True)
class HitShown(Hit):
    """A passage that was found; `has_audio` says whether it can be listened to here."""

    has_audio: bool


@router.get("/search")
def found(
    service: TheService,
    q: Annotated[str, Query(max_length=1000, description='Words, "phrases", AND, OR, NOT, and beginnings as clim*.')],
    speaker: Annotated[str | None, Query(max_length=200)] = None,
    since: Annotated[str | None, Query(max_length=10, description="A year, a month or a day.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = LIMIT,
) -> Sequence[HitShown]:
    """The passages that fit, those that fit best first: episode, speaker, second."""
    with service.library() as library:
        hits = search(library, q, speaker=speaker, since=since, limit=limit)
        with library.transaction(writes=False) as database:
            rows = database.execute("SELECT episodes.id FROM episodes JOIN media USING (recording)").fetchall()
    sound = {number for (number,) in rows}
    return [HitShown(**dataclasses.asdict(hit), has_audio=hit.episode in sound) for hit in hits]
