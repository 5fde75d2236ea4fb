"""What the labels of sound classifiers stand for: kinds of the ledger, and events worth telling.

By name, so that it holds for AudioSet's 527 labels (which AST, BEATs, PANNs and YAMNet have), for those of ESC-50 and
FSD50K, and for the built-in classifier's own. What is neither speech, music, silence nor an event is noise.

Source: Gemmeke et al., "Audio Set: An ontology and human-labeled dataset for audio events", 2017.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from earwitness.types import FloatArray

APPLAUSE, CHEERING, LAUGHTER = EVENTS = ("applause", "cheering", "laughter")
"""Noise that a listener wants to find again."""
JINGLE, MUSIC, NOISE, SILENCE, SPEECH = "jingle", "music", "noise", "silence", "speech"
MEANINGS = (*EVENTS, JINGLE, MUSIC, NOISE, SILENCE, SPEECH)

_WHOLE = {
    APPLAUSE: {"applause", "clapping", "hand clapping"},
    CHEERING: {"cheering", "cheer", "crowd cheering"},
    LAUGHTER: {
        "laughter",
        "laughing",
        "laugh",
        "baby laughter",
        "giggle",
        "snicker",
        "belly laugh",
        "chuckle, chortle",
    },
    JINGLE: {"jingle", "jingle (music)", "theme music"},
    NOISE: {"computer keyboard", "keyboard typing", "hubbub, speech noise, speech babble"},
    MUSIC: {"song", "strum", "country", "heavy metal", "a capella", "drum and bass", "string section", "double bass"},
    SILENCE: {"silence"},
}
"""Labels as they are, in lower case."""
_WORDS = {
    SPEECH: {"speech", "speaking", "conversation", "monologue", "narration", "whispering", "babbling", "talking"},
    MUSIC: set(
        "music musical instrument singing choir chant mantra yodeling rapping humming beatboxing opera orchestra "
        "guitar banjo sitar mandolin zither ukulele keyboard piano organ synthesizer sampler harpsichord percussion "
        "drum rimshot timpani tabla cymbal hat gong tambourine maraca marimba xylophone glockenspiel vibraphone "
        "steelpan trumpet trombone violin fiddle pizzicato cello flute saxophone clarinet harp harmonica accordion "
        "bagpipes didgeridoo shofar theremin rock punk grunge jazz disco techno dubstep electronica rhythm reggae "
        "funk blues bluegrass flamenco ska afrobeat lullaby".split()
    ),
}
"""Words of labels."""


@lru_cache(maxsize=4096)
def meaning(label: str) -> str:
    """What a label stands for: one of `MEANINGS`.

    >>> [meaning(label) for label in ("Male speech, man speaking", "Bass guitar", "Chuckle, chortle", "dog")]
    ['speech', 'music', 'laughter', 'noise']
    >>> [meaning(label) for label in ("Jingle (music)", "Jingle bell", "Silence", "clapping")]
    ['jingle', 'noise', 'silence', 'applause']
    """
    name = re.sub(r"[_\s-]+", " ", label).strip().lower()
    words = set(re.findall(r"[a-z]+", name))
    for told, names in _WHOLE.items():
        if name in names:
            return told
    return next((told for told, some in _WORDS.items() if words & some), NOISE)


def meanings(scores: FloatArray, labels: Sequence[str], exclusive: bool) -> dict[str, float]:
    """How sure it is that a sound is of each of `MEANINGS`, by a classifier's scores, shape (len(labels),).

    Labels that exclude each other share out 1, and so their scores add up; of others the highest counts. A jingle is
    music, too.

    >>> import numpy as np
    >>> found = meanings(np.array([0.5, 0.25, 0.25], np.float32), ["Dog", "Rain", "Theme music"], exclusive=True)
    >>> found["noise"], found["music"], found["jingle"], found["speech"]
    (0.75, 0.25, 0.25, 0.0)
    """
    found = dict.fromkeys(MEANINGS, 0.0)
    for label, score in zip(labels, scores.tolist(), strict=True):
        told = meaning(label)
        for name in {told, MUSIC} if told == JINGLE else {told}:
            found[name] = found[name] + score if exclusive else max(found[name], score)
    return found
