"""The list of conversations keeps itself up to date, without moving what is being read, while the page is in sight."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import pytest
import pytest_asyncio
from playwright.async_api import Locator, expect
from sqlalchemy import insert, select

from db.enums import Channel, TurnStatus
from db.ids import new_id
from db.models.conversation import Session
from tests.client import END, Client
from tests.console.page import ConsolePage, key_of
from tests.graph.api.session_rows import add_turn
from tests.graph.edge import Edge

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

#: Of the page's clock: the list is read again at the latest after so long.
_LATEST_MS = 16_000


def _list(console: ConsolePage) -> Locator:
    return console.page.get_by_role("list", name="Conversations, newest first")


def _row(console: ConsolePage, text: str) -> Locator:
    return _list(console).get_by_role("listitem").filter(has_text=text)


async def _later(console: ConsolePage, ms: int = _LATEST_MS) -> None:
    await console.page.clock.fast_forward(ms)


@pytest_asyncio.fixture(loop_scope="module")
async def listed(console: ConsolePage, acme: Client) -> AsyncIterator[ConsolePage]:
    """The page with the list of a tenant without conversations; its clock goes on when told to as well."""
    await console.page.clock.install()
    await console.sign_in(key_of(acme), "/conversations")
    await expect(console.page.get_by_text("There is no conversation yet")).to_be_visible()
    yield console


async def test_new_ones_come_and_their_outcome_changes(listed: ConsolePage, edge: Edge, acme: Client) -> None:
    session_id = await acme.create_session(customerId="ada")
    await _later(listed)
    await expect(_row(listed, "ada")).to_contain_text("No words yet")
    await add_turn(edge.database, session_id, "the router is broken", status=TurnStatus.FAILED)
    await acme.run(END, id=session_id)
    await _later(listed)
    await expect(_row(listed, "ada")).to_contain_text("Failed")
    await expect(_row(listed, "ada")).to_contain_text("the router is broken")
    await acme.create_session(customerId="bob")
    await _later(listed)
    await expect(_row(listed, "bob")).to_be_visible()
    await expect(_list(listed).get_by_role("listitem")).to_have_count(2)


async def test_what_is_read_stays_where_it_is(listed: ConsolePage, edge: Edge, acme: Client) -> None:
    made = UUID(await acme.create_session(customerId="first"))
    async with edge.database.transaction() as session:
        tenant = await session.scalar(select(Session.tenant_id).where(Session.id == made))
        rows = [
            {"id": new_id(), "tenant_id": tenant, "customer_id": f"old-{number}", "language": "en",
             "channel": Channel.WEB, "persona": "billing_agent"}
            for number in range(120)
        ]  # fmt: skip
        await session.execute(insert(Session), rows)
    await _later(listed)
    await _list(listed).evaluate("(list) => { list.scrollTop = 20 * 76 + 30 }")
    read = _row(listed, "old-95")
    place = await read.bounding_box()
    for number in range(3):
        await acme.create_session(customerId=f"new-{number}")
    await _later(listed)
    button = listed.page.get_by_role("button", name="3 new conversations")
    await expect(button).to_be_visible()
    assert await read.bounding_box() == place
    assert await listed.axe() == []
    await button.click()
    await expect(_row(listed, "new-2")).to_be_in_viewport()
    await expect(button).to_have_count(0)


async def test_under_the_pointer_nothing_moves(listed: ConsolePage, acme: Client) -> None:
    for number in range(12):
        await acme.create_session(customerId=f"old-{number}")
    await _later(listed)
    row = _row(listed, "old-11")
    await row.hover()
    place = await row.bounding_box()
    await acme.create_session(customerId="newest")
    await _later(listed)
    await expect(listed.page.get_by_role("button", name="1 new conversation")).to_be_visible()
    assert await row.bounding_box() == place


async def test_a_hidden_tab_asks_nothing_and_a_quiet_list_ever_less(listed: ConsolePage, acme: Client) -> None:
    asked: list[str] = []
    listed.page.on("request", lambda request: asked.append(request.url))

    async def requests_in(seconds: int) -> int:
        asked.clear()
        for _ in range(seconds):
            await listed.page.clock.run_for(1_000)
        return len(asked)

    # Of a list in which nothing happens: 4 s, 6, 9, 13.5, then every 15.
    assert 3 <= await requests_in(90) <= 9
    await listed.page.evaluate(
        "Object.defineProperty(document, 'visibilityState', {get: () => window.shown, configurable: true});"
        "window.shown = 'hidden'; document.dispatchEvent(new Event('visibilitychange'))"
    )
    assert await requests_in(60) == 0
    await acme.create_session(customerId="meanwhile")
    await listed.page.evaluate("window.shown = 'visible'; document.dispatchEvent(new Event('visibilitychange'))")
    await expect(_row(listed, "meanwhile")).to_be_visible()


async def test_trouble_is_told_and_passes(listed: ConsolePage, acme: Client) -> None:
    await listed.page.route("**/graphql", lambda route: route.abort())
    for _ in range(2):
        await _later(listed, 31_000)
        await listed.page.wait_for_timeout(100)
    await expect(listed.page.get_by_text("could not be brought up to date")).to_be_visible()
    await listed.page.unroute("**/graphql")
    await acme.create_session(customerId="ada")
    await _later(listed, 121_000)
    await expect(_row(listed, "ada")).to_be_visible()
    await expect(listed.page.get_by_text("could not be brought up to date")).to_have_count(0)
