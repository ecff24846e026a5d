"""The console's view Overview: what goes on now, latency, usage and errors, each chart with a table."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.async_api import expect

from db.enums import WorkerRole
from db.ids import new_id
from db.models.workers import Worker
from tests.client import Client
from tests.console.page import ConsolePage, key_of
from tests.graph.edge import Edge

#: Of milliseconds, or of seconds where the machine is busy.
DURATION = re.compile(r"\d m?s$")

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


async def test_charts_have_tables(console: ConsolePage, edge: Edge, acme: Client) -> None:
    engine: Any = {"stage": "ASR", "engine": "whisper", "model": "m", "languages": ["en"], "loaded": True}
    async with edge.database.transaction() as stored:
        stored.add(Worker(id=new_id(), host="h", pid=4711, capacity=2, role=WorkerRole.VOICE, engines=[engine]))
    session = await acme.create_session()
    await acme.say(session, "hello")
    await console.sign_in(key_of(acme), "/overview")
    page = console.page
    usage = page.get_by_role("table", name="Usage by day")
    # The period begins within a day: of seven days, eight have a part.
    await expect(usage.locator("tbody tr")).to_have_count(8)
    await expect(usage.locator("tbody tr").first.locator("td").nth(1)).to_have_text("1")
    latency = page.get_by_role("table", name="Latency")
    for stage in ("Whole turn", "Think"):
        await expect(latency.get_by_role("row").filter(has_text=stage).locator("td").last).to_have_text(DURATION)
    await expect(page.get_by_role("table", name="Workers").get_by_role("row").filter(has_text="Hear")).to_contain_text(
        "whisper"
    )
    await expect(page.get_by_text("No turn failed in this period.")).to_be_visible()
    assert await console.axe() == []
    for label, days in (("Last 92 days", 93), ("Last 30 days", 31), ("Last day", 2)):
        await page.get_by_label("Period").select_option(label=label)
        await expect(usage.locator("tbody tr")).to_have_count(days)


async def test_a_tenant_without_turns_is_told_what_to_do(console: ConsolePage, acme: Client) -> None:
    await console.sign_in(key_of(acme), "/overview")
    await expect(console.page.get_by_text("No turn in this period")).to_be_visible()
    await expect(console.page.get_by_text("Talk to an agent, or choose a longer period.")).to_be_visible()
    assert await console.axe() == []
