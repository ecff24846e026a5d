"""The GraphiQL page and its files, without a browser."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import httpx
import pytest
from graphql import build_schema, parse, validate

from graph.api.schema import printed_schema

_STATIC = Path(__file__).parents[3] / "graph" / "static"
_OWN = ("graphiql.html", "graphiql.js", "graphiql.css")
_ROW = re.compile(r"^\| `([^`]+)` \|.*\| `([0-9a-f]{64})` \|$", re.MULTILINE)


async def test_a_browser_gets_the_page_without_a_key(api: str) -> None:
    async with httpx.AsyncClient(base_url=api, follow_redirects=True) as http:
        page = await http.get("/graphql", headers={"Accept": "text/html"})
        assert page.status_code == 200
        assert "default-src 'none'" in page.text
        wanted = re.findall(r'(?:src|href)="(static/[^"]+)"', page.text)
        assert len(wanted) == 7
        for path in [*wanted, "static/first_conversation.graphql"]:
            assert (await http.get(path)).status_code == 200, path


@pytest.mark.parametrize("name", _OWN)
def test_the_page_names_no_other_host(name: str) -> None:
    assert re.findall(r"(?:https?:|wss?:)?//[\w-]+(?:\.[\w-]+)+", (_STATIC / name).read_text()) == []


def test_vendored_files_are_those_that_the_table_tells() -> None:
    told = dict(_ROW.findall((_STATIC / "README.md").read_text()))
    files = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in (_STATIC / "vendor").iterdir()}
    assert told == files


def test_the_first_conversation_fits_the_schema() -> None:
    document = parse((_STATIC / "first_conversation.graphql").read_text())
    assert validate(build_schema(printed_schema()), document) == []


def test_the_key_is_not_kept_in_the_browser_unless_its_user_asks() -> None:
    script = (_STATIC / "graphiql.js").read_text()
    assert "shouldPersistHeaders: false" in script
    assert "localStorage" not in script
