"""The view Talk: a spoken call with a recording for a microphone, interruption, reconnection, written turns.

The browser, the API, the voice process, the ear, the call and its record are real; the models are fakes.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Route, expect
from sqlalchemy import text

from db.commands.keys import revoke_key
from tests.browser import WAIT_MS
from tests.client import END, Client
from tests.conftest import cloned
from tests.console.microphone import microphone, silence, speech
from tests.console.page import ConsolePage, chromium, console_page, key_of
from tests.console.relay import Relay, relay
from tests.graph.edge import Edge, opened
from tests.graph.voice.process import VoiceProcess, free_port, voice_process

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

HEARD = "my bill is wrong"
#: One sentence, which is spoken as a whole: on a busy machine what is heard does not catch up with it.
LONG = "I would like to hear a long story" + " and then another story" * 30 + "."


@dataclass
class Voice:
    """The voice process, which a test may kill and start again on its port."""

    url: str
    log: Path
    port: int
    process: VoiceProcess | None = None
    stack: AsyncExitStack | None = None

    async def start(self) -> None:
        self.stack = AsyncExitStack()
        settings = {"VOXLOOM_FAKE_HEARD": HEARD, "VOXLOOM_VOICE_MAX_CALLS": "20", "VOXLOOM_VOICE_PORT": str(self.port)}
        self.process = await self.stack.enter_async_context(voice_process(self.url, self.log, **settings))

    async def kill(self) -> None:
        assert self.process is not None and self.stack is not None
        self.process.process.kill()
        await self.process.process.wait()
        await self.stack.aclose()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def url(postgres: str) -> AsyncIterator[str]:
    async with cloned(postgres) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def voice(url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Voice]:
    running = Voice(url, tmp_path_factory.mktemp("voice") / "voice.log", free_port())
    await running.start()
    yield running
    assert running.stack is not None
    await running.stack.aclose()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def edge(url: str, voice: Voice) -> AsyncIterator[Edge]:
    """The API; the voice process takes the queued turns too."""
    async with opened(url, voice_url=f"ws://127.0.0.1:{voice.port}") as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    """Its microphone is silent."""
    async with chromium(*microphone(tmp_path_factory.mktemp("quiet") / "quiet.wav", silence(1))) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def talk(console: ConsolePage, acme: Client) -> ConsolePage:
    await console.sign_in(key_of(acme), "/talk")
    return console


@asynccontextmanager
async def speaking(path: Path, edge: Edge, client: Client, *parts: object) -> AsyncIterator[ConsolePage]:
    """The page of a person who speaks."""
    arguments = microphone(path / "microphone.wav", *parts)  # type: ignore[arg-type]
    async with chromium(*arguments) as browser, console_page(browser, edge.address) as console:
        await console.sign_in(key_of(client), "/talk")
        yield console
        assert console.complaints == []


def said(console: ConsolePage) -> Locator:
    return console.page.locator(".said-caller")


def replies(console: ConsolePage) -> Locator:
    return console.page.locator(".said-assistant")


def session_of(console: ConsolePage) -> str:
    """The session that the page's address names."""
    named = re.search(r"session=([0-9a-f-]+)", console.page.url)
    assert named is not None, console.page.url
    return named[1]


async def call(console: ConsolePage) -> None:
    await console.page.get_by_role("button", name="Start talking").click()
    await expect(replies(console).first).to_contain_text("How can I help you?", timeout=WAIT_MS)


async def write(console: ConsolePage, text: str) -> None:
    await console.page.get_by_label("Write to the agent").fill(text)
    await console.page.keyboard.press("Enter")


