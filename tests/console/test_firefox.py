"""The console in Firefox: sign-in, conversations, Talk with typed words and with a microphone."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.client import Client
from tests.conftest import cloned
from tests.console.firefox import Firefox, firefox, firefox_program
from tests.console.page import key_of
from tests.graph.edge import Edge, opened
from tests.graph.voice.process import free_port, voice_process

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

#: Without an audio device Firefox never begins to play.
_PLAYS = """Promise.race([new AudioContext().resume().then(() => true),
  new Promise((resolve) => setTimeout(() => resolve(false), 3000))])"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def edge(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Edge]:
    """The API, and the voice process, which takes the queued turns too."""
    firefox_program()
    log, port = tmp_path_factory.mktemp("voice") / "voice.log", free_port()
    async with (
        cloned(postgres) as url,
        voice_process(url, log, VOXLOOM_VOICE_PORT=str(port), VOXLOOM_FAKE_HEARD="hello"),
        opened(url, voice_url=f"ws://127.0.0.1:{port}") as running,
    ):
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def page(edge: Edge, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Firefox]:
    async with firefox(tmp_path_factory.mktemp("firefox") / "profile") as running:
        yield running


async def test_a_person_signs_in_talks_and_finds_the_conversation(edge: Edge, page: Firefox, acme: Client) -> None:
    await page.open(f"{edge.address}/talk")
    await page.until("document.querySelector('input[type=password], form input')")
    await page.evaluate("document.querySelector('input[type=password], form input').focus()")
    await page.type(f"{key_of(acme)}\n")
    await page.until("document.querySelector('.composer textarea:not(:disabled)')")
    await page.evaluate("document.querySelector('.composer textarea').focus()")
    await page.type("good morning\n")
    await page.shows("You said: good morning")
    await page.click("Start talking" if await page.evaluate("!location.search") else "Call in this conversation")
    if not await page.evaluate(_PLAYS):
        await page.shows("The browser cannot play sound")
        pytest.skip("Firefox finds no audio device here: the call was not tried")
    await page.shows("Hang up")
    await page.until("document.querySelector('[role=meter]').getAttribute('aria-valuenow') !== '0'")
    await page.shows("How can I help you?")
    await page.click("Hang up")
    await page.shows("You hung up.")
    await page.click("Open in Conversations")
    await page.until("document.querySelector('article.turn')")
    await page.shows("You said: good morning")
    await page.until("document.querySelectorAll('.clip[data-loaded]').length > 0")
    for view in ("conversations", "agents", "overview", "keys"):
        await page.open(f"{edge.address}/{view}")
        await page.until("document.querySelector('main h1') && !document.querySelector('[role=alert].notice-bad')")
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.complaints == []
