"""The React page, built by esbuild from the packages of tests/clients, in a real browser against a real server."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.async_api import async_playwright, expect

from graph.settings import ApiSettings
from tests.browser import ARGUMENTS, WAIT_MS, chromium_program
from tests.conftest import served
from tests.examples.pages import build, packages_of_clients
from tests.examples.programs import EXAMPLES

_PAGE = EXAMPLES / "react-page"


def test_its_packages_are_those_of_the_clients() -> None:
    wanted = json.loads((_PAGE / "package.json").read_text())["dependencies"]
    assert wanted.items() <= packages_of_clients().items()


@pytest.fixture(scope="module")
def page_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the page, as ``npm run build`` makes it."""
    folder = tmp_path_factory.mktemp("page")
    shutil.copy(_PAGE / "index.html", folder)
    build(_PAGE, folder / "main.js")
    return folder


@pytest.fixture
def page_address(page_files: Path) -> Iterator[str]:
    """Where the page is served, on another port than the API."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(page_files))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.mark.browser
@pytest.mark.usefixtures("worker")
async def test_a_conversation(page_address: str, api_settings: ApiSettings, key: str) -> None:
    program = chromium_program()
    settings = api_settings.model_copy(update={"cors_origins": (page_address,)})
    async with served(settings) as api, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        page = await browser.new_page()
        page.set_default_timeout(WAIT_MS)
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(page_address)
        await page.get_by_label("Address").fill(f"{api}/graphql")
        await page.get_by_placeholder("API key").fill(key)
        await page.get_by_role("button", name="Connect").click()
        await page.get_by_role("button", name="Start a conversation").click()
        for number, text in enumerate(("My bill is wrong.", "Thank you."), 1):
            await page.get_by_placeholder("Say something").fill(text)
            await page.get_by_role("button", name="Send").click()
            turn = page.get_by_role("listitem").nth(number - 1)
            await expect(turn).to_contain_text(f"You: {text}", timeout=WAIT_MS)
            await expect(turn).to_contain_text(f"Assistant: You said: {text} done", timeout=WAIT_MS)
            await expect(turn.locator("audio")).to_have_attribute("src", re.compile(f"^{api}/"))
        await browser.close()
    assert complaints == []
