"""One page that says how good a run was: figures with intervals, plots, timelines, every recording and every error.

Everything is inside it, nothing is fetched, and the only script is its own, which sorts tables. The page's frame,
style and script are `report.html`, `report.css` (after `exports/base.css`) and `report.js` beside this file.
"""

from __future__ import annotations

import re

from earwitness.evaluation.report import changes, headline, probabilities, recordings, speed, summaries, voices, words
from earwitness.evaluation.results import Comparison, Evaluation
from earwitness.exports import frame
from earwitness.exports.frame import escape

_HEADING = re.compile(r'<h2 id="(\w+)-t">([^<]+)</h2>')


def render(evaluation: Evaluation, comparison: Comparison | None = None) -> bytes:
    """The page, UTF-8; the same values make the same bytes. Sections that have nothing to say are left out.

    Args:
        evaluation: what was measured.
        comparison: what changed since another evaluation.

    Raises:
        ExtraError: matplotlib is not installed.
    """
    sections = [
        headline.totals(evaluation),
        changes.changes(comparison),
        headline.measured(evaluation),
        headline.groups(evaluation),
        words.words(evaluation),
        voices.voices(evaluation),
        probabilities.calibration(evaluation),
        summaries.summaries(evaluation),
        speed.speed(evaluation),
        recordings.recordings(evaluation),
        recordings.warnings(evaluation),
        words.places(evaluation),
    ]
    content = "\n".join(filter(None, sections))
    return frame.page(
        __package__,
        "report",
        title=escape(evaluation.name) or "Evaluation",
        facts=headline.facts(evaluation),
        failures=headline.failures(evaluation),
        contents="".join(f'<li><a href="#{key}">{title}</a></li>' for key, title in _HEADING.findall(content)),
        sections=content,
    )
