"""The documentation: its recipes are the code that the tests run, its links lead somewhere, the files it names exist,
and its generated pages are what the code says."""

from __future__ import annotations

import json
import re
import textwrap
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest
from graphql import GraphQLSchema, build_schema, parse, validate

_ROOT = Path(__file__).parents[1]
_LANGUAGES = {".js": "js", ".mjs": "js", ".py": "python"}
#: A comment that names a file and a part of it, and the code block that follows.
_BLOCK = re.compile(r"<!-- (\S+): (\w+) -->\n\n```(\w+)\n(.*?)```", re.DOTALL)
_RECIPES = ["how-to/resume-subscriptions.md", "how-to/call-from-a-browser.md"]

_DOCS = _ROOT / "docs"
_PAGES = sorted(
    [*_ROOT.glob("*.md"), *_ROOT.glob(".github/**/*.md"), *_ROOT.glob("examples/**/README.md"), *_DOCS.rglob("*.md")]
)
_PAGES = [each for each in _PAGES if "node_modules" not in each.parts]
#: Pages that say what was true on a date, of files that may have moved since.
_DATED = [each for each in _PAGES if each.parent.name == "decisions" or each.name == "CHANGELOG.md"]

_FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`\n]+)`")
#: A path of the repository within code: a folder of ours, and what follows.
_PATH = re.compile(
    r"(?<![\w./:-])((?:db|graph|inference|migrations|tests|docs|examples|requirements|\.github|\.devcontainer|\.ci)/[\w./*-]*)"
)
#: A name, and the file that has it: `name` in `file`, or `file` (`name`).
_NAMED_IN = re.compile(r"`([\w.]+)` in\s+`([\w./]+\.py)`|`([\w./]+\.py)`\s+\(`([\w.]+)`\)")
#: What a page may tell a reader to type, or to set.
_TARGET = re.compile(r"\bmake (\.?[a-z][\w./-]*)")
_MODULE = re.compile(r"python -m ((?:tests|inference|graph)[\w.]*)")
_SETTING = re.compile(r"\bVOXLOOM_[A-Z0-9_]*[A-Z0-9]\b")
#: GraphQL in a block of its own, and in the JSON of a command.
_GRAPHQL = re.compile(r"^```graphql\n(.*?)^```", re.DOTALL | re.MULTILINE)
_QUERY = re.compile(r""""query": ("(?:[^"\\]|\\.)*")|query=([^']+)""")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)

_MAKEFILE = (_ROOT / "Makefile").read_text()
_EXAMPLE = (_ROOT / ".env.example").read_text()

README_LINES = 200


# What takes seconds is made by the process that runs these tests, not by each that collects them.
@cache
def _schema() -> GraphQLSchema:
    return build_schema((_ROOT / "graph" / "schema.graphql").read_text())


@cache
def _generated() -> dict[str, str]:
    from tests.reference.pages import generated_pages

    return generated_pages()


def _name(page: Path) -> str:
    return str(page.relative_to(_ROOT))


def recipe(path: str, name: str) -> str:
    """What stands between the line "recipe: NAME" and the next line "end", in a comment each."""
    text = (_ROOT / path).read_text()
    found = re.search(rf"^ *(?://|#) recipe: {name}\n(.*?)^ *(?://|#) end$", text, re.DOTALL | re.MULTILINE)
    assert found is not None, f"{path} has no recipe {name}"
    return textwrap.dedent(found[1])


