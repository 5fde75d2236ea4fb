from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from earwitness.evaluation import bootstrap

RECORDINGS = 40


def recordings(seed: int, rate: float = 0.2, count: int = RECORDINGS) -> list[tuple[float, float]]:
    """Errors and words of recordings of 20 to 400 words, each with a rate of its own about `rate`."""
    generator = np.random.default_rng(seed)
    words = generator.integers(20, 400, count)
    return list(zip(generator.binomial(words, generator.beta(8 * rate, 8 * (1 - rate), count)), words, strict=True))


def test_the_total_is_weighted_by_length() -> None:
    spread = bootstrap.interval([(1, 1), (0, 99)])
    assert spread is not None
    assert spread.value == 0.01


def test_the_interval_is_scipys() -> None:
    counts = recordings(1)
    errors, words = np.array(counts, float).T
    theirs = scipy.stats.bootstrap(
        (errors, words),
        lambda e, w, axis: e.sum(axis=axis) / w.sum(axis=axis),
        paired=True,
        vectorized=True,
        method="percentile",
        n_resamples=10_000,
        random_state=3,
    ).confidence_interval
    ours = bootstrap.interval(counts)
    assert ours is not None
    width = theirs.high - theirs.low
    assert ours.low == pytest.approx(theirs.low, abs=0.03 * width)
    assert ours.high == pytest.approx(theirs.high, abs=0.03 * width)


def test_the_interval_holds_the_true_rate_as_often_as_it_says() -> None:
    inside = 0
    for seed in range(200):
        spread = bootstrap.interval(recordings(seed), resamples=500)
        assert spread is not None
        inside += spread.low <= 0.2 <= spread.high
    assert 180 <= inside <= 199  # 95 % of 200 is 190; percentile intervals of 40 recordings are a little narrow


def test_one_recording_has_an_interval_without_width() -> None:
    assert bootstrap.interval([(3, 12)]) == (0.25, 0.25, 0.25)


@pytest.mark.parametrize("counts", [[], [(0, 0)], [(4, 0), (2, 0)]])
def test_without_units_there_is_no_rate(counts: list[tuple[float, float]]) -> None:
    assert bootstrap.interval(counts) is None
    assert bootstrap.paired(counts, counts) is None


def test_errors_without_units_count_and_resamples_without_units_do_not() -> None:
    """Words invented in a recording of silence are errors of the whole; drawn alone it has no rate."""
    spread = bootstrap.interval([(5, 0), (5, 100)])
    assert spread is not None
    assert spread.value == 0.1
    assert np.isfinite([spread.low, spread.high]).all()
    assert (spread.low, spread.high) == (0.05, 0.1)


def test_the_same_seed_gives_the_same_numbers_and_another_one_others() -> None:
    counts = recordings(5)
    assert bootstrap.interval(counts) == bootstrap.interval(counts)
    assert bootstrap.interval(counts) != bootstrap.interval(counts, seed=1)


def test_many_recordings_are_drawn_in_blocks_with_the_same_result(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = recordings(6)
    whole = bootstrap.interval(counts)
    monkeypatch.setattr(bootstrap, "BLOCK_DRAWS", 7 * RECORDINGS)
    assert bootstrap.interval(counts) == whole


def test_a_true_difference_is_found() -> None:
    old = recordings(7, rate=0.2)
    new = [(errors * 0.9, words) for errors, words in old]
    change = bootstrap.paired(old, new)
    assert change is not None
    assert change.new == pytest.approx(0.9 * change.old)
    assert change.low < change.new - change.old < change.high < 0
    assert change.p_value < 0.001


def test_pairing_finds_what_two_intervals_would_not() -> None:
    """A tenth fewer errors everywhere is sure, although the recordings differ from each other by far more."""
    old = recordings(7)
    new = [(errors * 0.9, words) for errors, words in old]
    before, after = bootstrap.interval(old), bootstrap.interval(new)
    assert before is not None
    assert after is not None
    assert after.high > before.low


def null_p_values(experiments: int) -> list[float]:
    found = []
    for seed in range(experiments):
        change = bootstrap.paired(recordings(2 * seed), recordings(2 * seed + 1), resamples=500)
        assert change is not None
        found.append(change.p_value)
    return found


def test_where_there_is_no_difference_p_is_about_uniform() -> None:
    found = np.array(null_p_values(300))
    assert 0.02 <= (found < 0.05).mean() <= 0.10
    assert 0.44 <= found.mean() <= 0.56
    assert scipy.stats.kstest(found, "uniform").pvalue > 0.01


def test_the_same_results_twice_do_not_differ() -> None:
    counts = recordings(9)
    change = bootstrap.paired(counts, counts)
    assert change is not None
    assert (change.low, change.high, change.p_value) == (0.0, 0.0, 1.0)


@pytest.mark.parametrize(("count", "least"), [(1, 1.0), (2, 0.5), (5, 0.0625), (6, 0.03125)])
def test_a_few_recordings_cannot_be_significant(count: int, least: float) -> None:
    """That all of them changed alike happens by chance in two of 2**count cases."""
    change = bootstrap.paired([(1, 10)] * count, [(5, 10)] * count)
    assert change is not None
    assert change.p_value == least


def test_an_interval_without_zero_has_a_p_under_a_twentieth() -> None:
    """Both say the same, so that a table does not contradict itself; at the edge by a resample or two."""
    for seed in range(100):
        change = bootstrap.paired(recordings(seed, 0.2), recordings(seed + 1000, 0.24), resamples=2000)
        assert change is not None
        outside = change.low > 0 or change.high < 0
        assert outside == (change.p_value < 0.05) or change.p_value == pytest.approx(0.05, abs=0.003)


def test_runs_of_different_lengths_cannot_be_paired() -> None:
    with pytest.raises(ValueError, match="2 and 1 recordings"):
        bootstrap.paired([(1, 2), (1, 2)], [(1, 2)])
