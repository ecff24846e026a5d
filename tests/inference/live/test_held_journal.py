"""A held journal: after its release the real journal has the same writes, in order, as without the hold."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.audio.encoded import EncodedAudio
from db.enums import CallStatus, Stage
from db.turns.values import Failure, FinishedCall
from inference.live.held_journal import HeldJournal
from inference.ports import EngineInfo, Journal, Superseded, ToolContext, ToolRequest, ToolResult, Transcript
from tests.inference.turn.journal import MemoryJournal

_CALL = FinishedCall(Stage.LLM, "fake", "fake", CallStatus.OK, datetime.now(UTC), 0, 1)
_AUDIO = EncodedAudio(b"", "audio/wav", 400, 16_000)
_FAILURE = Failure("INTERNAL", "broken", Stage.TTS)

Write = Callable[[Journal, int], Awaitable[object]]

#: One write of each method of the journal, told apart by a number.
WRITES: dict[str, Write] = {
    "stage_started": lambda journal, n: journal.stage_started(Stage.LLM, EngineInfo("fake", str(n))),
    "stage_skipped": lambda journal, n: journal.stage_skipped(Stage.TTS, str(n)),
    "transcript_partial": lambda journal, n: journal.transcript_partial(str(n)),
    "transcript_ready": lambda journal, n: journal.transcript_ready(Transcript(str(n), "en"), _CALL),
    "reply_delta": lambda journal, n: journal.reply_delta(str(n)),
    "reply_ready": lambda journal, n: journal.reply_ready(str(n), "en"),
    "call_finished": lambda journal, _: journal.call_finished(_CALL, ends_stage=True),
    "tool_started": lambda journal, n: journal.tool_started(ToolRequest(str(n), "note", {}), "crm", n),
    "tool_finished": lambda journal, n: journal.tool_finished(ToolContext("", "", str(n)), ToolResult(True, {}), None),
    "chunk_ready": lambda journal, n: journal.chunk_ready(n, str(n), _AUDIO),
    "audio_ready": lambda journal, _: journal.audio_ready(_AUDIO, _CALL),
    "stage_failed": lambda journal, _: journal.stage_failed(_FAILURE, _CALL, will_retry=True),
    "turn_finished": lambda journal, _: journal.turn_finished({}, None),
}
_NAMES = sorted(WRITES)


async def write_all(journal: Journal, names: list[str]) -> list[object]:
    return [await WRITES[name](journal, number) for number, name in enumerate(names)]


class SlowJournal(MemoryJournal):
    """Takes a moment over each write."""

    async def reply_delta(self, text: str) -> None:
        await asyncio.sleep(0)
        await super().reply_delta(text)


def test_every_method_of_a_journal_is_tried() -> None:
    assert set(WRITES) == {name for name in vars(Journal) if not name.startswith("_")}


@given(st.lists(st.sampled_from(_NAMES), max_size=40), st.integers(0, 30))
async def test_a_release_gives_the_direct_sequence(names: list[str], released_after: int) -> None:
    direct, real, held = MemoryJournal(), SlowJournal(), HeldJournal()
    expected = await write_all(direct, names)
    writing = asyncio.create_task(write_all(held, names))
    for _ in range(released_after):
        await asyncio.sleep(0)
    assert real.steps == []
    await held.release(real)
    assert await writing == expected
    assert real.steps == direct.steps


@given(st.lists(st.sampled_from(_NAMES), max_size=20), st.lists(st.sampled_from(_NAMES), max_size=20))
async def test_two_stages_side_by_side_keep_their_orders(one: list[str], other: list[str]) -> None:
    real, held = SlowJournal(), HeldJournal()
    both = [asyncio.create_task(write_all(held, names)) for names in (one, other)]
    await asyncio.sleep(0)
    await held.release(real)
    await asyncio.gather(*both)
    assert sorted(real.names) == sorted([*one, *other])


async def test_a_tool_waits_for_the_release_and_checkpoints_do_not() -> None:
    held, real = HeldJournal(), MemoryJournal()
    async with asyncio.timeout(30):
        await write_all(held, ["reply_ready", "audio_ready", "turn_finished"])
    asked = asyncio.create_task(held.tool_started(ToolRequest("1", "note", {}), "crm", 3))
    await asyncio.sleep(0.05)
    assert not asked.done()
    assert real.steps == []
    await held.release(real)
    assert (await asked).tool_call_id == "call-3"
    assert real.names[-1] == "tool_started"


async def test_a_tool_whose_attempt_was_cancelled_is_not_journaled() -> None:
    held, real = HeldJournal(), MemoryJournal()
    asked = asyncio.create_task(held.tool_started(ToolRequest("1", "note", {}), "crm", 0))
    await asyncio.sleep(0)
    asked.cancel()
    await asyncio.sleep(0)
    await held.release(real)
    assert real.steps == []


async def test_what_is_held_is_bounded() -> None:
    held = HeldJournal()

    async def many() -> None:
        for _ in range(10_000):  # no more: an unbounded journal takes them all without giving way
            await held.reply_delta("word ")

    writing = asyncio.create_task(many())
    await asyncio.sleep(0.05)
    assert not writing.done()
    writing.cancel()


async def test_speech_is_held_for_about_a_second() -> None:
    held, made = HeldJournal(), 0

    async def speak() -> None:
        nonlocal made
        for index in range(20):
            made += 1
            await held.chunk_ready(index, "", _AUDIO)

    speaking = asyncio.create_task(speak())
    await asyncio.sleep(0.05)
    assert made * _AUDIO.duration_ms == 1200
    await held.release(MemoryJournal())
    await speaking


async def test_an_error_of_the_real_journal_is_raised_where_it_would_have_been() -> None:
    held, real = HeldJournal(), MemoryJournal(superseded_at="reply_ready")
    await held.reply_delta("a")
    await held.reply_ready("a", "en")
    waiting = asyncio.create_task(held.tool_started(ToolRequest("1", "note", {}), "crm", 0))
    await asyncio.sleep(0)
    with pytest.raises(Superseded):
        await held.release(real)
    with pytest.raises(Superseded):
        await waiting
    assert real.names == ["reply_delta"]  # and nothing behind the write that was refused


async def test_a_write_during_the_release_gets_its_own_error() -> None:
    held, real = HeldJournal(), SlowJournal(superseded_at="reply_ready")
    await held.reply_delta("a")
    releasing = asyncio.create_task(held.release(real))
    await asyncio.sleep(0)
    with pytest.raises(Superseded):
        await held.reply_ready("a", "en")
    await releasing


async def test_the_error_of_a_write_that_waits_is_its_own() -> None:
    held, real = HeldJournal(), MemoryJournal(superseded_at="tool_started")
    waiting = asyncio.create_task(held.tool_started(ToolRequest("1", "note", {}), "crm", 0))
    await asyncio.sleep(0)
    await held.release(real)
    with pytest.raises(Superseded):
        await waiting
