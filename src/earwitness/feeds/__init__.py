"""A podcast feed: read (`parse`), fetched, chosen from, and written again with what we made of its episodes.

`values` says what a feed is, `reading` makes one of XML, `fetching` brings it here, `choice` says which episodes are to
be done and what is known of them, `hints` what may be expected in them, `lines` are those that we add to an item, and
`rewriting` puts them there.
"""

from earwitness.feeds.reading import parse
from earwitness.feeds.values import ChaptersLink, Enclosure, Episode, Feed, TranscriptLink

__all__ = ["ChaptersLink", "Enclosure", "Episode", "Feed", "TranscriptLink", "parse"]
