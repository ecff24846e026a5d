"""The view Conversations in a real browser: found, read, heard, followed, run again, exported."""

from __future__ import annotations

import asyncio
import io
import json
import re
import wave
from collections.abc import AsyncIterator
from uuid import UUID

import numpy as np
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, expect
from sqlalchemy import update

from db.enums import EventType, MessageType, Role, TurnStatus
from db.feed.events import NewEvent, append
from db.ids import new_id
from db.models.conversation import Message, Session, Turn
from db.models.workers import EngineReport, Worker
from db.queue.workers import deregister, heartbeat
from tests.client import END, Client
from tests.console.page import ConsolePage, console_page, key_of
from tests.graph.api.session_rows import add_record, add_turn
from tests.graph.edge import Edge, noise

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

_HOSTILE = "<script>document.title = 'owned'</script><img src=x onerror=alert(1)> \u202eمرحبا بالعالم"
_TURNS = 1_000
#: More than the log reads by itself.
_EVENTS = 2_105


def _rows(console: ConsolePage) -> Locator:
    return console.page.get_by_role("list", name="Conversations, newest first").get_by_role("listitem")


def _turn(console: ConsolePage, number: int) -> Locator:
    return console.page.get_by_role("article", name=f"Turn {number:,}", exact=True)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def tenant(edge: Edge) -> AsyncIterator[Client]:
    """A client whose tenant has the conversations of this file, which no test changes."""
    async with edge.tenant() as client:
        yield client


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def spoken(tenant: Client) -> str:
    """A recording of the customer and a message that files a record, answered by the worker with speech."""
    session_id = await tenant.create_session(customerId="ada", metadata={"name": "Ada"})
    await tenant.upload(session_id, noise(2), "question.wav", "audio/wav", waitSeconds=60)
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


async def test_the_address_holds_the_filters(console: ConsolePage, tenant: Client, written: dict[str, str]) -> None:
    await console.sign_in(key_of(tenant), "/conversations?show=failed&customer=failed")
    await expect(_rows(console)).to_have_count(1)
    await expect(_rows(console)).to_contain_text("Failed")
    await _rows(console).click()
    # Words for the code; and no alert: a screen reader does not break off for what failed long ago.
    await expect(_turn(console, 1).get_by_role("group")).to_contain_text("Something went wrong in the server")
    await expect(console.page.get_by_role("alert")).to_have_count(0)
    await console.page.go_back()
    await expect(console.page.get_by_label("Customer")).to_have_value("failed")
    await console.page.get_by_label("Customer").fill("filed")
    await expect(console.page.get_by_text("No conversation matches")).to_be_visible()
    await console.page.get_by_label("Show").select_option(label="All but evals")
    await console.page.get_by_label("Outcome").select_option(label="Filed")
    await expect(_rows(console)).to_have_count(1)
    await expect(_rows(console)).to_contain_text("charged twice")


async def test_empty_missing_and_failed_are_said(console: ConsolePage, acme: Client) -> None:
    page = console.page
    await console.sign_in(key_of(acme), "/conversations")
    await expect(page.get_by_text("There is no conversation yet")).to_be_visible()
    await expect(page.get_by_role("main").get_by_role("link", name="Talk to an agent")).to_be_visible()
    await console.open(f"/conversations/{new_id()}")
    await expect(page.get_by_text("There is no such conversation")).to_be_visible()
    fault = {"message": "Broken.", "extensions": {"code": "INTERNAL", "errorId": "abc123"}}
    await page.route("**/graphql", lambda route: route.fulfill(json={"data": None, "errors": [fault]}))
    await console.open("/conversations")
    await expect(page.get_by_role("alert").filter(has_text="abc123")).to_contain_text("INTERNAL")
    await page.unroute("**/graphql")
    await page.get_by_role("button", name="Try again").click()
    await expect(page.get_by_text("There is no conversation yet")).to_be_visible()


async def test_a_link_opens_a_turn_with_all_that_was_done(console: ConsolePage, tenant: Client, spoken: str) -> None:
    await console.sign_in(key_of(tenant), f"/conversations/{spoken}?turn=2")
    panel = console.page.get_by_role("region", name="Turn 2")
    await expect(panel.get_by_role("list", name="Stages of the turn").get_by_role("listitem")).to_have_count(4)
    await expect(panel).to_contain_text("fake/fake-chat-1")
    await expect(panel).to_contain_text(re.compile("Priority ?Normal.*Account number ?ACC-1234", re.DOTALL))
    await expect(panel.get_by_title("account_id")).to_have_text("Account number")
    await panel.get_by_text("billing_query").first.click()
    await expect(panel.get_by_label("Arguments")).to_contain_text('"intent": "refund"')
    await console.page.get_by_role("tab", name="Turn").press("ArrowRight")
    events = console.page.get_by_role("list", name="Event log")
    await expect(events).to_contain_text("Tool has answered")
    await console.page.get_by_role("tab", name="About it").click()
    await expect(console.page.get_by_label("Own data")).to_contain_text('"name": "Ada"')


