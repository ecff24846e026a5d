"""The view Conversations in a real browser: found, read, heard, followed, run again, exported."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
import pytest_asyncio
from playwright.async_api import Locator, expect
from sqlalchemy import update

from db.enums import MessageType, Role, TurnStatus
from db.ids import new_id
from db.models.conversation import Message, Session, Turn
from tests.client import Client
from tests.console.page import ConsolePage, key_of
from tests.graph.api.session_rows import add_record, add_turn
from tests.graph.edge import Edge, noise

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

_HOSTILE = "<script>document.title = 'owned'</script><img src=x onerror=alert(1)> \u202eمرحبا بالعالم"
_TURNS = 1_000


def _rows(console: ConsolePage) -> Locator:
    return console.page.get_by_role("list", name="Conversations, newest first").get_by_role("listitem")


def _turn(console: ConsolePage, number: int) -> Locator:
    return console.page.get_by_role("article", name=f"Turn {number}", exact=True)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def tenant(edge: Edge) -> AsyncIterator[Client]:
    """A client whose tenant has the conversations of this file, which no test changes."""
    async with edge.tenant() as client:
        yield client


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def spoken(tenant: Client) -> str:
    """A recording of the customer and a message that files a record, answered by the worker with speech."""
    session_id = await tenant.create_session(customerId="ada", metadata={"name": "Ada"})
    await tenant.upload(session_id, noise(2), "question.wav", "audio/wav", waitSeconds=20)
    fields = json.dumps({"name": "Ada", "account_id": "ACC-1234", "intent": "refund", "query": "A refund."})
    await tenant.say(session_id, f"file billing_query {fields}")
    return session_id


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def written(edge: Edge, tenant: Client) -> dict[str, str]:
    """Sessions of rows, by what they are for."""
    names = ("failed", "filed", "hostile", "long", "cut")
    made = {name: await tenant.create_session(customerId=name) for name in names}
    database = edge.database
    await add_turn(database, made["failed"], "the router is broken", status=TurnStatus.FAILED)
    await add_turn(database, made["filed"], "I was charged twice", "That is filed.")
    await add_record(database, made["filed"])
    await add_turn(database, made["hostile"], _HOSTILE, _HOSTILE)
    await add_turn(database, made["long"], "word " * 20_000, "Long.")
    turn_id = await add_turn(database, made["cut"], "What do you offer?", "We offer three plans. The first is small.")
    heard = {
        "heard_text": "We offer three plans.", "heard_ms": 900, "total_ms": 2000, "interrupted": True, "source": "ACKS",
    }  # fmt: skip
    async with database.transaction() as session:
        reply = (Message.turn_id == turn_id) & (Message.role == Role.ASSISTANT)
        await session.execute(update(Message).where(reply).values(playback=heard))
    return made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def endless(edge: Edge, tenant: Client) -> str:
    """A conversation of 2,000 messages."""
    session_id = await tenant.create_session(customerId="endless")
    async with edge.database.transaction() as session:
        owner = await session.get_one(Session, UUID(session_id))
        owner.turn_count = _TURNS
        turns = [
            Turn(
                id=new_id(), session_id=owner.id, number=number, status=TurnStatus.COMPLETED, request_hash=b"",
                finished_at=owner.created_at,
            )
            for number in range(1, _TURNS + 1)
        ]  # fmt: skip
        session.add_all(turns)
        await session.flush()
        session.add_all(
            Message(
                id=new_id(), session_id=owner.id, turn_id=turn.id, role=role, type=MessageType.TEXT,
                text=f"{role.value.lower()} says number {turn.number}",
            )
            for turn in turns
            for role in Role
        )  # fmt: skip
    return session_id


async def test_it_is_found_by_its_words(
    console: ConsolePage, tenant: Client, spoken: str, written: dict[str, str]
) -> None:
    await console.sign_in(key_of(tenant), "/conversations")
    page = console.page
    await expect(_rows(console).nth(5)).to_be_visible()
    await page.get_by_label("Search").fill("charged twice")
    await expect(_rows(console)).to_have_count(1)
    await expect(page).to_have_url(re.compile("search=charged"))
    await _rows(console).get_by_role("link").click()
    await console.heading("Conversation")
    await expect(_turn(console, 1)).to_contain_text("I was charged twice")
    await page.go_back()
    await console.heading("Conversations")
    await expect(page.get_by_label("Search")).to_have_value("charged twice")
    await page.get_by_label("Search").fill("nobody ever said this")
    await expect(page.get_by_text("No conversation matches")).to_be_visible()
    await page.get_by_role("button", name="Clear filters").click()
    await expect(_rows(console).nth(5)).to_be_visible()
    await expect(page).to_have_url(f"{console.address}/conversations")
