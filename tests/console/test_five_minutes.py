"""A person who was only told ``make run``: within five minutes they have talked to the agent, interrupted it, found the
conversation again and changed the greeting.

Everything is real: the processes of ``voxloom up``, its models, the browser; what the microphone hears is the shipped
recording. The person knows what is written on the screen, and no more.
"""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from db.audio.decoding import read_recording
from graph.cli.demo import shipped_recording
from tests.browser import WAIT_MS
from tests.console.microphone import microphone, silence
from tests.console.page import chromium, console_page
from tests.console.program import running_voxloom

pytestmark = [
    pytest.mark.browser,
    pytest.mark.models,
    pytest.mark.timeout(400),
    pytest.mark.skipif(not os.environ.get("NEWCOMER_REQUIRED"), reason="a minute of its own: make test-newcomer"),
]

WITHIN_SECONDS = 300
GREETING = "Good day, you have reached the five minute company."

#: Seconds from the press of the button to the person's first word: the greeting is heard to its end.
_BEFORE_SPEAKING = 8

#: What the person hears of the reply before they interrupt it.
_LISTEN_MS = 1_000


async def test_within_five_minutes(model_dir: Path, tmp_path: Path) -> None:
    began = time.monotonic()
    question = read_recording(shipped_recording(), max_seconds=60).samples
    arguments = microphone(tmp_path / "microphone.wav", silence(_BEFORE_SPEAKING), question)
    async with (
        running_voxloom(model_dir) as program,
        chromium(*arguments) as browser,
        console_page(browser, "") as console,
    ):
        page = console.page
        page.set_default_timeout(WAIT_MS)
        await page.goto(program.link)
        await _talk_and_interrupt(page)
        await _find_again(page)
        await _change_the_greeting(page)
        await _hear_the_new_greeting(page)
        assert console.complaints == []
        assert time.monotonic() - began < WITHIN_SECONDS


async def _talk_and_interrupt(page: Page) -> None:
    said = page.get_by_role("region", name="What is said")
    await page.get_by_role("button", name="Start talking").click()
    await expect(said).to_contain_text("How can I help you?", timeout=WAIT_MS)
    await expect(said).to_contain_text("internet", timeout=WAIT_MS)
    await expect(said).to_contain_text("I have recorded", timeout=WAIT_MS)
    await expect(page.get_by_text("Speaking", exact=True)).to_be_visible(timeout=WAIT_MS)
    await page.wait_for_timeout(_LISTEN_MS)
    await page.get_by_role("button", name="Interrupt").click()
    await expect(said.get_by_role("deletion")).not_to_be_empty(timeout=WAIT_MS)
    await page.get_by_role("button", name="Hang up").click()
    await expect(page.get_by_text("You hung up.")).to_be_visible()


async def _find_again(page: Page) -> None:
    await page.get_by_role("link", name="Conversations", exact=True).click()
    await page.get_by_label("Search", exact=True).fill("internet")
    found = page.get_by_role("list", name="Conversations, newest first").get_by_role("link")
    await found.first.click()
    await expect(page.get_by_role("heading", level=1, name="Conversation")).to_be_visible()
    await expect(page.get_by_role("region", name="What was said")).to_contain_text("internet")


async def _change_the_greeting(page: Page) -> None:
    await page.get_by_role("link", name="Agents", exact=True).click()
    await page.get_by_role("link", name="billing_agent").click()
    await page.get_by_role("button", name="greeting", exact=True).click()
    for before, after in (("Hello, this is", f"  - {GREETING}"), ("Hello, you have", "")):
        await page.get_by_label("Definition as YAML").get_by_text(re.compile(before)).click()
        await page.keyboard.press("Home")
        await page.keyboard.press("Shift+End")
        await page.keyboard.press("Backspace")
        await page.keyboard.type(after)
    await page.get_by_role("button", name="Publish", exact=True).click()
    await expect(page.get_by_text("is published: new conversations begin with it")).to_be_visible()


async def _hear_the_new_greeting(page: Page) -> None:
    await page.get_by_role("link", name="Talk to it").click()
    await page.get_by_role("button", name="Start talking").click()
    await expect(page.get_by_role("region", name="What is said")).to_contain_text(GREETING, timeout=WAIT_MS)
    await expect(page.get_by_text("Speaking", exact=True)).to_be_visible(timeout=WAIT_MS)