async def test_a_person_talks_and_is_answered(edge: Edge, acme: Client, tmp_path: Path) -> None:
    async with speaking(tmp_path, edge, acme, silence(5), speech(2.5)) as console:
        await call(console)
        await expect(console.page.get_by_text("You speak")).to_be_visible(timeout=WAIT_MS)
        await expect(console.page.locator(".said-now")).to_contain_text("my", timeout=WAIT_MS)
        await expect(console.page.get_by_role("meter")).not_to_have_attribute("aria-valuenow", "0")
        await expect(said(console).first).to_have_text(f"You{HEARD}", timeout=WAIT_MS)
        await expect(replies(console).last).to_contain_text(f"You said: {HEARD}", timeout=WAIT_MS)
        await expect(console.page.get_by_text("Listening")).to_be_visible(timeout=WAIT_MS)
        for stage in ("Hear", "Think", "Speak"):
            line = console.page.get_by_role("list", name="Stages of the turn").get_by_text(stage)
            await expect(line).to_be_visible()
        await expect(console.page.get_by_text("First sound sent")).to_be_visible()
        await console.page.get_by_role("tab", name="Events").click()
        await expect(console.page.get_by_role("list", name="Event log")).to_contain_text("Caller has heard")
        assert await console.axe() == []
        await console.page.get_by_role("button", name="Hang up").click()
        await expect(console.page.get_by_text("You hung up.")).to_be_visible()
        await expect(console.page.get_by_text("Call ends: you hung up")).to_be_visible()
    async with edge.database.reading() as session:
        heard = (await session.execute(text("select status || ' ' || end_reason from calls"))).scalars().all()
    assert heard == ["ENDED CALLER"]


async def test_speech_interrupts_and_what_was_not_heard_is_struck_through(
    edge: Edge, acme: Client, tmp_path: Path
) -> None:
    async with speaking(tmp_path, edge, acme, silence(14), speech(3)) as console:
        await call(console)
        await write(console, LONG)
        await expect(replies(console).last.locator(".coming")).to_be_visible(timeout=WAIT_MS)
        unheard = console.page.locator("del.unheard")
        await expect(unheard).to_contain_text("story", timeout=WAIT_MS)
        await expect(console.page.get_by_text("interrupted", exact=True)).to_be_visible()
        await expect(replies(console).last).to_contain_text(f"You said: {HEARD}", timeout=WAIT_MS)
        reply = (await console.page.locator(".spoken:has(del)").inner_text()).replace("\n", " ")
        assert reply.startswith("You said: I would like")
    async with edge.database.reading() as session:
        source, ms, total = (
            await session.execute(
                text(
                    "select playback->>'source', (playback->>'heard_ms')::float, "
                    "(playback->>'total_ms')::float from messages where playback->>'interrupted' = 'true' "
                    "order by id limit 1"  # the next reply is cut off by the end of the page
                )
            )
        ).one()
    assert source == "TRUNCATE"
    assert 500 < ms < total


async def test_a_button_interrupts(talk: ConsolePage) -> None:
    await call(talk)
    await write(talk, LONG)
    await expect(replies(talk).last.locator(".coming")).to_contain_text("story", timeout=WAIT_MS)
    await talk.page.get_by_role("button", name="Interrupt").click()
    await expect(talk.page.get_by_text("Speaking", exact=True)).to_have_count(0)
    await expect(talk.page.locator("del.unheard")).to_contain_text("story", timeout=WAIT_MS)
    await talk.page.get_by_role("button", name="Mute").click()
    await expect(talk.page.get_by_role("button", name="Unmute")).to_be_visible()
    await expect(talk.page.get_by_text("Muted", exact=True)).to_be_visible(timeout=WAIT_MS)
    await talk.page.get_by_role("button", name="Hang up").click()
    await expect(talk.page.get_by_role("button", name="Call in this conversation")).to_be_enabled()


async def test_a_call_comes_back_when_the_server_was_killed_and_started(talk: ConsolePage, voice: Voice) -> None:
    await call(talk)
    await voice.kill()
    await expect(talk.page.get_by_text("The connection to the call is lost")).to_be_visible(timeout=WAIT_MS)
    await voice.start()
    await expect(talk.page.get_by_text("The connection is back.")).to_be_visible(timeout=WAIT_MS)
    await write(talk, "hello again")
    await expect(replies(talk).last).to_contain_text("You said: hello again", timeout=WAIT_MS)
    await expect(talk.page.locator(".said-caller")).to_have_count(1)
    talk.complaints = [each for each in talk.complaints if "WebSocket" not in each]  # the browser's own words
    await talk.page.get_by_role("button", name="Hang up").click()


