"""A conversation that is found again goes on in Talk: in itself, or in a new one that begins with its turns."""

from __future__ import annotations

import re
from uuid import UUID

import pytest
from playwright.async_api import Locator, expect
from sqlalchemy import update

from db.enums import EventType, Role
from db.feed.events import NewEvent, append
from db.ids import new_id
from db.models.conversation import Message
from tests.client import END, Client
from tests.console.page import ConsolePage, key_of
from tests.graph.api.session_rows import add_turn
from tests.graph.edge import Edge

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

_HOSTILE = "<script>document.title = 'owned'</script><img src=x onerror=alert(1)> \u202eمرحبا بالعالم "


def replies(console: ConsolePage) -> Locator:
    return console.page.locator(".said-assistant")


async def write(console: ConsolePage, text: str) -> None:
    await console.page.get_by_label("Write to the agent").fill(text)
    await console.page.keyboard.press("Enter")
    await expect(replies(console).last).to_contain_text(f"You said: {text}")


async def test_an_open_one_goes_on_in_itself(console: ConsolePage, acme: Client) -> None:
    session_id = await acme.create_session()
    await acme.say(session_id, "the first")
    await console.sign_in(key_of(acme), f"/conversations/{session_id}")
    await console.page.get_by_role("button", name="Go on in Talk").click()
    await expect(console.page).to_have_url(f"{console.address}/talk?session={session_id}")
    await expect(replies(console)).to_contain_text("You said: the first")
    await write(console, "the second")
    await expect(replies(console)).to_have_count(2)
    await console.page.get_by_role("button", name="Open in Conversations").click()
    await expect(console.page.get_by_role("article")).to_have_count(2)


async def test_one_that_has_ended_goes_on_in_a_new_one(console: ConsolePage, acme: Client) -> None:
    session_id = await acme.create_session()
    await acme.say(session_id, "the first")
    await acme.run(END, id=session_id)
    await console.sign_in(key_of(acme), f"/talk?session={session_id}")
    page = console.page
    await expect(page.get_by_text("This conversation has ended.")).to_be_visible()
    await expect(page.get_by_label("Write to the agent")).to_be_disabled()
    await page.get_by_role("link", name="Go on in a new one").click()
    await expect(page.get_by_role("dialog")).to_contain_text("A new one begins with all of it (1 turn)")
    assert await console.axe() == []
    await page.get_by_role("dialog").get_by_role("button", name="Go on").click()
    await expect(page).to_have_url(re.compile(r"/talk\?session="))
    assert session_id not in page.url
    await expect(replies(console)).to_contain_text("You said: the first")
    await write(console, "the second")
    await expect(replies(console)).to_have_count(2)
    forks = await acme.run(
        "query($id: ID) { sessions(filter: {forkedFrom: $id}) { nodes { turnCount } } }", id=session_id
    )
    assert forks["sessions"]["nodes"] == [{"turnCount": 2}]


async def test_one_that_cannot_go_on_says_why(console: ConsolePage, edge: Edge, acme: Client) -> None:
    called = await acme.create_session()
    await add_turn(edge.database, called, "hello", "Hello.")
    await acme.run("mutation($id: ID!) { openCall(input: {sessionId: $id}) { call { id } } }", id=called)
    silent = await acme.create_session()
    await acme.run(END, id=silent)
    dialog = console.page.get_by_role("dialog")
    await console.sign_in(key_of(acme), f"/conversations/{called}")
    for session_id, reason in ((called, "A call goes on in this conversation."), (silent, "It ended before anything")):
        await console.open(f"/conversations/{session_id}")
        await console.page.get_by_role("button", name="Go on in Talk").click()
        await expect(dialog).to_contain_text(reason)
        await expect(dialog.get_by_role("button", name="Go on")).to_have_count(0)


async def test_endless_hostile_words_are_folded_and_only_words(console: ConsolePage, edge: Edge, acme: Client) -> None:
    endless = _HOSTILE + "word " * 20_000
    session_id = await acme.create_session()
    turn_id = await add_turn(edge.database, session_id, endless, endless)
    heard = {
        "heard_text": _HOSTILE.strip(), "heard_ms": 900, "total_ms": 2000, "interrupted": True, "source": "ACKS",
    }  # fmt: skip
    async with edge.database.transaction() as session:
        reply = (Message.turn_id == turn_id) & (Message.role == Role.ASSISTANT)
        await session.execute(update(Message).where(reply).values(playback=heard))
        ids = [NewEvent(kind, turn_id) for kind in (EventType.TURN_QUEUED, EventType.TURN_COMPLETED)]
        await append(session, UUID(session_id), ids)
    await console.sign_in(key_of(acme), f"/talk?session={session_id}")
    said = console.page.locator(".said .plain-text")
    await expect(said).to_have_count(2)
    for shown in await said.all():
        assert len(await shown.inner_text()) < 1_500
    length = f"{len(endless):,}"
    await replies(console).get_by_role("button", name=f"Show all {length} characters").click()
    assert len(await replies(console).locator(".plain-text").inner_text()) > 100_000
    await expect(replies(console).locator("del")).to_contain_text("not heard: word word")
    await expect(replies(console).locator("p[dir=auto] > span")).to_contain_text(_HOSTILE.strip())
    assert await console.page.title() == "Talk – VoxLoom"
    assert await console.page.locator(".transcript :is(script, img)").count() == 0
    assert await console.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


async def test_one_that_is_not_there_is_none(console: ConsolePage, acme: Client) -> None:
    await console.sign_in(key_of(acme), f"/talk?session={new_id()}")
    await expect(console.page.get_by_role("alert").filter(has_text="NOT_FOUND")).to_be_visible()
    await write(console, "something new")
    await expect(replies(console)).to_have_count(1)
