"""ES modules as one script: a page that is a file cannot load others.

Only what our own modules use is understood: `import { a, b } from "./x.js";` and `export` before a declaration or with
a list of names, each on a line of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from posixpath import dirname, join, normpath

_IMPORT = re.compile(r'^import \{ ([^}]*) \} from "([^"]+)";\n', re.MULTILINE)
_DECLARED = re.compile(r"^export ((?:async )?(?:function|class|const|let) (\w+))", re.MULTILINE)
_LISTED = re.compile(r"^export \{ ([^}]*) \};\n", re.MULTILINE)
_LEFT = re.compile(r"^(?:import|export)\b|\bimport\(", re.MULTILINE)


def bundle(entry: str, read: Callable[[str], str]) -> str:
    """The script that a module and all that it imports make, each once, after what it imports.

    Args:
        entry: the path of the module.
        read: gives the text of the module at a path.

    Raises:
        ValueError: a module imports or exports in a way that is not understood.

    >>> modules = {"a.js": 'import { f } from "./b/c.js";\\nf();\\n', "b/c.js": "export function f() {}\\n"}
    >>> print(bundle("a.js", modules.__getitem__))
    "use strict";
    const m0 = (() => {
    function f() {}
    return { f };
    })();
    const m1 = (() => {
    const { f } = m0;
    f();
    return {  };
    })();
    <BLANKLINE>
    """
    made: dict[str, str] = {}
    numbers: dict[str, int] = {}

    def add(path: str) -> None:
        if path in numbers:
            return
        text = read(path)
        wanted = {found: normpath(join(dirname(path), found)) for _, found in _IMPORT.findall(text)}
        for other in wanted.values():
            add(other)
        numbers[path] = len(numbers)
        body = _body(path, text, {found: numbers[other] for found, other in wanted.items()})
        made[path] = f"const m{numbers[path]} = (() => {{\n{body}}})();\n"

    add(entry)
    return '"use strict";\n' + "".join(made.values())


def _body(path: str, text: str, numbers: dict[str, int]) -> str:
    names = [name for _, name in _DECLARED.findall(text)]
    names += [name.strip() for listed in _LISTED.findall(text) for name in listed.split(",")]
    text = _IMPORT.sub(lambda found: f"const {{ {found[1].replace(' as ', ': ')} }} = m{numbers[found[2]]};\n", text)
    text = _LISTED.sub("", _DECLARED.sub(r"\1", text))
    if left := _LEFT.search(text):
        raise ValueError(f"{path}: {text[left.start() :].partition(chr(10))[0]!r} cannot be bundled")
    return f"{text}return {{ {', '.join(names)} }};\n"
