"""The recipes in docs/ are the code that the tests run."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[1]
_LANGUAGES = {".mjs": "js", ".py": "python"}
#: A comment that names a file and a part of it, and the code block that follows.
_BLOCK = re.compile(r"<!-- (\S+): (\w+) -->\n\n```(\w+)\n(.*?)```", re.DOTALL)
_PAGES = ["resuming.md"]


def recipe(path: str, name: str) -> str:
    """What stands between the line "recipe: NAME" and the next line "end", in a comment each."""
    text = (_ROOT / path).read_text()
    found = re.search(rf"^ *(?://|#) recipe: {name}\n(.*?)^ *(?://|#) end$", text, re.DOTALL | re.MULTILINE)
    assert found is not None, f"{path} has no recipe {name}"
    return textwrap.dedent(found[1])


@pytest.mark.parametrize("page", _PAGES)
def test_a_page_shows_what_is_tested(page: str) -> None:
    text = (_ROOT / "docs" / page).read_text()
    blocks = _BLOCK.findall(text)
    assert len(blocks) == text.count("<!-- ")
    for path, name, language, code in blocks:
        assert language == _LANGUAGES[Path(path).suffix]
        assert code.strip() == recipe(path, name).strip(), f"{page}: {path}, {name}"
