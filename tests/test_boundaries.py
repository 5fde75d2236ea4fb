"""Where voices change, in made-up sound whose truth is known: noise of two colours, with and without pauses."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from earwitness import boundaries
from earwitness.boundaries import cut, probabilities
from earwitness.types import Audio, Region

RATE = 16_000


def babble(*parts: tuple[float, int]) -> Audio:
    """Syllables of 0.16 to 0.24 s, by voices that differ in the colour of their noise; voice -1 is a pause."""
    rng, pieces = np.random.default_rng(3), []
    for seconds, voice in parts:
        noise = rng.normal(0, 0.1, round(seconds * RATE))
        if voice >= 0:
            noise = np.convolve(noise, [1.0, 0.9 if voice else -0.9], mode="same")
            lengths = rng.uniform(0.16, 0.24, round(seconds / 0.1))
            phase = np.interp(np.arange(len(noise)) / RATE, np.cumsum(lengths), np.arange(len(lengths)))
            noise *= 0.1 + 0.9 * np.sin(np.pi * phase) ** 2
        pieces.append(noise * (voice >= 0))
    return Audio(np.concatenate(pieces).astype(np.float32))


def spans(audio: Audio, middle: float) -> Any:
    """What spans know that hardly know more than which half is whose."""
    count = round(audio.duration / boundaries.FRAME_S)
    ramp = np.clip((np.arange(count) * boundaries.FRAME_S - middle) / 2, -0.5, 0.5)
    return np.stack([-ramp, ramp], axis=1)


def owners(audio: Audio, known: Any) -> tuple[Any, Any, Any]:
    pieces = cut(audio, [Region(0.0, audio.duration)])
    chances = probabilities(pieces, lambda frames: known[frames])
    assert chances.sum(axis=1) == pytest.approx(np.ones(len(chances)))
    return pieces, chances, chances.argmax(axis=1)


def test_pieces_cover_all_frames_and_begin_where_it_is_quiet() -> None:
    audio = babble((4.0, 0), (0.5, -1), (4.0, 1))
    pieces = cut(audio, [Region(0.0, 4.2), Region(4.2, 8.5)])
    assert list(pieces.first) == sorted(set(pieces.first))
    assert pieces.first[0] == 0
    assert len(pieces.times) == len(pieces.spectra) == 425
    lengths = np.diff(np.append(pieces.first, len(pieces.times)))
    assert 1 <= lengths.min() <= lengths.max() <= boundaries.LONGEST_FRAMES
    dips = pieces.costs[pieces.spoken] < boundaries.CHANGE_COST - 1
    assert dips.mean() > 0.5
    quiet = (pieces.times > 4.06) & (pieces.times < 4.44)
    assert not pieces.speech[quiet].any()
    assert pieces.speech[~quiet].mean() > 0.95


def test_pieces_hold_their_speech_without_the_silence_beside_it() -> None:
    pieces = cut(babble((0.5, -1), (1.0, 0), (0.5, -1)), [Region(0.0, 2.0)])
    spoken = pieces.spoken
    assert pieces.starts[spoken].min() == pytest.approx(0.5, abs=0.05)
    assert pieces.ends[spoken].max() == pytest.approx(1.5, abs=0.05)


def test_digital_silence_and_constant_tone_are_cut_all_the_same() -> None:
    for samples in (np.zeros(RATE), np.full(RATE, np.nan), np.sin(np.arange(RATE) / 5)):
        pieces = cut(Audio(samples.astype(np.float32)), [Region(0.0, 1.0)])
        assert len(pieces.first) >= 3
        assert np.isfinite(pieces.spectra).all()


def test_a_change_is_found_to_a_syllable_by_the_frames() -> None:
    """The spans are wrong by a second."""
    audio = babble((8.0, 0), (8.0, 1))
    pieces, _, labels = owners(audio, spans(audio, 9.0))
    changes = np.flatnonzero(np.diff(labels)) + 1
    assert len(changes) == 1
    assert pieces.starts[changes[0]] == pytest.approx(8.0, abs=0.15)


def test_a_word_of_another_voice_is_not_talked_over() -> None:
    """0.7 s in the middle of a turn; the spans say that it is the first voice's, like all about it."""
    audio = babble((6.0, 0), (0.2, -1), (0.7, 1), (0.2, -1), (4.0, 0), (0.3, -1), (9.0, 1))
    pieces, _, labels = owners(audio, spans(audio, 11.4))
    other = pieces.spoken & (labels == 1) & (pieces.ends < 10)
    assert pieces.starts[other].min() == pytest.approx(6.2, abs=0.05)
    assert pieces.ends[other].max() == pytest.approx(6.9, abs=0.05)


def test_where_nothing_tells_voices_apart_nobody_is_sure() -> None:
    audio = babble((6.0, 0))
    _, chances, _ = owners(audio, np.zeros((300, 2)))
    assert chances == pytest.approx(0.5, abs=0.2)


def test_one_voice_has_everything() -> None:
    audio = babble((3.0, 0))
    _, chances, _ = owners(audio, np.zeros((150, 1)))
    assert (chances == 1).all()


def test_blocks_give_what_the_whole_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    audio = babble((5.0, 0), (5.0, 1))
    whole = owners(audio, spans(audio, 5.0))[1]
    monkeypatch.setattr(boundaries, "BLOCK_PIECES", 7)
    assert owners(audio, spans(audio, 5.0))[1] == pytest.approx(whole, abs=1e-6)


def exhaustive(scores: Any, costs: Any) -> Any:
    """Probabilities by their definition: all paths."""
    count, voices = scores.shape
    found = np.zeros(scores.shape)
    for number in range(voices**count):
        path = [number // voices**place % voices for place in range(count)]
        changes = sum(costs[place] for place, (one, other) in enumerate(pairwise(path), 1) if one != other)
        found[range(count), path] += np.exp(scores[range(count), path].sum() - changes)
    return found / found.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("seed", range(4))
def test_probabilities_are_sums_over_all_paths(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores, costs = rng.normal(0, 2, (6, 3)), rng.uniform(0, 3, 6)
    assert boundaries._forward_backward(scores, costs) == pytest.approx(exhaustive(scores, costs))