async def test_events_go_on_after_the_network_was_cut_and_none_comes_twice(
    browser: Browser, edge: Edge, acme: Client
) -> None:
    async with relay(urlsplit(edge.address).port or 0) as cuttable:
        address = f"http://127.0.0.1:{cuttable.port}"
        async with console_page(browser, address) as console:
            await console.sign_in(key_of(acme), "/talk")
            await write(console, "before")
            await expect(replies(console).last).to_contain_text("You said: before", timeout=WAIT_MS)
            await _away(console, cuttable, acme)
            await expect(console.page.get_by_text("The connection is back.")).to_be_visible(timeout=WAIT_MS)
            await expect(replies(console).last).to_contain_text("You said: meanwhile", timeout=WAIT_MS)
            await expect(said(console)).to_have_count(2)
            await console.page.get_by_role("tab", name="Events").click()
            numbers = await console.page.locator(".event-seq").all_inner_texts()
            assert numbers == sorted(set(numbers), key=int)


async def _away(console: ConsolePage, cuttable: Relay, client: Client) -> None:
    """The network is cut; meanwhile something happens in the session."""
    await cuttable.cut()
    await expect(console.page.get_by_text("Live events are interrupted")).to_be_visible(timeout=WAIT_MS)
    await client.say(session_of(console), "meanwhile")
    await cuttable.mend()


async def test_a_loaded_page_goes_on_with_its_call_until_it_is_ended_elsewhere(talk: ConsolePage, acme: Client) -> None:
    await call(talk)
    await talk.page.reload()
    await talk.page.get_by_role("button", name="Go on with the call").click()
    await expect(talk.page.get_by_role("button", name="Hang up")).to_be_visible(timeout=WAIT_MS)
    # Written before there is a connection it would be a message, for a worker.
    await expect(talk.page.get_by_text("Listening", exact=True)).to_be_visible(timeout=WAIT_MS)
    await write(talk, "still here")
    await expect(replies(talk).last).to_contain_text("You said: still here", timeout=WAIT_MS)
    await talk.page.get_by_role("button", name="Hang up").focus()
    await acme.run(END, id=session_of(talk))
    await expect(talk.page.get_by_text("This conversation has ended.")).to_be_visible(timeout=WAIT_MS)
    await expect(talk.page.get_by_text("Not in a call", exact=True)).to_be_visible(timeout=WAIT_MS)
    await expect(talk.page.get_by_role("main")).to_be_focused()


async def test_a_message_whose_answer_was_lost_is_said_once_and_found_again(talk: ConsolePage) -> None:
    async def lose(route: Route) -> None:
        await route.fetch()
        await route.abort()

    await write(talk, "one")
    await expect(replies(talk).last).to_contain_text("You said: one", timeout=WAIT_MS)
    await talk.page.route("**/graphql", lose)
    await write(talk, "two")
    await expect(talk.page.get_by_role("alert").filter(has_text="OFFLINE")).to_be_visible()
    await talk.page.unroute("**/graphql")
    await talk.page.get_by_role("button", name="Send").click()
    await expect(talk.page.get_by_label("Write to the agent")).to_have_value("")
    await expect(replies(talk).last).to_contain_text("You said: two", timeout=WAIT_MS)
    session_id = session_of(talk)
    await talk.page.get_by_role("link", name="Keys").click()
    await talk.page.get_by_role("link", name="Talk", exact=True).click()
    await expect(said(talk)).to_have_count(2)
    assert session_of(talk) == session_id, "the address names what is shown"


async def test_a_written_turn_files_a_record(talk: ConsolePage) -> None:
    await write(talk, 'file billing_query {"intent": "billing", "query": "Why is my bill so high?"}')
    tool = talk.page.locator(".tool")
    await expect(tool).to_contain_text("billing_query", timeout=WAIT_MS)
    await expect(tool).to_contain_text("done")
    await expect(tool.locator(".record")).to_contain_text(re.compile("[A-Z0-9]{8}Billing"))
    await expect(replies(talk).last).to_contain_text("The tool billing_query said yes.")
    await expect(replies(talk).last.get_by_text("Listen")).to_be_visible(timeout=WAIT_MS)
    await talk.page.get_by_role("group").filter(has_text="billing_query").locator("summary").last.click()
    await expect(talk.page.get_by_label("Arguments")).to_contain_text("Why is my bill so high?")
    assert await talk.axe() == []
    await talk.page.get_by_role("button", name="New conversation").click()
    await expect(talk.page.get_by_text("Nothing has been said yet")).to_be_visible()