async def test_what_plays_is_lit(console: ConsolePage, tenant: Client, spoken: str) -> None:
    await console.sign_in(key_of(tenant), f"/conversations/{spoken}")
    await expect(console.page.locator(".clip[data-loaded]")).to_have_count(3)
    await _turn(console, 2).get_by_role("button", name="Listen").click()
    await expect(_turn(console, 2).locator("mark")).to_have_text("The tool billing_query said yes.")
    await console.page.get_by_role("button", name="Pause").click()
    await expect(_turn(console, 2).locator("mark")).to_have_count(0)
    position = console.page.get_by_label("Position in the audio")
    assert float(await position.input_value()) > 2_000


async def test_an_open_one_follows_and_has_nothing_twice(console: ConsolePage, acme: Client) -> None:
    session_id = await acme.create_session()
    await acme.say(session_id, "the first")
    await console.sign_in(key_of(acme), f"/conversations/{session_id}")
    await expect(_turn(console, 1)).to_contain_text("You said: the first")
    await expect(console.page.get_by_text("Follows by itself")).to_be_visible()
    await acme.say(session_id, "the second")
    await expect(_turn(console, 2)).to_contain_text("You said: the second")
    await expect(console.page.get_by_role("article")).to_have_count(2)
    await console.page.get_by_role("tab", name="Events").click()
    last = (await acme.run("query($id: ID!) { session(id: $id) { lastSeq } }", id=session_id))["session"]["lastSeq"]
    numbers = console.page.locator(".event-seq")
    await expect(numbers.last).to_have_text(str(last))
    shown = [int(each) for each in await numbers.all_inner_texts()]
    assert shown == list(range(shown[0], last + 1))


@pytest_asyncio.fixture(loop_scope="module")
async def engines(edge: Edge) -> AsyncIterator[None]:
    """What the worker of this file would report if it were a process."""
    reports: list[EngineReport] = [
        {"stage": stage, "engine": "fake", "model": "fake", "languages": ["en"], "loaded": True, "error": None}
        for stage in ("ASR", "LLM", "TTS")
    ]
    worker = Worker(id=new_id(), host="h", pid=1, capacity=1, engines=reports)
    async with edge.database.transaction() as session:
        await heartbeat(session, worker)
    yield
    async with edge.database.transaction() as session:
        await deregister(session, worker.id)


@pytest.mark.usefixtures("engines")
async def test_it_runs_again_from_a_turn_with_other_engines(console: ConsolePage, acme: Client) -> None:
    session_id = await acme.create_session()
    await acme.say(session_id, "once more")
    await console.sign_in(key_of(acme), f"/conversations/{session_id}")
    page = console.page
    await page.get_by_role("button", name="Run again").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Keep the turns").fill("2")
    await expect(dialog.get_by_role("button", name="Run again")).to_be_disabled()
    await dialog.get_by_label("Keep the turns").fill("0")
    await dialog.get_by_label("Version of the agent").select_option(label="version 1")
    await dialog.get_by_label("Language model").select_option(label="fake")
    await dialog.get_by_label("Speech synthesis").select_option(label="fake")
    assert await console.axe() == []
    await dialog.get_by_role("button", name="Run again").click()
    await expect(page).not_to_have_url(re.compile(session_id))
    await expect(_turn(console, 1)).to_contain_text("You said: once more")
    await page.get_by_role("tab", name="About it").click()
    await expect(page.get_by_label("Engines")).to_contain_text('"tts"')
    assert json.loads(await page.get_by_label("Engines").inner_text()) == {"llm": ["fake"], "tts": ["fake"]}
    await page.get_by_role("link", name="Run again from another").click()
    await expect(page).to_have_url(re.compile(session_id))


async def test_it_is_exported_as_json_and_wav(console: ConsolePage, tenant: Client, spoken: str) -> None:
    await console.sign_in(key_of(tenant), f"/conversations/{spoken}")
    await console.page.get_by_role("button", name="Export").click()
    files = {}
    for name in ("JSON", "WAV"):
        async with console.page.expect_download() as downloading:
            await console.page.get_by_role("button", name=name).click()
        files[name] = await asyncio.to_thread((await (await downloading.value).path()).read_bytes)
    whole = json.loads(files["JSON"])
    assert whole["turns"][0]["userMessage"]["text"] == "hello there"
    assert [event["seq"] for event in whole["events"]] == list(range(1, len(whole["events"]) + 1))
    assert whole["turns"][1]["toolCalls"][0]["crmRecord"]["accountId"] == "ACC-1234"
    with wave.open(io.BytesIO(files["WAV"])) as reading:
        assert (reading.getnchannels(), reading.getframerate()) == (2, 16_000)
        frames = np.frombuffer(reading.readframes(reading.getnframes()), np.int16).reshape(-1, 2)
    assert frames[:16_000, 0].any(), "the customer is left"
    assert not frames[:16_000, 1].any()
    assert frames[-16_000:, 1].any(), "the agent is right"
    assert not frames[-16_000:, 0].any()


