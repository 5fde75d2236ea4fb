"""Words to lines that people can read, to turns and speakers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

from earwitness.options import SegmentOptions
from earwitness.text import SENTENCE_END
from earwitness.types import Passage, Seconds, Segment, Speaker, Turn, Word

TALK_PAUSE_S = 0.5
"""Pauses up to this are part of talking; longer ones are not counted as somebody's talk."""

UNNAMED = re.compile(r"Speaker \d+")
"""What speakers are called as long as nobody has given them a name."""

_CLAUSE_END = re.compile(r"[,;:،、，；：–—-][\"'”’)]*\s*$")
_CLAUSE_END_WORTH_S = 0.3
# pysbd takes time that grows with the square of its text: a sentence end after this many characters ends a piece.
_PIECE_CHARACTERS = 4000


def segment(
    words: Sequence[Word], passages: Sequence[Passage], language: str, options: SegmentOptions
) -> tuple[Segment, ...]:
    """Cuts words into readable segments, each of one speaker.

    A segment is a sentence where there is punctuation. It also ends at a pause longer than `options.max_pause_s`,
    and what is longer than `options.max_segment_s` is cut at its longest pause, a comma counting as a short one.
    A single word is a segment only if it is a sentence, all that a speaker says, or too far from its neighbours.

    Args:
        words: in order of time, speakers assigned or none.
        passages: the recogniser's own stretches, in order of time; their scores are averaged by overlap.
        language: ISO 639-1; sentences are found by pysbd (Sadvilkar and Neumann 2020) where it knows the language,
            by their final punctuation elsewhere.

    >>> spoken = [Word(" Hello.", 0.0, 0.4, 1.0), Word(" Who", 0.6, 0.8, 1.0), Word(" speaks?", 0.8, 1.2, 1.0)]
    >>> [line.text for line in segment(spoken, (), "en", SegmentOptions())]
    ['Hello.', 'Who speaks?']
    """
    lines: list[Sequence[Word]] = []
    for _, run in groupby((word for word in words if word.word.strip()), key=lambda word: word.speaker):
        stretches = _cut_at_pauses(list(run), options.max_pause_s)
        sentences = [sentence for stretch in stretches for sentence in _sentences(stretch, language)]
        short = [piece for sentence in sentences for piece in _cut_long(sentence, options.max_segment_s)]
        lines.extend(_join_fragments(short, options.max_segment_s))
    scores = _PassageScores(passages)
    return tuple(_segment(number, line, scores) for number, line in enumerate(lines))


def turns(segments: Sequence[Segment]) -> tuple[Turn, ...]:
    """Consecutive segments of one speaker, as turns."""
    found = []
    for number, (speaker, group) in enumerate(groupby(segments, key=lambda item: item.speaker)):
        members = list(group)
        ids = tuple(item.id for item in members)
        found.append(Turn(members[0].start, max(item.end for item in members), speaker, number, ids))
    return tuple(found)


def speakers(segments: Sequence[Segment]) -> tuple[Speaker, ...]:
    """Those who speak, in order of first appearance, named "Speaker 1", "Speaker 2" and so on.

    `seconds` is the time within their segments, pauses above `TALK_PAUSE_S` left out.
    """
    talk: dict[str, Seconds] = {}
    for item in segments:
        if item.speaker is not None:
            talk[item.speaker] = talk.get(item.speaker, 0.0) + _talk_seconds(item.words)
    return tuple(Speaker(label, f"Speaker {number}", talk[label]) for number, label in enumerate(talk, 1))


def _cut_at_pauses(words: Sequence[Word], max_pause_s: Seconds) -> list[Sequence[Word]]:
    cuts = [number for number in range(1, len(words)) if words[number].start - words[number - 1].end > max_pause_s]
    return _split(words, cuts)


def _sentences(words: Sequence[Word], language: str) -> Iterator[Sequence[Word]]:
    """Words to sentences; pieces of bounded length go to pysbd, cut where the plain rule sees an end too."""
    ends = [number for number, word in enumerate(words, 1) if SENTENCE_END.search(word.word)]
    if not ends:
        yield words
        return
    cuts, length, first = [], 0, 0
    for number in ends:
        length += sum(len(word.word) for word in words[first:number])
        first = number
        if length > _PIECE_CHARACTERS and number < len(words):
            cuts.append(number)
            length = 0
    for piece in _split(words, cuts):
        yield from _split(piece, _sentence_cuts(piece, language))


