"""Modules as one script."""

from __future__ import annotations

import pytest

from earwitness.exports.bundle import bundle


def test_a_module_that_two_import_stands_once_and_before_them() -> None:
    modules = {
        "main.js": 'import { b } from "./b.js";\nimport { c as see } from "./c.js";\nb();\n',
        "b.js": 'import { c } from "./c.js";\nexport const b = () => c();\n',
        "c.js": "class C {}\nfunction c() {}\nexport { C, c };\n",
    }
    script = bundle("main.js", modules.__getitem__)
    assert script.count("class C {}") == 1
    assert script.index("class C {}") < script.index("const b = ") < script.index("\nb();")
    assert "const { c: see } = m0;" in script


@pytest.mark.parametrize("line", ['import x from "./c.js";', "export default 3;", 'const later = import("./c.js");'])
def test_what_is_not_understood_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="cannot be bundled"):
        bundle("a.js", {"a.js": f"{line}\n"}.__getitem__)
