"""Measures as people read them: rates in percent, changes in points, and a verdict only where chance is unlikely."""

from __future__ import annotations

from typing import Literal

from earwitness.evaluation.measures import MEASURES
from earwitness.evaluation.results import Difference

SIGNIFICANT = 0.05

Verdict = Literal["better", "worse", "may be chance", "the same"]


def percent(share: float, digits: int = 1) -> str:
    """A share of one in percent.

    >>> percent(0.0834), percent(12.5)
    ('8.3 %', '1,250.0 %')
    """
    return f"{100 * share:,.{digits}f} %"


def number(measure: str, value: float) -> str:
    """The value of one of `measures.MEASURES`.

    >>> number("wer", 0.0834), number("real_time_factor", 0.0834)
    ('8.3 %', '0.083')
    """
    return percent(value) if MEASURES[measure].percent else f"{value:.3f}"


def between(measure: str, low: float, high: float) -> str:
    """An interval of a measure.

    >>> between("wer", 0.071, 0.0962)
    '7.1 to 9.6 %'
    """
    return f"{number(measure, low).removesuffix(' %')} to {number(measure, high)}"


def signed(measure: str, change: float) -> str:
    """A change of a measure: in percentage points, or in its own unit where it is no percentage.

    >>> signed("wer", -0.012), signed("real_time_factor", 0.0049), signed("wer", -0.0001)
    ('−1.2', '+0.005', '0.0')
    """
    said = f"{100 * change:+.1f}" if MEASURES[measure].percent else f"{change:+.3f}"
    return said.replace("-", "−") if float(said) else said[1:]


def p_value(value: float) -> str:
    """
    >>> p_value(0.0342), p_value(0.0002)
    ('0.034', '< 0.001')
    """
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def verdict(difference: Difference) -> Verdict:
    """`better` and `worse` only where chance is an unlikely reason."""
    if not difference.better and not difference.worse:
        return "the same"
    if difference.p_value >= SIGNIFICANT:
        return "may be chance"
    rose = difference.new > difference.old
    return "better" if rose == MEASURES[difference.measure].more_is_better else "worse"
