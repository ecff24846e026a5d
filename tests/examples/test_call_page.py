"""The page that calls, in a real browser with a recording for a microphone; API, tokens and call are the real ones, on
Postgres, the models are fakes."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from playwright.async_api import async_playwright, expect

from db.commands.keys import server_secret
from db.postgres.database import Database
from graph.guards.call_tokens import CALL_TOKEN_SECRET
from graph.settings import ApiSettings
from inference.ports import ChatRequest, Samples
from tests.browser import ARGUMENTS, WAIT_MS, chromium_program
from tests.conftest import served
from tests.examples.pages import build, packages_of_clients
from tests.examples.programs import EXAMPLES, started
from tests.graph.voice.realtime.desk import Desk, desk
from tests.graph.voice.realtime.fakes import served as voice_served
from tests.inference.live.fakes import FakeRecognizer

_PAGE = EXAMPLES / "call-page"
_SPEECH = Path(__file__).parents[1] / "audio" / "jfk.wav"

_MICROPHONE = [
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    f"--use-file-for-fake-audio-capture={_SPEECH}%noloop",
]


def read(samples: Samples) -> str:
    return "my bill is wrong" if samples.size and float(np.abs(samples).max()) > 0.05 else ""


def answer(_: ChatRequest) -> str:
    return "Thirty euros."


@asynccontextmanager
async def servers(database: Database, settings: ApiSettings) -> AsyncIterator[tuple[str, Desk]]:
    """The API's address, and the voice role's desk, to which its calls go."""
    assert settings.database_url is not None
    secret = await database.run(partial(server_secret, name=CALL_TOKEN_SECRET))
    recognizer = FakeRecognizer(read=read)
    async with (
        desk(database, settings.database_url, answer, secret=secret, recognizer=recognizer) as running,
        voice_served(running.endpoint) as voice,
        served(settings.model_copy(update={"voice_url": voice.removesuffix("/v1")})) as api,
    ):
        yield api, running


def test_its_packages_are_those_of_the_clients() -> None:
    wanted = json.loads((_PAGE / "package.json").read_text())["dependencies"]
    assert wanted.items() <= packages_of_clients().items()


@pytest.mark.browser
async def test_a_page_calls_with_a_token(
    database: Database, api_settings: ApiSettings, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = chromium_program()
    page_files = tmp_path / "page"
    shutil.copytree(_PAGE / "page", page_files)
    build(_PAGE, page_files / "main.js")
    monkeypatch.setenv("PORT", "0")
    monkeypatch.setenv("PAGE", str(page_files))
    async with (
        servers(database, api_settings) as (api, running),
        started("call-page/server.py", address=api, key=key, directory=tmp_path) as server,
        async_playwright() as playwright,
    ):
        assert server.stdout is not None
        address = (await server.stdout.readline()).decode().strip()
        browser = await playwright.chromium.launch(executable_path=program, args=[*ARGUMENTS, *_MICROPHONE])
        page = await browser.new_page()
        page.set_default_timeout(WAIT_MS)
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(address)
        await page.get_by_role("button", name="Call").click()
        words = page.locator("#words")
        await expect(words).to_contain_text("You: my bill is wrong", timeout=WAIT_MS)
        await expect(words).to_contain_text("Assistant: Thirty euros.", timeout=WAIT_MS)
        await page.get_by_role("button", name="Hang up").click()
        await expect(page.get_by_role("button", name="Call")).to_be_enabled(timeout=WAIT_MS)
        await browser.close()
    assert complaints == []
    assert next(iter(running.record.turns.values())).texts[-1].startswith("my bill is wrong")
