"""The console in a real browser, as a person uses it, and what went wrong behind it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright, expect

from tests.browser import ARGUMENTS, WAIT_MS, chromium_program
from tests.client import Client

CONSOLE = Path(__file__).parents[2] / "graph" / "console"

_AXE = CONSOLE / "node_modules" / "axe-core" / "axe.min.js"

#: Faults of these impacts fail a test (of: minor, moderate, serious, critical).
_SERIOUS = ("serious", "critical")

#: The page tells the console's errors of its policy here; the browser's own message has no details.
_WATCH_POLICY = """
addEventListener('securitypolicyviolation', (event) =>
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));
"""


def key_of(client: Client) -> str:
    """The API key of a client."""
    return client.headers["Authorization"].removeprefix("Bearer ")


@asynccontextmanager
async def chromium(*arguments: str) -> AsyncIterator[Browser]:
    """A browser that reaches this machine alone; skips the test where there is none."""
    program = chromium_program()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=[*ARGUMENTS, *arguments])
        try:
            yield browser
        finally:
            await browser.close()


class ConsolePage:
    """``complaints``: errors and warnings of the page. ``hosts``: all that it asked, websockets among them."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        self.complaints: list[str] = []
        self.hosts: set[str] = set()
        page.set_default_timeout(WAIT_MS)
        page.on("request", lambda request: self._asked(request.url))
        page.on("websocket", lambda socket: self._asked(socket.url))
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _asked(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob"):
            self.hosts.add(parts.netloc)

    def _said(self, message: ConsoleMessage) -> None:
        # A refused request is the page's business, which shows it in words.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    async def open(self, path: str = "/") -> None:
        await self.page.goto(self.address + path)

    async def sign_in(self, key: str, path: str = "/") -> None:
        """Opens a view with the key pasted, as a person does."""
        await self.open(path)
        await self.page.get_by_label("API key").fill(key)
        await self.page.get_by_role("button", name="Sign in").click()
        await expect(self.page.get_by_role("navigation")).to_be_visible()

    async def heading(self, text: str) -> None:
        await expect(self.page.get_by_role("heading", level=1)).to_have_text(text)

    async def axe(self) -> list[str]:
        """Serious faults of accessibility on what is shown. Skips the test where axe is not installed."""
        if not _AXE.exists():
            pytest.skip("axe-core is not installed: npm ci in graph/console")
        await self.page.evaluate(_AXE.read_text())  # evaluated by the debugger: a policy for scripts does not apply
        found: dict[str, Any] = json.loads(
            await self.page.evaluate(
                "async () => JSON.stringify(await axe.run(document, {resultTypes: ['violations']}))"
            )
        )
        return [
            f"{fault['id']} ({fault['impact']}): {fault['help']}: {[node['html'] for node in fault['nodes']]}"
            for fault in found["violations"]
            if fault["impact"] in _SERIOUS
        ]


@asynccontextmanager
async def console_page(browser: Browser, address: str, **context: Any) -> AsyncIterator[ConsolePage]:
    """A page in a new profile of the browser; ``context``: as Playwright's ``new_context``."""
    profile = await browser.new_context(**{"locale": "en-GB", "timezone_id": "Europe/Berlin", **context})
    try:
        page = await profile.new_page()
        await page.add_init_script(_WATCH_POLICY)
        yield ConsolePage(page, address)
    finally:
        await profile.close()
