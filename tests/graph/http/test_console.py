"""The web console's page and files: paths, caching, compression, security headers."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from graph import app
from graph.http.console import VIEWS, add_console
from tests.conftest import cloned
from tests.graph.edge import Edge, opened

pytestmark = pytest.mark.asyncio(loop_scope="module")

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
SCRIPT = "export const words = [" + '"word", ' * 400 + "];\n"
PAGES = [each.format(session_id="0192", name="billing_agent") for each in VIEWS]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files as the console's build writes them."""
    made = tmp_path_factory.mktemp("served")
    (made / "chunks").mkdir()
    (made / "index.html").write_text("<!doctype html><title>VoxLoom</title>" + "<p>text</p>" * 200)
    (made / "app.js").write_text(SCRIPT)
    (made / "chunks" / "editor-ABCD2345.js").write_text(SCRIPT)
    (made / "icon.svg").write_text("<svg/>")
    (made.parent / "secret.txt").write_text("not for all")
    return made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def edge(postgres: str, folder: Path) -> AsyncIterator[Edge]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "add_console", partial(add_console, folder=folder))
        async with cloned(postgres) as url, opened(url, voice_port=8123) as running:
            yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def http(edge: Edge) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=edge.address, headers={"Accept": BROWSER}) as client:
        yield client


@pytest.mark.parametrize("path", PAGES)
async def test_a_browser_gets_the_page_at_each_view_without_a_key(http: httpx.AsyncClient, path: str) -> None:
    page = await http.get(path)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "<title>VoxLoom</title>" in page.text
    assert page.headers["cache-control"] == "no-cache"
    head = await http.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-security-policy"] == page.headers["content-security-policy"]
    assert (await http.options(path)).headers["allow"] == "GET, HEAD, OPTIONS"
    assert (await http.post(path)).status_code == 405


async def test_the_page_is_for_browsers(http: httpx.AsyncClient) -> None:
    root = await http.get("/", headers={"Accept": "*/*"})
    assert (root.status_code, root.headers["location"]) == (307, "graphql")
    other = await http.get("/talk", headers={"Accept": "application/json"})
    assert other.status_code == 404
    assert "Accept: text/html" in other.text
    assert "Accept" in root.headers["vary"]


async def test_a_wrong_address_is_the_page_for_browsers_and_json_for_programs(http: httpx.AsyncClient) -> None:
    for path in ("/converstions", "/conversations/0192/more"):
        page = await http.get(path)
        assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
        assert "<title>VoxLoom</title>" in page.text
        assert "script-src 'self'" in page.headers["content-security-policy"]
        program = await http.get(path, headers={"Accept": "application/json"})
        assert (program.status_code, program.json()) == (404, {"detail": "Not Found"})


async def test_nothing_runs_but_the_servers_own_files(http: httpx.AsyncClient) -> None:
    page = await http.get("/talk")
    policy = dict(each.split(" ", 1) for each in page.headers["content-security-policy"].split("; "))
    host = f"{http.base_url.host}:{http.base_url.port}"
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["connect-src"].split() == ["'self'", f"http://{host}", f"ws://{http.base_url.host}:8123"]
    assert page.headers["permissions-policy"].startswith("microphone=(self)")
    assert page.headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize("host", ["evil.example; script-src *", "a b", "x, y", "evil'unsafe-inline'", "[::1]x"])
async def test_a_host_name_adds_no_directive(http: httpx.AsyncClient, host: str) -> None:
    page = await http.get("/", headers={"Host": host})
    assert page.status_code in (200, 400)
    if page.status_code == 200:
        policy = page.headers["content-security-policy"]
        assert policy.count("script-src") == 1
        assert "evil" not in policy
        assert "unsafe" not in policy


async def test_files_are_cached_by_their_names(http: httpx.AsyncClient) -> None:
    plain = await http.get("/console/app.js")
    hashed = await http.get("/console/chunks/editor-ABCD2345.js")
    assert (plain.text, hashed.text) == (SCRIPT, SCRIPT)
    assert plain.headers["content-type"] == "text/javascript; charset=utf-8"
    assert plain.headers["cache-control"] == "no-cache"
    assert hashed.headers["cache-control"] == "public, max-age=31536000, immutable"
    for path in ("/console/app.js", "/talk"):
        first = await http.get(path)
        again = await http.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]


async def test_files_are_sent_compressed_to_whoever_accepts_it(http: httpx.AsyncClient) -> None:
    async with http.stream("GET", "/console/app.js", headers={"Accept-Encoding": "gzip"}) as packed:
        raw = b"".join([each async for each in packed.aiter_raw()])
    plain = await http.get("/console/app.js", headers={"Accept-Encoding": "identity"})
    assert gzip.decompress(raw) == plain.content == SCRIPT.encode()
    assert len(raw) < len(plain.content) / 3
    assert packed.headers["etag"] != plain.headers["etag"]
    assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
    small = await http.get("/console/icon.svg", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in small.headers


@pytest.mark.parametrize(
    "path",
    ["none.js", "", "index.html", "chunks", "chunks/", "../secret.txt", "..%2fsecret.txt", "%2e%2e/secret.txt", "//"],
)
async def test_no_other_file_is_served(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.get(f"/console/{path}")
    assert answer.status_code == 404
    assert "not for all" not in answer.text


async def test_a_missing_build_is_said(postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "add_console", partial(add_console, folder=tmp_path / "none"))
    async with cloned(postgres) as url, opened(url) as edge, httpx.AsyncClient(base_url=edge.address) as http:
        page = await http.get("/", headers={"Accept": BROWSER})
        assert page.status_code == 404
        assert "make console" in page.text
