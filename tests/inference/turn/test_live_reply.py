"""The reply of a live turn: pieces as they are made, equal to what is stored; its listener costs the turn nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime

import numpy as np
import pytest

from db.audio.decoder_pool import DecoderPool
from db.audio.decoding import read_recording
from db.errors import EngineUnavailable
from inference.audio.level import VoiceLevels
from inference.engines.fake.chat import FakeChatModel
from inference.engines.fake.synthesizer import FakeSynthesizer
from inference.engines.fake.transcriber import FakeTranscriber
from inference.ports import Speech
from inference.turn.limits import TurnLimits
from inference.turn.pipeline import Pipeline
from inference.turn.reply_relay import ReplyRelay
from inference.turn.retries import RetryPolicy
from inference.turn.timing import TurnClock
from tests.conftest import lent
from tests.inference.turn.journal import MemoryJournal
from tests.inference.turn.listener import MemoryListener
from tests.inference.turn.turns import OneTool, work
from tests.waiting import until

_LIMITS = TurnLimits(
    recording_seconds=60, stall_seconds=5, stage_seconds=10, tool_seconds=1, retry=RetryPolicy(3, pause_seconds=0.01)
)
_REPLY = (
    "Your current balance is forty two dollars and nineteen cents, and it is due on the second of next month. "
    "You have paid all of your bills on time, and nothing else is open at this moment. Is there anything else?"
)


class CountingSynthesizer(FakeSynthesizer):
    """``texts``: what it was asked to say. ``made``: pieces. ``untold``: its pieces come without their text."""

    untold = False

    def __init__(self, *, fails_after: int | None = None, **options: float) -> None:
        super().__init__(**options)  # type: ignore[arg-type]
        self.texts: list[str] = []
        self.made = 0
        self._fails_after = fails_after

    async def synthesize(self, text: str, *, language: str, voice: str | None) -> AsyncGenerator[Speech, None]:
        self.texts.append(text)
        async for piece in super().synthesize(text, language=language, voice=voice):
            if self._fails_after is not None and self.made >= self._fails_after:
                raise EngineUnavailable("The engine is gone.")
            self.made += 1
            yield Speech(piece.samples, piece.sample_rate, "" if self.untold else piece.text)


async def answer(
    *voices: FakeSynthesizer,
    listener: MemoryListener | None = None,
    llm: FakeChatModel | None = None,
    text: str = "hello",
    levels: VoiceLevels | None = None,
) -> tuple[MemoryJournal, MemoryListener]:
    """A turn with a listener, run to its end."""
    journal, listener, relay = MemoryJournal(), listener or MemoryListener(), ReplyRelay()
    relay.release(listener)
    llm = llm or FakeChatModel(lambda _: _REPLY)
    await pipeline_of(voices or (FakeSynthesizer(),), llm, journal, relay, text, levels).run()
    await relay.drain()
    return journal, listener


def pipeline_of(  # noqa: PLR0917 - all of one pipeline
    voices: tuple[FakeSynthesizer, ...],
    llm: FakeChatModel,
    journal: MemoryJournal,
    relay: ReplyRelay,
    text: str = "hello",
    levels: VoiceLevels | None = None,
) -> Pipeline:
    now = datetime.now(UTC)
    return Pipeline(
        work(text=text),
        engines=lent(FakeTranscriber(), llm, voices),
        decoder=DecoderPool(1, wait_seconds=10),
        toolbox=OneTool(),
        journal=journal,
        clock=TurnClock(now, now),
        limits=_LIMITS,
        relay=relay,
        levels=levels,
    )


def stored(journal: MemoryJournal) -> np.ndarray:
    (audio,) = journal.told("audio_ready")
    return read_recording(audio.data, max_seconds=600).samples


@pytest.mark.parametrize("untold", [False, True], ids=["with texts", "without texts"])
async def test_the_pieces_joined_are_the_stored_reply(untold: bool) -> None:
    voice = CountingSynthesizer()
    voice.untold = untold
    journal, listener = await answer(voice)
    sent = np.concatenate([piece.samples for piece in listener.pieces])
    kept = stored(journal)
    assert sent.size == kept.size
    assert np.abs(sent - kept).max() < 1e-4  # it is stored in 16 bits
    assert " ".join(piece.text.strip() for piece in listener.pieces) == _REPLY
    assert listener.text == _REPLY
    assert " ".join(text for _, text in journal.told("chunk_ready")) == _REPLY


async def test_the_first_piece_is_short() -> None:
    _, listener = await answer()
    assert listener.pieces[0].text == "Your current balance"
    assert len(listener.pieces) > len(_REPLY) / 60


async def test_the_opening_is_passed_on_before_its_sentence_is_written() -> None:
    written: list[str] = []

    class Watching(MemoryListener):
        async def reply_piece(self, speech: Speech) -> None:
            written.append(self.text)

    await answer(listener=Watching(), llm=FakeChatModel(lambda _: _REPLY, delay=0.005))
    assert "due on" not in written[0]


async def test_pieces_are_passed_on_before_their_sentence_is_stored() -> None:
    order: list[str] = []

    class Watching(MemoryListener):
        async def reply_piece(self, speech: Speech) -> None:
            order.append("piece")

    class Journal(MemoryJournal):
        def _note(self, name: str, what: object = None) -> None:
            order.append(name)
            super()._note(name, what)

    relay, journal = ReplyRelay(), Journal()
    relay.release(Watching())
    voice = FakeSynthesizer(delay=0.01)
    await pipeline_of((voice,), FakeChatModel(lambda _: _REPLY), journal, relay).run()
    await relay.drain()
    chunks = [at for at, name in enumerate(order) if name == "chunk_ready"]
    between = order[chunks[0] : chunks[1]]
    assert between.count("piece") > 1


async def test_an_engine_that_fails_within_a_sentence_is_not_repeated_by_the_next() -> None:
    first, second = CountingSynthesizer(fails_after=2), CountingSynthesizer()
    journal, listener = await answer(first, second)
    assert journal.failure is None
    assert " ".join(piece.text.strip() for piece in listener.pieces) == _REPLY
    assert second.texts[0] not in first.texts
    sent = np.concatenate([piece.samples for piece in listener.pieces])
    assert sent.size == stored(journal).size


async def test_another_language_model_begins_the_reply_anew() -> None:
    broken = FakeChatModel(lambda _: _REPLY, error=EngineUnavailable("gone"), error_after=8)
    journal, listener, relay = MemoryJournal(), MemoryListener(), ReplyRelay()
    relay.release(listener)
    now = datetime.now(UTC)
    pipeline = Pipeline(
        work(),
        engines=lent(FakeTranscriber(), [broken, FakeChatModel(lambda _: "Yes, of course.")], FakeSynthesizer()),
        decoder=DecoderPool(1, wait_seconds=10),
        toolbox=OneTool(),
        journal=journal,
        clock=TurnClock(now, now),
        limits=_LIMITS,
        relay=relay,
    )
    assert await pipeline.run() is None
    await relay.drain()
    names = [name for name, _ in listener.got]
    after = listener.got[names.index("restarted") :]
    assert "".join(what for name, what in after if name == "text") == "Yes, of course."
    assert [what.text for name, what in after if name == "piece"] == ["Yes, of course."]


async def test_tools_are_told_when_they_begin_and_end() -> None:
    _, listener = await answer(llm=FakeChatModel(), text="file note")
    told = [each for each in listener.got if each[0].startswith("tool")]
    assert told == [("tool_started", ("call-0", "note")), ("tool_finished", ("call-0", "note", True))]


async def test_cancelling_stops_the_engine_at_its_next_piece() -> None:
    voice, relay = CountingSynthesizer(delay=0.1), ReplyRelay()
    running = asyncio.create_task(pipeline_of((voice,), FakeChatModel(lambda _: _REPLY), MemoryJournal(), relay).run())
    await until(lambda: voice.made)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    made = voice.made
    assert made > 0
    await asyncio.sleep(0.2)
    assert voice.made == made


async def test_a_listener_that_hangs_or_fails_costs_the_turn_nothing() -> None:
    class Hanging(MemoryListener):
        async def reply_text(self, delta: str) -> None:
            await asyncio.Event().wait()

    for listener in (Hanging(), MemoryListener(ConnectionError())):
        relay, journal = ReplyRelay(), MemoryJournal()
        relay.release(listener)
        assert await pipeline_of((FakeSynthesizer(),), FakeChatModel(lambda _: _REPLY), journal, relay).run() is None
        assert journal.names[-1] == "turn_finished"
        await relay.close()


async def test_the_first_piece_has_the_gain_that_its_voice_had_before() -> None:
    class Loud(VoiceLevels):
        def of(self, voice: object) -> float:
            return -3.0

    _, usual = await answer()
    _, quieter = await answer(levels=Loud())
    first, other = (np.abs(each.pieces[0].samples).max() for each in (usual, quieter))
    assert other < 0.7 * first


async def test_a_reply_teaches_the_loudness_of_its_voice() -> None:
    learnt: list[float] = []

    class Pupil(VoiceLevels):
        def learn(self, voice: object, loudness: float) -> None:
            learnt.append(loudness)

    await answer(levels=Pupil())
    assert len(learnt) == 1
    assert -40 < learnt[0] < -10


async def test_an_opening_goes_on_without_the_pause_of_its_engine() -> None:
    class Pausing(FakeSynthesizer):
        async def synthesize(self, text: str, *, language: str, voice: str | None) -> AsyncGenerator[Speech, None]:
            async for piece in super().synthesize(text, language=language, voice=voice):
                pause = np.zeros(2000, np.float32)
                yield Speech(np.concatenate([piece.samples, pause]), piece.sample_rate, piece.text)

    _, listener = await answer(Pausing())
    first, second = listener.pieces[:2]
    assert first.samples[-100:].any()
    assert not second.samples[-2000:].any()