async def test_all_events_of_a_finished_one_are_exported_and_shown(
    console: ConsolePage, edge: Edge, acme: Client
) -> None:
    session_id = await acme.create_session()
    await add_turn(edge.database, session_id, "say much", "Much.")
    deltas = [NewEvent(EventType.REPLY_DELTA, None, {"text": f"word {number}"}) for number in range(_EVENTS - 1)]
    async with edge.database.transaction() as session:
        await append(session, UUID(session_id), deltas)
    await acme.run(END, id=session_id)
    await console.sign_in(key_of(acme), f"/conversations/{session_id}")
    page = console.page
    await page.get_by_role("tab", name="Events").click()
    numbers = page.locator(".event-seq")
    await page.get_by_role("button", name=f"Load earlier events ({_EVENTS:,})").click()
    await expect(numbers.last).to_have_text(str(_EVENTS))
    await page.get_by_role("button", name=f"Load earlier events ({_EVENTS - 100:,})").click()
    await expect(page.get_by_role("button", name=f"Load earlier events ({_EVENTS - 200:,})")).to_be_visible()
    await page.get_by_role("button", name="Export").click()
    async with page.expect_download() as downloading:
        await page.get_by_role("button", name="JSON").click()
    whole = json.loads(await asyncio.to_thread((await (await downloading.value).path()).read_bytes))
    assert [event["seq"] for event in whole["events"]] == list(range(1, _EVENTS + 1))
    assert whole["events"][-1]["__typename"] == "SessionEnded"
    assert whole["session"]["status"] == "ENDED"


async def test_hostile_and_long_texts_are_text(console: ConsolePage, tenant: Client, written: dict[str, str]) -> None:
    await console.sign_in(key_of(tenant), f"/conversations/{written['hostile']}")
    await expect(_turn(console, 1)).to_contain_text("<script>document.title = 'owned'</script>")
    assert await console.page.title() == "Conversation – VoxLoom"
    assert await _turn(console, 1).locator("script, img").count() == 0
    assert await _turn(console, 1).locator("p[dir=auto]").count() == 2
    await console.open(f"/conversations/{written['long']}")
    said = _turn(console, 1).locator("p[dir=auto]").first
    assert len(await said.inner_text()) < 2_000
    await _turn(console, 1).get_by_role("button", name="Show all 100,000 characters").click()
    assert len(await said.inner_text()) > 99_000


async def test_what_was_not_heard_is_struck_through(
    console: ConsolePage, tenant: Client, written: dict[str, str]
) -> None:
    await console.sign_in(key_of(tenant), f"/conversations/{written['cut']}")
    await expect(_turn(console, 1).locator("del")).to_have_text(re.compile(r"not heard:\s+The first is small\."))
    await expect(_turn(console, 1)).to_contain_text("We offer three plans.")


async def test_of_two_thousand_messages_those_in_sight_are_drawn(
    console: ConsolePage, tenant: Client, endless: str
) -> None:
    await console.sign_in(key_of(tenant), f"/conversations/{endless}?turn=500")
    page = console.page
    await expect(_turn(console, 500)).to_be_in_viewport()
    await expect(_turn(console, 500)).to_contain_text("user says number 500")
    thread = page.get_by_role("list", name="What was said")
    for place, number in (("0", 1), ("element.scrollHeight", _TURNS)):
        wanted = _turn(console, number).get_by_text(f"assistant says number {number}", exact=True)
        async with asyncio.timeout(15):
            # Turns are measured when they are drawn, and read when they are in sight: the end moves while it is neared.
            while await wanted.count() == 0:
                await thread.evaluate(f"(element) => {{ element.scrollTop = {place} }}")
                await asyncio.sleep(0.05)
        assert await page.locator("*").count() < 1_500


@pytest.fixture(scope="module")
def shown(spoken: str, written: dict[str, str]) -> list[str]:
    """Conversations that look different."""
    return [spoken, written["cut"], written["failed"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
async def test_one_conversation_is_accessible_and_fits(
    browser: Browser, tenant: Client, shown: list[str], scheme: str, width: int
) -> None:
    size = {"width": width, "height": 800}
    async with console_page(browser, tenant.base, color_scheme=scheme, viewport=size) as console:
        await console.sign_in(key_of(tenant), "/conversations?customer=cut")
        await expect(_rows(console)).to_have_count(1)
        assert await console.axe() == []
        for session_id in shown:
            await console.open(f"/conversations/{session_id}?turn=1")
            await expect(console.page.get_by_role("region", name="Turn 1")).to_contain_text("Turn 1")
            assert await console.axe() == []
            assert await console.page.evaluate("() => document.documentElement.scrollWidth") <= width
        assert console.complaints == []
