"""Measures chapters, extractive summaries and the support of sentences, on talk of which the truth is known.

    python scripts/measure_summaries [chapters] [extracts] [support] [paraphrases]

Needs `pip install '.[eval]'`; nltk, which rouge-score brings, has TextTiling. With `pip install sumy` its LexRank is
measured, too; so is what a model of sentences adds to the last three, as in `support:MODEL`, a folder or a hub id. The
texts are in `texts.py`, made-up talk comes from `earwitness synth`. Takes a few minutes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import extracting
import paraphrases
import supporting
import topics

TABLES: dict[str, tuple[str, Callable[..., Iterator[str]]]] = {
    "chapters": ("| talk | method | Pk | WindowDiff | chapters for each |\n|---|---|---|---|---|", topics.table),
    "extracts": (
        "| talk | method | ROUGE-1 | ROUGE-2 | ROUGE-L | words covered | topics covered |\n" + 7 * "|---" + "|",
        extracting.table,
    ),
    "support": ("| what is wrong | claims | found |\n|---|---|---|", supporting.table),
    "paraphrases": ("| sentences | number | pass by words | pass |\n" + 4 * "|---" + "|", paraphrases.table),
}


def main(names: list[str]) -> int:
    """Prints the tables of the given names, or all."""
    asked = [name.partition(":") for name in names or TABLES]
    unknown = [name for name, _, _ in asked if name not in TABLES]
    if unknown:
        print(f"there is no table {', '.join(unknown)}; there are {', '.join(TABLES)}", file=sys.stderr)
        return 2
    for name, _, model in asked:
        head, lines = TABLES[name]
        print(head)
        for line in lines(*filter(None, [model])):
            print(line, flush=True)
        print()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
