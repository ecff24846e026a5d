"""Engines that a session or its agent names are used in their order, before those of the settings."""

from __future__ import annotations

from typing import Any

import pytest

from db.agents.builtin import builtin_agents
from db.agents.definition import EnginePreferences
from db.enums import Stage
from db.models.conversation import Session
from db.postgres.database import Database
from db.viewer import Viewer
from inference.engines.fake.chat import FakeChatModel
from inference.engines.fake.synthesizer import FakeSynthesizer
from inference.engines.fake.transcriber import FakeTranscriber
from inference.journal.load_inputs import load_inputs
from inference.lender import Engines, Lender, OfferedEngines
from inference.ports import EngineInfo
from tests.db.rows import STORE, claimed, open_session, say
from tests.inference.turn.turns import RECORDING, run, work

AGENT = builtin_agents()["billing_agent"]


class _Chat(FakeChatModel):
    def __init__(self, name: str) -> None:
        super().__init__(lambda _: f"I am {name}.")
        self._name = name

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(self._name, "model")


class _Ear(FakeTranscriber):
    def __init__(self) -> None:
        super().__init__()
        self.info = EngineInfo("ear", "model")


class _Voice(FakeSynthesizer):
    def __init__(self) -> None:
        super().__init__()
        self.info = EngineInfo("voice", "model")


def engines() -> Engines:
    def lend(engine: Any) -> Any:
        return (Lender(engine, wait_seconds=10),)

    return Engines(
        asr=lend(FakeTranscriber()),
        draft=None,
        llm=(*lend(_Chat("first")), *lend(_Chat("second"))),
        tts=lend(FakeSynthesizer()),
        offered=OfferedEngines(asr=lend(_Ear()), llm=lend(_Chat("third")), tts=lend(_Voice())),
    )


def named(agent: dict[str, list[str]], session: dict[str, list[str]], **changes: Any) -> Any:
    definition = AGENT.model_copy(update={"engines": EnginePreferences(**agent)})
    return work(agent=definition, engines=EnginePreferences(**session), **changes)


@pytest.mark.parametrize(
    ("agent", "session", "used"),
    [
        ({}, {}, "first"),
        ({"llm": ["third"]}, {}, "third"),
        ({"llm": ["second", "first"]}, {}, "second"),
        ({"llm": ["absent", "third"]}, {}, "third"),
        ({"llm": ["third"]}, {"llm": ["second"]}, "second"),
        ({}, {"llm": ["third"]}, "third"),
    ],
)
async def test_a_session_goes_before_its_agent_and_the_agent_before_the_settings(
    agent: dict[str, list[str]], session: dict[str, list[str]], used: str
) -> None:
    journal = await run(named(agent, session), engines=engines())
    assert journal.failure is None
    assert journal.told("reply_ready")[0][0] == f"I am {used}."


async def test_every_stage_has_its_own() -> None:
    turn = named({"asr": ["ear"], "tts": ["voice"]}, {}, text=None, recording=RECORDING)
    journal = await run(turn, engines=engines())
    assert journal.failure is None
    assert [call.engine for call in journal.calls] == ["ear", "first", "voice"]


@pytest.mark.parametrize(("stage", "failed"), [("asr", Stage.ASR), ("llm", Stage.LLM), ("tts", Stage.TTS)])
async def test_a_name_that_no_engine_here_has_fails_the_stage_and_is_named(stage: str, failed: Stage) -> None:
    turn = named({stage: ["whistle"]}, {}, text=None, recording=RECORDING)
    journal = await run(turn, engines=engines())
    assert journal.failure is not None
    assert (journal.failure.code, journal.failure.stage) == ("ENGINE_UNAVAILABLE", failed)
    assert "whistle" in journal.failure.message
    assert f"VOXLOOM_{failed.value}_OFFERED" in journal.failure.message


async def test_a_stage_that_is_not_used_needs_no_engine() -> None:
    journal = await run(named({"asr": ["whistle"]}, {}), engines=engines())
    assert journal.failure is None


async def test_offered_engines_are_loaded_and_told() -> None:
    told = [(stage, lender.info.engine) for stage, lender in engines().every()]
    assert ("LLM", "third") in told
    assert ("ASR", "ear") in told
    assert ("TTS", "voice") in told


async def test_a_turn_is_loaded_with_the_engines_of_its_session(database: Database, viewer: Viewer) -> None:
    plain, choosing = await open_session(database, viewer), await open_session(database, viewer)
    async with database.transaction() as session:
        (await session.get_one(Session, choosing)).engines = {"llm": ["third", "first"]}
    for session_id, names in ((plain, None), (choosing, ["third", "first"])):
        claim = await claimed(database, await say(database, viewer, session_id))
        inputs = await load_inputs(database, STORE, claim)
        assert inputs.engines == EnginePreferences(llm=names)