def _sentence_cuts(words: Sequence[Word], language: str) -> list[int]:
    """Where new sentences begin: indices of words. Ends that pysbd puts inside a word are not cuts."""
    import pysbd
    from pysbd.languages import LANGUAGE_CODES

    plain = [number for number, word in enumerate(words[:-1], 1) if SENTENCE_END.search(word.word)]
    if language not in LANGUAGE_CODES:
        return plain
    whole = "".join(word.word for word in words)
    text = whole.lstrip()
    spans = pysbd.Segmenter(language=language, clean=False, char_span=True).segment(text)
    # Its spans are found by searching for the sentences again, which can skip or repeat text.
    if "".join(text[span.start : span.end] for span in spans) != text:
        return plain
    skipped = len(whole) - len(text)
    ends = {skipped + len(text[: span.end].rstrip()) for span in spans}
    cuts, position = [], 0
    for number, word in enumerate(words[:-1], 1):
        position += len(word.word)
        if position - (len(word.word) - len(word.word.rstrip())) in ends:
            cuts.append(number)
    return cuts


def _cut_long(words: Sequence[Word], max_segment_s: Seconds) -> list[Sequence[Word]]:
    """Halves until nothing is too long: at the longest pause, away from the edges, commas counting as pauses."""
    done: list[Sequence[Word]] = []
    waiting = [words]
    while waiting:
        piece = waiting.pop()
        length = piece[-1].end - piece[0].start
        if length <= max_segment_s or len(piece) < 2:
            done.append(piece)
            continue

        def worth(number: int, piece: Sequence[Word] = piece, length: Seconds = length) -> float:
            before, after = piece[number - 1], piece[number]
            # Half a second of pause is worth as much as lying in the middle rather than at an edge.
            middle = 1 - abs((before.end + after.start) / 2 - piece[0].start - length / 2) / (length / 2)
            comma = _CLAUSE_END_WORTH_S if _CLAUSE_END.search(before.word) else 0.0
            return min(after.start - before.end, max_segment_s) + comma + 0.5 * middle

        cut = max(range(1, len(piece)), key=worth)
        waiting += [piece[cut:], piece[:cut]]
    return done


def _join_fragments(lines: Sequence[Sequence[Word]], max_segment_s: Seconds) -> list[Sequence[Word]]:
    """Gives single words that are no sentence to the nearer neighbour, unless that becomes too long."""
    joined: list[Sequence[Word]] = []
    held: Sequence[Word] = ()
    for number, line in enumerate(lines):
        line = [*held, *line]
        held = ()
        if len(line) == 1 and not SENTENCE_END.search(line[0].word):
            follower = lines[number + 1] if number + 1 < len(lines) else None
            before = line[0].start - joined[-1][-1].end if joined else float("inf")
            after = follower[0].start - line[0].end if follower else float("inf")
            open_before = bool(joined) and not SENTENCE_END.search(joined[-1][-1].word)
            if follower and (after <= before or not open_before) and follower[-1].end - line[0].start <= max_segment_s:
                held = line
                continue
            if open_before and line[0].end - joined[-1][0].start <= max_segment_s:
                joined[-1] = [*joined[-1], *line]
                continue
        joined.append(line)
    return joined


class _PassageScores:
    """Means of the passages' scores over a span, weighted by overlap; walks forward, as segments do."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self.passages = sorted(passages, key=lambda passage: passage.start)
        self.first = 0

    def over(self, start: Seconds, end: Seconds) -> tuple[float, float, float]:
        """The mean log probability, the mean probability of silence, and the highest temperature."""
        while self.first < len(self.passages) and self.passages[self.first].end < start:
            self.first += 1
        total = logprob = no_speech = temperature = 0.0
        for passage in self.passages[self.first :]:
            if passage.start > end:
                break
            # A span without length still lies in a passage: it gets the smallest of weights.
            weight = max(min(end, passage.end) - max(start, passage.start), 1e-9)
            total += weight
            logprob += weight * passage.avg_logprob
            no_speech += weight * passage.no_speech_prob
            temperature = max(temperature, passage.temperature)
        return (logprob / total, no_speech / total, temperature) if total else (0.0, 0.0, 0.0)


def _segment(number: int, words: Sequence[Word], scores: _PassageScores) -> Segment:
    start, end = words[0].start, max(word.end for word in words)
    logprob, no_speech, temperature = scores.over(start, end)
    text = "".join(word.word for word in words).strip()
    return Segment(number, start, end, text, words[0].speaker, tuple(words), logprob, no_speech, temperature)


def _split(words: Sequence[Word], cuts: Sequence[int]) -> list[Sequence[Word]]:
    return [words[first:last] for first, last in pairwise([0, *cuts, len(words)])]


def _talk_seconds(words: Sequence[Word]) -> Seconds:
    seconds, reached = 0.0, words[0].start
    for word in words:
        pause = word.start - reached
        seconds += max(0.0, word.end - max(reached, word.start)) + (pause if 0 < pause <= TALK_PAUSE_S else 0.0)
        reached = max(reached, word.end)
    return seconds
