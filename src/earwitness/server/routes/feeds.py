"""/api/feeds: podcasts whose episodes are to be transcribed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from earwitness.errors import OptionError
from earwitness.feeds.choice import Wish
from earwitness.feeds.fetching import is_address
from earwitness.server import feeds
from earwitness.server.routes.common import TheService
from earwitness.server.routes.jobs import JobShown, shown

router = APIRouter(prefix="/api/feeds", tags=["jobs"])


class AskedFeed(BaseModel):
    """A feed, and which of its episodes: the newest `limit` whose titles have all words of `match`."""

    feed: Annotated[str, Field(max_length=4000, description="Its http(s) address.")]
    limit: Annotated[int, Field(ge=1, le=1000)] = 10
    match: Annotated[str, Field(max_length=200)] = ""


@router.post("", status_code=202)
def create(asked: AskedFeed, service: TheService) -> Sequence[JobShown]:
    """Hands in episodes of a feed; the job of one that was handed in before is that one."""
    if not is_address(asked.feed):
        raise OptionError("feed: give an http(s) address")
    with service.library() as library:
        made = feeds.ask_for(library, asked.feed, Wish(asked.limit, None, asked.match), service.settings.options.source)
    for one in made:
        service.news.waits(one.id)
    service.workers.wake()
    return [shown(service, one) for one in made]