@pytest.mark.parametrize("page", _RECIPES)
def test_a_page_shows_what_is_tested(page: str) -> None:
    text = (_DOCS / page).read_text()
    blocks = _BLOCK.findall(text)
    assert len(blocks) == text.count("<!-- ")
    for path, name, language, code in blocks:
        assert language == _LANGUAGES[Path(path).suffix]
        assert code.strip() == recipe(path, name).strip(), f"{page}: {path}, {name}"


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub and MkDocs give the headings of a page."""
    headings = _HEADING.findall(_FENCE.sub("", page.read_text()))
    return {re.sub(r"[^\w\s-]", "", each.lower()).strip().replace(" ", "-") for each in headings}


@pytest.mark.parametrize("page", _PAGES, ids=_name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in _LINK.findall(_FENCE.sub("", page.read_text())):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{_name(page)} links to {link}"
        if anchor:
            assert anchor in anchors(target), f"{_name(page)} links to {link}"
        if page.is_relative_to(_DOCS):  # else the site has a dead link where the repository has none
            assert target.is_relative_to(_DOCS), f"{_name(page)} links to {link}: name the file, as code"


@pytest.mark.parametrize("page", [each for each in _PAGES if each not in _DATED], ids=_name)
def test_named_files_exist(page: Path) -> None:
    for code in _CODE.findall(_FENCE.sub("", page.read_text())):
        for path in _PATH.findall(code):
            assert any(_ROOT.glob(path.rstrip("."))), f"{_name(page)} names {path}"


def test_named_files_have_the_names_that_the_tour_says() -> None:
    named = _NAMED_IN.findall((_DOCS / "explanation" / "tour.md").read_text())
    assert len(named) > 5
    for name, path, same_path, same_name in named:
        text = (_ROOT / (path or same_path)).read_text()
        assert re.search(rf"\b{(name or same_name).rpartition('.')[2]}\b", text), (
            f"{name or same_name}: {path or same_path}"
        )


@pytest.mark.parametrize("page", [each for each in _PAGES if each not in _DATED], ids=_name)
def test_named_commands_and_settings_exist(page: Path) -> None:
    text = page.read_text()
    targets = set(re.findall(r"^([\w./-]+):", _MAKEFILE, re.MULTILINE)) | {".venv/dev.stamp"}
    for code in [*_CODE.findall(_FENCE.sub("", text)), *_FENCE.findall(text)]:
        assert set(_TARGET.findall(code)) <= targets, _name(page)
        for module in _MODULE.findall(code):
            assert find_spec(module), f"{_name(page)} names {module}"
    if not page.is_relative_to(_ROOT / "examples"):  # they have settings of their own
        assert set(_SETTING.findall(text)) <= set(_SETTING.findall(_EXAMPLE)), _name(page)


@pytest.mark.parametrize("page", _PAGES, ids=_name)
def test_documents_are_valid(page: Path) -> None:
    text = page.read_text()
    commands = [json.loads(quoted) if quoted else plain for quoted, plain in _QUERY.findall(text)]
    for document in [*_GRAPHQL.findall(text), *commands]:
        assert validate(_schema(), parse(document)) == [], document


def test_generated_pages_are_current() -> None:
    stale = [
        path for path, text in _generated().items() if not (_DOCS / path).exists() or (_DOCS / path).read_text() != text
    ]
    assert stale == [], "run: make reference"


def test_no_generated_page_is_left_over() -> None:
    there = {str(each.relative_to(_DOCS)) for each in (_DOCS / "reference" / "graphql").iterdir()}
    assert there <= set(_generated())


def test_every_page_can_be_found() -> None:
    """From the index of the documentation, by links."""
    found, waiting = set[Path](), [_DOCS / "index.md"]
    while waiting:
        page = waiting.pop()
        if page in found:
            continue
        found.add(page)
        links = (link.partition("#")[0] for link in _LINK.findall(_FENCE.sub("", page.read_text())))
        waiting += [(page.parent / each).resolve() for each in links if each.endswith(".md") and ":" not in each]
    assert {each for each in _PAGES if each.is_relative_to(_DOCS)} <= found


def test_every_page_is_in_the_navigation() -> None:
    navigation = (_ROOT / "mkdocs.yml").read_text()
    pages = {str(each.relative_to(_DOCS)) for each in _PAGES if each.is_relative_to(_DOCS) and each not in _DATED}
    assert {each for each in pages if each not in navigation} == set()


def test_the_readme_is_short() -> None:
    assert len((_ROOT / "README.md").read_text().splitlines()) <= README_LINES
