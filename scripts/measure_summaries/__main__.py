"""Measures chapters, extractive summaries and the support of sentences, on talk of which the truth is known.

    python scripts/measure_summaries [chapters] [extracts] [support]

Needs `pip install '.[eval]'`; nltk, which rouge-score brings, has TextTiling. With `pip install sumy` its LexRank is
measured, too. The texts are in `texts.py`, made-up talk comes from `earwitness synth`. Takes a few minutes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import extracting
import supporting
import topics

TABLES: dict[str, tuple[str, Callable[[], Iterator[str]]]] = {
    "chapters": ("| talk | method | Pk | WindowDiff | chapters for each |\n|---|---|---|---|---|", topics.table),
    "extracts": (
        "| talk | method | ROUGE-1 | ROUGE-2 | ROUGE-L | words covered | topics covered |\n" + 7 * "|---" + "|",
        extracting.table,
    ),
    "support": ("| what is wrong | claims | found |\n|---|---|---|", supporting.table),
}


def main(names: list[str]) -> int:
    """Prints the tables of the given names, or all."""
    unknown = [name for name in names if name not in TABLES]
    if unknown:
        print(f"there is no table {', '.join(unknown)}; there are {', '.join(TABLES)}", file=sys.stderr)
        return 2
    for name in names or TABLES:
        head, lines = TABLES[name]
        print(head)
        for line in lines():
            print(line, flush=True)
        print()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