async def test_hostile_words_are_only_words(talk: ConsolePage) -> None:
    attack = (
        "<script>document.title='hacked'</script><img src=x onerror=alert(1)> \u202egnirts \u05e9\u05dc\u05d5\u05dd "
    )
    body = attack + "x" * (4_000 - len(attack))
    await write(talk, body)
    await expect(replies(talk).last).to_contain_text("You said: <script>", timeout=WAIT_MS)
    assert await talk.page.title() == "Talk – VoxLoom"
    assert await talk.page.locator(".transcript :is(script, img)").count() == 0
    shown = await said(talk).last.locator(".plain-text").inner_text()
    assert len(shown) < 1_500
    await said(talk).last.get_by_role("button", name="Show all 4,000 characters").click()
    assert len(await said(talk).last.locator(".plain-text").inner_text()) > 3_900
    assert await talk.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


async def test_the_longest_message_is_told_before_it_is_sent(talk: ConsolePage) -> None:
    box = talk.page.get_by_label("Write to the agent")
    await box.fill("x" * 3_900)
    await expect(talk.page.get_by_text("3,900 of 4,000 characters")).to_be_visible()
    await write(talk, "x" * 4_001)
    await expect(talk.page.get_by_text("At most 4,000 characters. This has 4,001.")).to_be_visible()
    await expect(talk.page.get_by_role("button", name="Send")).to_be_disabled()
    assert len(await box.input_value()) == 4_001, "what was written stays"
    assert "session=" not in talk.page.url
    # The API counts characters, of which the browser's strings have two each.
    await write(talk, "\U0001f600" * 4_000)
    await expect(said(talk).last).to_contain_text("\U0001f600", timeout=WAIT_MS)
    await expect(box).to_have_value("")


async def test_a_revoked_key_leads_to_the_sign_in(talk: ConsolePage, edge: Edge, acme: Client) -> None:
    await write(talk, "hello")
    await expect(replies(talk).last).to_contain_text("You said: hello", timeout=WAIT_MS)
    viewer = (await acme.post("{ viewer { keyId } }"))["data"]["viewer"]
    async with edge.database.transaction() as session:
        await revoke_key(session, UUID(viewer["keyId"]))
    await talk.heading("Sign in")
    await expect(talk.page.get_by_text("Your key does not work any more")).to_be_visible()


async def test_without_a_microphone_writing_works(edge: Edge, acme: Client) -> None:
    async with (
        chromium("--use-fake-device-for-media-stream") as browser,
        console_page(browser, edge.address) as console,
    ):
        await console.sign_in(key_of(acme), "/talk")
        await console.page.get_by_role("button", name="Start talking").click()
        await expect(console.page.get_by_role("alert").filter(has_text="microphone")).to_be_visible()
        assert "session=" not in console.page.url, "nothing was opened"
        await write(console, "hello")
        await expect(replies(console).last).to_contain_text("You said: hello", timeout=WAIT_MS)


#: Firefox joins a microphone only to an AudioContext of the device's own rate.
_AS_FIREFOX = """
const join = AudioContext.prototype.createMediaStreamSource;
AudioContext.prototype.createMediaStreamSource = function (stream) {
  if (this.sampleRate === 24000) throw new DOMException('different sample-rate', 'NotSupportedError');
  return join.call(this, stream);
};
"""


async def test_a_browser_that_does_not_resample_is_heard(edge: Edge, acme: Client, tmp_path: Path) -> None:
    async with speaking(tmp_path, edge, acme, silence(4), speech(2)) as console:
        await console.page.add_init_script(_AS_FIREFOX)
        await console.page.reload()
        await call(console)
        await expect(said(console).first).to_have_text(f"You{HEARD}", timeout=WAIT_MS)


async def test_two_tabs_are_two_conversations(talk: ConsolePage, browser: Browser, edge: Edge, acme: Client) -> None:
    async with console_page(browser, edge.address) as other:
        await other.sign_in(key_of(acme), "/talk")
        await asyncio.gather(write(talk, "one"), write(other, "two"))
        await expect(replies(talk).last).to_contain_text("You said: one", timeout=WAIT_MS)
        await expect(replies(other).last).to_contain_text("You said: two", timeout=WAIT_MS)
        assert await said(talk).count() == await said(other).count() == 1
