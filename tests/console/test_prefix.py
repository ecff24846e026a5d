"""The console below a path of a host that it shares, behind a reverse proxy that takes the path off."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import expect

from db.commands.sign_in import create_sign_in_token
from graph.cli.address import sign_in_link
from graph.settings import ApiSettings
from inference.engines.fake.chat import FakeChatModel
from inference.engines.fake.synthesizer import FakeSynthesizer
from inference.engines.fake.transcriber import FakeTranscriber
from tests.conftest import cloned, lent, working
from tests.console.page import ConsolePage
from tests.console.prefix_proxy import below
from tests.graph.edge import Edge, opened
from tests.graph.voice.process import free_port

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

_PREFIX = "/voice"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def edge(postgres: str) -> AsyncIterator[Edge]:
    """An API and a worker with fake engines; ``address``: below a path of the proxy."""
    port = free_port()
    address = f"http://127.0.0.1:{port}{_PREFIX}"
    async with (
        cloned(postgres) as url,
        opened(url, public_url=f"{address}/") as running,
        working(running.database, lent(FakeTranscriber(), FakeChatModel(), FakeSynthesizer())),
        below(_PREFIX, port, urlsplit(running.address).port or 0),
    ):
        yield Edge(address, running.database, url)


async def test_it_works_below_a_path(edge: Edge, console: ConsolePage) -> None:
    async with edge.database.transaction() as session:
        token = await create_sign_in_token(session, tenant="acme")
    page = console.page
    answers: dict[str, int] = {}
    page.on("response", lambda response: answers.update({urlsplit(response.url).path: response.status}))
    await page.goto(sign_in_link(ApiSettings(public_url=f"{edge.address}/", api_key=None), token))
    await console.heading("Talk")
    await expect(page).to_have_url(f"{edge.address}/")
    await page.get_by_label("Write to the agent").fill("hello")
    await page.keyboard.press("Enter")
    await expect(page.locator(".said-assistant")).to_contain_text("You said: hello")
    await page.get_by_role("button", name="Open in Conversations").click()
    await expect(page.locator(".clip[data-loaded]")).to_have_count(1)  # the recording, by its signed link
    address = page.url
    assert address.startswith(f"{edge.address}/conversations/")
    await page.reload()
    await expect(page.get_by_role("article")).to_contain_text("You said: hello")
    for view in ("Conversations", "Agents", "Overview", "Keys", "Talk"):
        await page.get_by_role("navigation").get_by_role("link", name=view).click()
        await console.heading(view)
        await expect(page).to_have_url(f"{edge.address}/{view.lower()}")
    await page.get_by_role("button", name="Preferences").click()
    for link in await page.get_by_role("dialog").get_by_role("link").all():
        assert (await link.get_attribute("href") or "").startswith(f"{_PREFIX}/")
    assert {path: status for path, status in answers.items() if status >= 400 or not path.startswith(_PREFIX)} == {}


async def test_graphiql_works_below_a_path(edge: Edge, console: ConsolePage) -> None:
    await console.open("/graphql")
    await expect(console.page.locator(".graphiql-container")).to_be_visible()


async def test_the_page_names_its_path_without_breaking_out_of_it(edge: Edge) -> None:
    hostile = 'http://127.0.0.1/a"><script>alert(1)</script>'
    async with (
        opened(edge.url, public_url=hostile) as running,
        httpx.AsyncClient(base_url=running.address, headers={"Accept": "text/html"}) as client,
    ):
        body = (await client.get("/")).text
    assert "<script>alert" not in body
    assert 'data-prefix="/a&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"' in body
