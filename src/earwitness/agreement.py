"""Words that firm up: what two successive hypotheses agree on is final.

Macháček, Dabre and Bojar, "Turning Whisper into Real-Time Transcription System", 2023 (LocalAgreement-2, after Liu,
Spanakis and Niehues, "Low-latency sequence-to-sequence speech recognition and translation by partial hypothesis
selection", 2020).
"""

from __future__ import annotations

from collections.abc import Sequence

from earwitness.guards import plain
from earwitness.types import Word


class Agreement:
    """The words of one stretch of speech, heard again and again while it goes on.

    >>> one, two, three = (Word(f" {text}", at, at + 1.0, 0.9) for at, text in enumerate(("so", "it", "is")))
    >>> words = Agreement()
    >>> words.heard([one, two]), [word.word for word in words.open]
    ((), [' so', ' it'])
    >>> [word.word for word in words.heard([one, two, three])], [word.word for word in words.open]
    ([' so', ' it'], [' is'])
    """

    def __init__(self) -> None:
        self.final: list[Word] = []
        """Words that stay as they are."""
        self.open: tuple[Word, ...] = ()
        """What the last hypothesis has after them."""

    def heard(self, words: Sequence[Word]) -> tuple[Word, ...]:
        """Takes in a hypothesis, in order of time; returns the words that are final by it."""
        fresh = self.after(words)
        count = 0
        while count < min(len(fresh), len(self.open)) and plain(fresh[count]) == plain(self.open[count]):
            count += 1
        self.final += fresh[:count]
        self.open = fresh[count:]
        return fresh[:count]

    def closed(self, words: Sequence[Word]) -> tuple[Word, ...]:
        """The words that follow the final ones in the last hearing of all the stretch: now all are final."""
        rest = self.after(words)
        self.final += rest
        self.open = ()
        return rest

    def after(self, words: Sequence[Word]) -> tuple[Word, ...]:
        """Those of the words that come after the final ones."""
        if not self.final:
            return tuple(words)
        last = self.final[-1]
        rest = [word for word in words if (word.start + word.end) / 2 > last.end]
        if rest and rest[0].start < last.end and plain(rest[0]) == plain(last):
            del rest[0]  # the very word, heard a little later this time
        return tuple(rest)
