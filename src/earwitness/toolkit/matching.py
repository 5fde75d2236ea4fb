"""Sound to text: how well each of some sounds goes with each of some texts, as CLAP hears and reads them.

The cosine of a sound and a text, multiplied by the scale that the model learnt, gives by a softmax over the texts the
probability of each text for a sound (zero-shot classification: what it is, if it is one of these), and by one over the
sounds that of each sound for a text (Wu et al., 2023; Radford et al., "Learning transferable visual models from natural
language supervision", 2021).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np

from earwitness.engines.base import SoundEmbedder, SoundTextEmbedder
from earwitness.errors import OptionError
from earwitness.source import Reference
from earwitness.toolkit import embeddings
from earwitness.toolkit.recordings import Failed, each
from earwitness.types import Audio

if TYPE_CHECKING:
    from earwitness.types import FloatArray

SHORTEST = 1e-6
"""A row that is not longer points nowhere."""


@dataclass(frozen=True, eq=False)
class Match:
    """Sounds against texts, all float32 (sounds, texts).

    `similarities` are cosines, -1 to 1. In each row of `text_probabilities` the texts share 1, in each column of
    `sound_probabilities` the sounds do.
    """

    similarities: FloatArray
    text_probabilities: FloatArray
    sound_probabilities: FloatArray


def match(sounds: FloatArray, texts: FloatArray, scales: tuple[float, float]) -> Match:
    """Compares sounds with texts.

    Args:
        sounds: float32 (n, d), rows of length 1, from `embedding`.
        texts: float32 (m, d), rows of length 1, from `SoundTextEmbedder.embed_texts`.
        scales: from `SoundTextEmbedder.scales`.

    >>> found = match(np.eye(2, dtype=np.float32), np.eye(2, dtype=np.float32), (3.0, 3.0))
    >>> [[round(float(one), 3) for one in row] for row in found.text_probabilities]
    [[0.953, 0.047], [0.047, 0.953]]
    """
    cosines = sounds @ texts.T
    over_texts, over_sounds = scales
    return Match(cosines, _softmax(cosines * over_texts, 1), _softmax(cosines * over_sounds, 0))


@dataclass(frozen=True)
class Pair:
    """A sound and a text: their cosine, and the probability of each among the others for the other one."""

    audio: str
    text: str
    similarity: float
    text_probability: float
    sound_probability: float


def compare(
    references: Sequence[Reference], texts: Sequence[str], embedder: SoundTextEmbedder, failed: Failed
) -> list[list[Pair]]:
    """For each recording that can be read its pairs with all texts, in order.

    Args:
        references: from `earwitness.source.find`.
        texts: what the recordings may be of.
        embedder: from `reading`.
        failed: told of a recording that cannot be read.

    Raises:
        OptionError: a text is empty.
        ModelError: the model cannot be had or run.
    """
    written = embedder.embed_texts(texts)

    heard = each(references, lambda _, source, __: (source.name, embedding(source.path, embedder)), failed)
    if not heard:
        return []
    found = match(np.stack([point for _, point in heard]), written, embedder.scales())
    figures: Any = np.stack([found.similarities, found.text_probabilities, found.sound_probabilities], axis=-1)
    return [
        [Pair(name, text, *map(float, figures[row, column])) for column, text in enumerate(texts)]
        for row, (name, _) in enumerate(heard)
    ]


def embedding(source: str | Path | Audio, embedder: SoundEmbedder) -> FloatArray:
    """A recording as one point: float32 (d,), of length 1, or all zeros where there is nothing to hear.

    Args:
        source: a file, or sound at `embedder.sample_rate`. What is longer than the engine hears at once is the mean of
            its windows, one after the other, a shorter last one counting for less.
        embedder: from `earwitness.engines.sound_embedder`.

    Raises:
        AudioError, SourceError: the file cannot be read.
        ModelError: the model cannot be had or run.
    """
    point: FloatArray = unit(embeddings.embed(source, embedder, level="file").vectors)[0]
    return point


def unit(rows: Any) -> FloatArray:
    """Rows of length 1, float32, in the directions of some; one that points nowhere is all zeros."""
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    found: FloatArray = np.where(lengths > SHORTEST, rows / np.maximum(lengths, SHORTEST), 0).astype(np.float32)
    return found


def reads(embedder: SoundEmbedder) -> TypeGuard[SoundTextEmbedder]:
    """Whether an engine knows texts, too."""
    return hasattr(embedder, "embed_texts")


def reading(embedder: SoundEmbedder) -> SoundTextEmbedder:
    """An engine that knows texts, too.

    Raises:
        OptionError: it does not.
    """
    if not reads(embedder):
        raise OptionError(
            f"--model {embedder.model} knows sounds, and no text; give --model clap "
            "(pip install 'earwitness[models]'), or search for a sound with --audio"
        )
    return embedder


def _softmax(logits: Any, axis: int) -> FloatArray:
    powers = np.exp(logits - logits.max(axis=axis, keepdims=True))
    shares: FloatArray = (powers / powers.sum(axis=axis, keepdims=True)).astype(np.float32)
    return shares
