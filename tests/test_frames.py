"""Frames of a block are those of the whole, and what is made up at the ends is what numpy's padding makes up."""

from __future__ import annotations

import numpy as np
import pytest

from earwitness.frames import Padding, blocks, samples_of


@pytest.mark.parametrize("padding", ["constant", "edge", "reflect"])
@pytest.mark.parametrize("count", [1, 2, 7, 40, 1000])
def test_blocks_of_frames_are_those_of_the_padded_whole(padding: Padding, count: int) -> None:
    sound = np.random.default_rng(count).normal(size=count).astype(np.float32)
    length, hop = 16, 5
    whole = np.pad(sound, length // 2, padding)
    frames = 1 + count // hop
    for part in blocks(frames, 3):
        found = samples_of(sound, part, length, hop, padding)
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, whole[part.start * hop : (part.stop - 1) * hop + length])


def test_inside_of_the_recording_nothing_is_copied() -> None:
    sound = np.zeros(100, np.float32)
    assert np.shares_memory(samples_of(sound, slice(2, 4), 16, 5, "reflect"), sound)
    assert samples_of(sound, slice(0, 4), 16, 5, "edge").shape == (16 + 3 * 5,)


def test_blocks_cover_every_frame_once() -> None:
    parts = list(blocks(10, 4))
    assert np.concatenate([np.arange(10)[part] for part in parts]).tolist() == list(range(10))
    assert list(blocks(0)) == []
