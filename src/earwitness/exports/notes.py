"""Show notes (CommonMark): what to publish beside a recording, with the times as podcast players read them."""

from __future__ import annotations

from earwitness.exports.md import escape, sentences
from earwitness.exports.reading import DOUBTED, UNSUPPORTED, doubted, encode, origin, talk_shares, title
from earwitness.types import Seconds, Speaker, Transcript
from earwitness.units import short_clock


def write(transcript: Transcript) -> bytes:
    """Title, a line of description, summary, chapters as `M:SS Title`, speakers, keywords; without the transcript."""
    blocks = [f"# {escape(title(transcript))}", *filter(None, [" · ".join(map(escape, origin(transcript)))])]
    if transcript.description:
        line = transcript.description
        blocks.append(escape(line.text) + (f" *({UNSUPPORTED})*" if line.unsupported else ""))
    if doubted(transcript):
        blocks.append(f"> **Note:** {DOUBTED}")
    if transcript.summary and transcript.summary.sentences:
        blocks += ["## Summary", sentences(transcript, transcript.summary, named=True, linked=False)]
    if transcript.chapters:
        hours = transcript.duration >= 3600
        times = (f"- {_time(chapter.start, hours)} {escape(chapter.title)}" for chapter in transcript.chapters)
        blocks += ["## Chapters", "\n".join(times)]
    if transcript.speakers:
        blocks += ["## Speakers", "\n".join(_part(transcript, *share) for share in talk_shares(transcript))]
    if transcript.keywords:
        blocks.append(f"**Keywords:** {', '.join(map(escape, transcript.keywords))}")
    return encode("\n\n".join(blocks) + "\n")


def _part(transcript: Transcript, speaker: Speaker, share: float) -> str:
    told = sentences(transcript, speaker.summary, linked=False)
    return f"- **{escape(speaker.name)}** ({share:.0%}) {told}".rstrip()


def _time(start: Seconds, hours: bool) -> str:
    """All times of a list alike, `MM:SS` or `H:MM:SS`, which is what players look for."""
    shown = short_clock(start)
    return shown.rjust(7 if hours else 5, "0") if not hours or shown.count(":") == 2 else f"0:{shown.rjust(5, '0')}"
