"""GraphiQL in a real offline browser: a first use, from entering the key to live events."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from playwright.async_api import ConsoleMessage, Page, Route, async_playwright, expect

from tests.browser import ARGUMENTS, WAIT_MS, chromium_program
from tests.client import Client

pytestmark = pytest.mark.browser


class Ide:
    """GraphiQL as a person sees it, and what went wrong behind it."""

    def __init__(self, page: Page, host: str) -> None:
        self.page = page
        self.host = host
        self.foreign: list[str] = []
        self.complaints: list[str] = []
        #: Every host that was asked, and how; websockets among them, which no route sees.
        self.asked: set[tuple[str, str]] = set()
        page.on("request", lambda request: self._on_address(request.url))
        page.on("websocket", lambda socket: self._on_address(socket.url))
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _on_address(self, address: str) -> None:
        parts = urlsplit(address)
        if parts.scheme != "data":
            self.asked.add((parts.scheme, parts.netloc))

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    async def guard(self, route: Route) -> None:
        """Lets requests to the API pass, and nothing else."""
        address = urlsplit(route.request.url)
        if address.netloc == self.host or address.scheme == "data":
            await route.continue_()
        else:
            self.foreign.append(route.request.url)
            await route.abort()

    async def open(self) -> None:
        await self.page.route("**/*", self.guard)
        await self.page.goto(f"http://{self.host}/graphql", wait_until="networkidle")
        await expect(self.page.locator(".graphiql-container")).to_be_visible(timeout=WAIT_MS)

    async def write(self, editor: str, text: str) -> None:
        """Replaces what stands in the "Headers" or the "Variables" editor."""
        await self.page.get_by_role("button", name=editor, exact=True).click()
        field = self.page.get_by_role("region", name=editor, exact=True).locator(
            ".graphiql-editor:not(.hidden) .CodeMirror"
        )
        await field.click()
        await self.page.keyboard.press("ControlOrMeta+a")
        await self.page.keyboard.insert_text(text)

    async def run(self, operation: str) -> None:
        await self.page.get_by_role("button", name="Execute query").click()
        await self.page.get_by_role("menuitem", name=operation, exact=True).click()

    async def response(self, pattern: str) -> str:
        """Waits until the response pane shows it. Returns all that the pane holds."""
        held = "() => document.querySelector('.graphiql-response .CodeMirror').CodeMirror.getValue()"
        await self.page.wait_for_function(
            f"(pattern) => new RegExp(pattern).test(({held})())", arg=pattern, timeout=WAIT_MS
        )
        value: Any = await self.page.evaluate(held)
        return str(value)


@pytest.fixture
async def ide(api: str) -> AsyncIterator[Ide]:
    program = chromium_program()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        page = await browser.new_page(viewport={"width": 1400, "height": 900})
        opened = Ide(page, urlsplit(api).netloc)
        await opened.open()
        yield opened
        await browser.close()


async def test_it_loads_without_a_key_and_without_another_host(ide: Ide) -> None:
    await expect(ide.page.get_by_text("VoxLoom", exact=True)).to_be_visible()
    headers = ide.page.get_by_role("region", name="Headers", exact=True)
    await expect(headers).to_contain_text("Bearer YOUR_KEY")
    hint = ide.page.get_by_role("status").filter(has_text="API key")
    await expect(hint).to_be_visible(timeout=WAIT_MS)
    await expect(hint).to_contain_text("Replace YOUR_KEY in the Headers editor")
    await ide.response("requires an API key")
    assert ide.asked == {("http", ide.host)}
    assert ide.foreign == []
    assert ide.complaints == []


async def test_the_documentation_loads_with_the_key(ide: Ide, key: str) -> None:
    hint = ide.page.locator("#key-hint")
    await ide.page.get_by_role("button", name="Show Documentation Explorer").click()
    explorer = ide.page.locator(".graphiql-doc-explorer")
    await ide.write("Headers", '{"Authorization": "Bearer vxl_wrong"}')
    await ide.response("wrong or was revoked")
    await expect(hint).to_be_visible()
    await ide.write("Headers", f'{{"Authorization": "Bearer {key}"}}')
    await expect(explorer).to_contain_text("Mutation", timeout=WAIT_MS)
    await expect(explorer).to_contain_text("Subscription")
    await expect(hint).to_be_hidden()


async def test_the_first_conversation_holds(ide: Ide, key: str, client: Client, worker: None) -> None:
    await ide.write("Headers", f'{{"Authorization": "Bearer {key}"}}')
    await ide.run("OpenSession")
    opened = await ide.response('"status": "OPEN"')
    session_id = re.findall(r'"id": "([0-9a-f-]{36})"', opened)[0]

    await ide.write("Variables", f'{{"sessionId": "{session_id}"}}')
    await ide.run("Say")
    await ide.response('"status": "COMPLETED"')
    await ide.run("ReadConversation")
    await ide.response('"role": "ASSISTANT"')

    await ide.run("Watch")
    await ide.response('"__typename": "TurnCompleted"')
    await client.run("mutation($id: ID!) { endSession(input: {sessionId: $id}) { session { id } } }", id=session_id)
    await ide.response('"__typename": "SessionEnded"')
    assert ide.asked == {("http", ide.host), ("ws", ide.host)}
    assert ide.foreign == []
    assert ide.complaints == []


async def test_what_an_address_asks_is_filled_in_and_not_run(ide: Ide) -> None:
    query = "{ viewer { tenant } }"
    for _ in range(2):  # with the tabs of the first visit there too
        address = urlencode({"query": query, "variables": '{"a": 1}'})
        await ide.page.goto(f"http://{ide.host}/graphql?{address}", wait_until="networkidle")
        await expect(ide.page.get_by_role("region", name="Query Editor")).to_contain_text("tenant", timeout=WAIT_MS)
        for editor, text in ((".graphiql-query-editor", query), (".graphiql-editor-tool", '{"a": 1}')):
            editors = f"[...document.querySelectorAll('{editor} .CodeMirror')]"
            assert text in await ide.page.evaluate(f"() => {editors}.map((each) => each.CodeMirror.getValue())")
    assert ide.complaints == []


async def test_a_mistake_is_told_with_its_code(ide: Ide, key: str, client: Client) -> None:
    await ide.write("Headers", f'{{"Authorization": "Bearer {key}"}}')
    await ide.write("Variables", '{"sessionId": "00000000-0000-0000-0000-000000000000"}')
    await ide.run("ReadConversation")
    await ide.response('"code": "NOT_FOUND"')
    await ide.write("Variables", "{}")
    await ide.run("ReadConversation")
    await ide.response('"code": "BAD_USER_INPUT"')


async def test_a_subscription_without_a_valid_key_is_told_at_once(ide: Ide, client: Client) -> None:
    session_id = await client.create_session()
    await ide.write("Variables", f'{{"sessionId": "{session_id}"}}')
    await ide.run("Watch")
    await ide.response("4403")


async def test_new_headers_open_another_socket(ide: Ide, key: str, client: Client) -> None:
    session_id = await client.create_session()
    await ide.write("Variables", f'{{"sessionId": "{session_id}"}}')
    await ide.run("Watch")
    await ide.response("4403")
    await ide.write("Headers", f'{{"Authorization": "Bearer {key}"}}')
    await ide.run("Watch")
    turn = await client.send(session_id, {"text": "hello"})
    await ide.response('"__typename": "TurnQueued"')
    assert turn["status"] == "QUEUED"
