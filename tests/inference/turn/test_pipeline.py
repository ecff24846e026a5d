"""The turn pipeline with fake engines and without a database: stages, failures, resuming at checkpoints."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Hashable
from dataclasses import replace
from typing import Any

import pytest

from db.agents.builtin import builtin_agents
from db.agents.definition import AgentDefinition
from db.audio.decoding import read_recording
from db.audio.recording import Recording
from db.enums import CallStatus, Stage
from db.errors import EngineUnavailable, Overloaded
from inference.engines.fake.chat import FakeChatModel
from inference.engines.fake.synthesizer import FakeSynthesizer
from inference.engines.fake.transcriber import FakeTranscriber
from inference.ports import (
    ChatFinished,
    ChatRequest,
    CompletedToolCall,
    EngineInfo,
    Speech,
    Superseded,
    TextDelta,
    ToolRequest,
    ToolSpec,
    UserMessage,
)
from tests.db.audio.bombs import webm_of_tags
from tests.inference.turn.journal import MemoryJournal
from tests.inference.turn.turns import RECORDING, SILENCE, OneTool, run, work


async def test_text_is_answered_and_spoken_sentence_by_sentence() -> None:
    journal = await run(work())
    assert journal.told("reply_ready") == [("You said: hello there. how are you?", "en")]
    assert [index for index, _ in journal.told("chunk_ready")] == [0, 1]
    assert journal.names[-1] == "turn_finished"
    assert journal.failure is None
    assert [call.stage for call in journal.calls] == [Stage.LLM, Stage.TTS]


async def test_speech_begins_before_the_text_ends() -> None:
    long = "One sentence is here. " * 6
    journal = await run(work(), llm=FakeChatModel(lambda _: long, delay=0.01))
    assert journal.names.index("chunk_ready") < journal.names.index("reply_ready")


async def test_deltas_joined_are_the_reply() -> None:
    journal = await run(work(), llm=FakeChatModel(delay=0.05))
    assert len(journal.told("reply_delta")) > 1
    assert "".join(journal.told("reply_delta")) == journal.told("reply_ready")[0][0]


async def test_a_recording_is_heard_first() -> None:
    journal = await run(work(text=None, recording=RECORDING), asr=FakeTranscriber("pay my bill"))
    assert journal.told("transcript_partial") == ["pay", "pay my", "pay my bill"]
    assert journal.told("transcript_ready") == ["pay my bill"]
    assert journal.told("reply_ready")[0][0] == "You said: pay my bill"
    (call,) = [each for each in journal.calls if each.stage is Stage.ASR]
    assert call.input_audio_ms == 1000
    assert call.details["segments"][0]["text"] == "pay my bill"


async def test_silence_is_answered_and_nothing_is_made_up() -> None:
    journal = await run(work(text=None, recording=SILENCE))
    assert journal.told("transcript_ready") == [""]
    assert journal.told("reply_ready")[0][0] == "I did not catch that."


async def test_a_draft_gives_the_partials_while_the_final_is_made() -> None:
    slow = FakeTranscriber("the final words", delay=0.1)
    journal = await run(work(text=None, recording=RECORDING), asr=slow, draft=FakeTranscriber("a draft", delay=0.01))
    assert journal.told("transcript_partial")[:2] == ["a", "a draft"]
    assert journal.told("transcript_ready") == ["the final words"]
    assert [call.stage for call in journal.calls].count(Stage.ASR) == 2


async def test_a_broken_draft_costs_nothing() -> None:
    draft = FakeTranscriber("x", error=RuntimeError("broken"))
    journal = await run(work(text=None, recording=RECORDING), asr=FakeTranscriber("words", delay=0.05), draft=draft)
    assert journal.failure is None
    assert [call.status for call in journal.calls if call.stage is Stage.ASR] == [CallStatus.FAILED, CallStatus.OK]


@pytest.mark.parametrize(
    ("stage", "engines"),
    [
        (Stage.ASR, {"asr": FakeTranscriber(error=EngineUnavailable("The engine is gone."))}),
        (Stage.LLM, {"llm": FakeChatModel(error=EngineUnavailable("The engine is gone."), error_after=1)}),
        (Stage.TTS, {"tts": FakeSynthesizer(error=EngineUnavailable("The engine is gone."))}),
    ],
)
async def test_a_failing_stage_fails_the_turn_with_its_code(stage: Stage, engines: dict[str, Any]) -> None:
    journal = await run(work(text=None, recording=RECORDING), **engines)
    assert journal.failure is not None
    assert (journal.failure.code, journal.failure.stage) == ("ENGINE_UNAVAILABLE", stage)
    (failed,) = [call for call in journal.calls if call.status is CallStatus.FAILED]
    assert failed.stage is stage
    assert failed.error == "ENGINE_UNAVAILABLE: The engine is gone."


async def test_an_unknown_error_is_masked() -> None:
    journal = await run(work(), llm=FakeChatModel(error=RuntimeError("the customer said: secret")))
    assert journal.failure is not None
    assert journal.failure.code == "INTERNAL"
    assert "secret" not in journal.failure.message
    assert "secret" not in str(journal.calls)


async def test_a_reply_that_cannot_be_spoken_can_still_be_read() -> None:
    journal = await run(
        work(),
        llm=FakeChatModel(lambda _: "One. Two. Three. Four. Five. " * 5, delay=0.002),
        tts=FakeSynthesizer(error=RuntimeError("broken")),
    )
    assert len(journal.told("reply_ready")) == 1
    assert journal.failure is not None
    assert journal.failure.stage is Stage.TTS


async def test_an_engine_that_stalls_fails_its_stage() -> None:
    journal = await run(work(), llm=FakeChatModel(delay=30), stall=0.1)
    assert journal.failure is not None
    assert (journal.failure.code, journal.failure.stage) == ("ENGINE_UNAVAILABLE", Stage.LLM)


async def test_a_language_without_a_voice_is_answered_in_text() -> None:
    journal = await run(work(session_language="es"), tts=FakeSynthesizer(languages=("en",)))
    assert journal.told("stage_skipped") == [Stage.TTS]
    assert len(journal.told("reply_ready")) == 1
    assert journal.failure is None


async def test_a_typed_message_has_its_own_language() -> None:
    journal = await run(work(session_language="en", text="Hola, buenos días."), language_of=lambda _: "es")
    assert journal.user_language == "es"
    assert journal.told("reply_ready")[0][1] == "en"


@pytest.mark.parametrize(("language", "model"), [("en", "joe"), ("es", "dora"), ("de", "pico")])
async def test_a_reply_is_spoken_by_the_first_engine_of_its_language(language: str, model: str) -> None:
    joe, dora = FakeSynthesizer("joe", languages=("en",)), FakeSynthesizer("dora", languages=("es",))
    pico = FakeSynthesizer("pico", languages=("de", "es", "en"))
    journal = await run(work(session_language=language), tts=[joe, dora, pico])
    (spoken,) = [call for call in journal.calls if call.stage is Stage.TTS]
    assert (spoken.model, journal.failure) == (model, None)


async def test_an_engine_that_has_the_agents_voice_comes_first() -> None:
    agent = builtin_agents()["billing_agent"].model_copy(update={"voices": {"es": "dora"}})
    voices = [FakeSynthesizer("pico"), FakeSynthesizer("dora")]
    journal = await run(work(session_language="es", agent=agent), tts=voices)
    (spoken,) = [call for call in journal.calls if call.stage is Stage.TTS]
    assert (spoken.model, spoken.details["voice"]) == ("dora", "dora")
    journal = await run(work(session_language="en", agent=agent), tts=voices)
    assert [call.model for call in journal.calls if call.stage is Stage.TTS] == ["pico"]


async def test_without_the_agents_voice_an_engine_speaks_with_its_own() -> None:
    agent = builtin_agents()["billing_agent"].model_copy(update={"voices": {"es": "dora"}})
    broken = FakeSynthesizer("dora", error=EngineUnavailable("The engine is gone."))
    journal = await run(work(session_language="es", agent=agent), tts=[FakeSynthesizer("pico"), broken])
    assert journal.failure is None
    spoken = [call for call in journal.calls if call.stage is Stage.TTS]
    assert [(call.model, call.status) for call in spoken] == [
        ("dora", CallStatus.FAILED),
        ("pico", CallStatus.OK),
    ]
    assert "voice" not in spoken[-1].details


async def test_tools_run_and_their_results_are_told() -> None:
    toolbox = OneTool()
    journal = await run(work(text="file note"), toolbox=toolbox)
    assert [name for name, _, _ in toolbox.calls] == ["note"]
    assert journal.told("tool_started") == [("note", "crm", 0)]
    assert journal.told("reply_ready")[0][0] == "The tool note said yes."


@pytest.mark.parametrize("toolbox", [OneTool(EngineUnavailable("down")), OneTool(seconds=30)], ids=["down", "slow"])
async def test_a_tool_that_cannot_be_reached_fails_its_call_and_not_the_turn(toolbox: OneTool) -> None:
    journal = await run(work(text="file note"), toolbox=toolbox)
    assert journal.failure is None
    assert journal.told("tool_finished") != [None]
    assert journal.told("reply_ready")[0][0] == "The tool note said no."


async def test_a_tool_that_does_not_exist_is_refused_and_the_turn_goes_on() -> None:
    seen: list[CompletedToolCall] = []

    def script(request: ChatRequest) -> str | list[ToolRequest]:
        seen.extend(item for item in request.history if isinstance(item, CompletedToolCall))
        return "I cannot do that." if seen else [ToolRequest("1", "nothing", {})]

    journal = await run(work(), llm=FakeChatModel(script))
    assert journal.failure is None
    assert journal.told("tool_started") == [("nothing", "", 0)]
    assert journal.told("tool_finished")[0].startswith("NOT_OFFERED: ")
    assert seen[0].result["code"] == "NOT_OFFERED"


async def test_a_model_that_wants_tools_for_ever_is_stopped() -> None:
    toolbox = OneTool()
    journal = await run(work(), llm=FakeChatModel(lambda _: [ToolRequest("1", "note", {})]), toolbox=toolbox)
    assert journal.failure is not None
    assert journal.failure.code == "ENGINE_UNAVAILABLE"
    assert len(toolbox.calls) < 10


async def test_an_empty_reply_is_a_failure() -> None:
    journal = await run(work(), llm=FakeChatModel(lambda _: ""))
    assert journal.failure is not None
    assert journal.failure.stage is Stage.LLM


async def test_a_transcript_that_is_there_is_not_made_again() -> None:
    asr = FakeTranscriber()
    await run(work(text="words of attempt one", recording=RECORDING), asr=asr)
    assert asr.calls == []


async def test_a_reply_that_is_there_is_only_spoken() -> None:
    journal = await run(work(reply="Already written. Twice."), llm=FakeChatModel(error=RuntimeError("never asked")))
    assert journal.failure is None
    assert [text for _, text in journal.told("chunk_ready")] == ["Already written.", "Twice."]
    assert journal.told("reply_ready") == []


async def test_a_tool_call_that_was_begun_is_ended_first() -> None:
    toolbox = OneTool(repeatable=True)
    asked: list[ChatRequest] = []

    def script(request: ChatRequest) -> str:
        asked.append(request)
        return "Done."

    used = CompletedToolCall("a", "note", {}, {"ok": True})
    turn = work(used=(used,), pending=(ToolRequest("b", "note", {"x": 1}),))
    journal = await run(turn, llm=FakeChatModel(script), toolbox=toolbox)
    assert journal.told("tool_started") == [("note", "crm", 1)]
    assert [arguments for _, arguments, _ in toolbox.calls] == [{"x": 1}]
    assert isinstance(asked[0].history[0], UserMessage)
    assert [item.call_id for item in asked[0].history[1:] if isinstance(item, CompletedToolCall)] == ["a", "b"]


@pytest.mark.parametrize("method", ["transcript_ready", "reply_ready", "chunk_ready", "audio_ready", "turn_finished"])
async def test_a_superseded_attempt_stops(method: str) -> None:
    journal = MemoryJournal(superseded_at=method)
    with pytest.raises(Superseded):
        await run(work(text=None, recording=RECORDING), journal=journal)
    assert "turn_finished" not in journal.names


async def test_cancelling_stops_the_engines() -> None:
    asr = FakeTranscriber("a b c", delay=20)
    running = asyncio.create_task(run(work(text=None, recording=RECORDING), asr=asr))
    await asyncio.sleep(0.1)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert asr.finished == 0
    assert not [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]


async def test_timing_covers_what_the_stages_did() -> None:
    journal = await run(work(text=None, recording=RECORDING), asr=FakeTranscriber("a b", delay=0.05))
    stages = {each["stage"]: each for each in journal.timing["stages"]}
    assert set(stages) == {"ASR", "LLM", "TTS"}
    assert stages["ASR"]["duration_ms"] >= 100
    assert journal.timing["covered_ms"] >= stages["ASR"]["duration_ms"]
    assert journal.timing["first_text_ms"] >= stages["LLM"]["start_ms"]


@pytest.mark.parametrize(
    ("language", "told", "earlier", "expected"),
    [
        ("auto", "de", None, "de"),
        ("auto", "de", "fr", "de"),
        ("auto", None, "fr", "fr"),
        ("auto", None, None, "en"),
        ("es-MX", "de", "fr", "es"),
    ],
)
async def test_the_reply_is_in_the_language_of_the_conversation(
    language: str, told: str | None, earlier: str | None, expected: str
) -> None:
    journal = await run(work(session_language=language, earlier_language=earlier), language_of=lambda _: told)
    assert journal.told("reply_ready")[0][1] == expected


class _AnswersIn(FakeChatModel):
    """A chat model that answers in another language than was requested."""

    async def reply(self, request: ChatRequest) -> AsyncGenerator[TextDelta | ToolRequest | ChatFinished, None]:
        yield TextDelta("Guten Tag.", language="de")
        yield TextDelta(" Wie geht es?")
        yield ChatFinished("fake")


class _Voice(FakeSynthesizer):
    """Notes the languages that it speaks."""

    def __init__(self) -> None:
        super().__init__()
        self.spoken: list[str] = []

    async def synthesize(self, text: str, *, language: str, voice: str | None) -> AsyncGenerator[Speech, None]:
        self.spoken.append(language)
        async for piece in super().synthesize(text, language=language, voice=voice):
            yield piece


async def test_a_reply_in_another_language_is_stored_and_spoken_in_it() -> None:
    voice = _Voice()
    journal = await run(work(session_language="en"), llm=_AnswersIn(), tts=voice)
    assert journal.told("reply_ready") == [("Guten Tag. Wie geht es?", "de")]
    assert voice.spoken == ["de", "de"]
    resumed = _Voice()
    await run(work(session_language="en", earlier_language="de", reply="Guten Tag."), tts=resumed)
    assert resumed.spoken == ["de"]


class BusyDecoders:
    """A decoder pool that is overloaded for the first ``busy`` recordings."""

    def __init__(self, busy: int) -> None:
        self.asked = 0
        self._busy = busy

    async def recording(self, data: bytes, *, owner: Hashable, max_seconds: float) -> Recording:
        self.asked += 1
        if self.asked <= self._busy:
            raise Overloaded("No decoder is free.", 1)
        return read_recording(data, max_seconds=max_seconds)


async def test_a_recording_waits_for_a_decoder_that_is_busy() -> None:
    decoders = BusyDecoders(2)
    journal = await run(work(text=None, recording=RECORDING), asr=FakeTranscriber("pay my bill"), decoder=decoders)
    assert journal.failure is None
    assert decoders.asked == 3


async def test_a_recording_for_which_no_decoder_is_ever_free_fails_its_turn() -> None:
    journal = await run(work(text=None, recording=RECORDING), decoder=BusyDecoders(100))
    assert journal.failure is not None
    assert (journal.failure.code, journal.failure.stage) == ("OVERLOADED", Stage.ASR)


@pytest.mark.timeout(300)  # seconds of CPU at the lowest priority, on a busy machine
async def test_a_recording_that_takes_too_much_work_fails_the_turn_and_not_the_worker() -> None:
    journal = await run(work(text=None, recording=webm_of_tags(20_000)))
    assert journal.failure is not None
    assert (journal.failure.code, journal.failure.stage) == ("AUDIO_UNREADABLE", Stage.ASR)


async def test_a_recording_tells_its_language() -> None:
    asr = FakeTranscriber("words")
    journal = await run(work(text=None, recording=RECORDING, session_language="auto"), asr=asr)
    assert asr.calls == [None]
    assert journal.told("reply_ready")[0][1] == "en"


async def test_the_tools_of_the_turns_agent_are_offered() -> None:
    asked: list[ChatRequest] = []

    class ToolOfEachAgent(OneTool):
        async def tools(self, agent: AgentDefinition) -> tuple[tuple[str, ToolSpec], ...]:
            return (("crm", ToolSpec(f"of_{agent.name}", "", {})),)

    def script(request: ChatRequest) -> str:
        asked.append(request)
        return "Yes."

    for name in ("billing_agent", "technical_agent"):
        await run(work(agent=builtin_agents()[name]), llm=FakeChatModel(script), toolbox=ToolOfEachAgent())
    assert [[tool.name for tool in each.tools] for each in asked] == [["of_billing_agent"], ["of_technical_agent"]]


class _Answers(FakeChatModel):
    """A chat model that supports some languages only."""

    def __init__(self, *languages: str) -> None:
        super().__init__()
        self._languages = languages

    @property
    def info(self) -> EngineInfo:
        return replace(super().info, languages=self._languages)


@pytest.mark.parametrize(
    ("earlier", "among"), [(None, ("en", "de", "es")), ("es", ("es", "en", "de")), ("ja", ("en", "de", "es"))]
)
async def test_auto_detects_among_what_can_be_answered(earlier: str | None, among: tuple[str, ...]) -> None:
    ears = FakeTranscriber("hola", spoken="es")
    auto = work(session_language="auto", earlier_language=earlier, text=None, recording=RECORDING)
    journal = await run(auto, asr=ears, llm=_Answers("en", "de", "es"))
    assert ears.among == [among]
    assert journal.told("reply_ready")[0][1] == "es"


@pytest.mark.parametrize(
    ("answers", "earlier", "language"),
    [(("en", "de"), None, "en"), (("en", "de"), "de", "de"), (("de", "fr"), None, "de"), (("de",), "ja", "de")],
)
async def test_auto_never_fails_for_a_language_that_cannot_be_answered(
    answers: tuple[str, ...], earlier: str | None, language: str
) -> None:
    auto = work(session_language="auto", earlier_language=earlier, text=None, recording=RECORDING)
    journal = await run(auto, asr=FakeTranscriber("hola", spoken="ja"), llm=_Answers(*answers))
    assert journal.failure is None
    assert journal.told("reply_ready")[0][1] == language


async def test_auto_without_a_clear_text_answers_in_a_language_that_can_be() -> None:
    journal = await run(work(session_language="auto", earlier_language="ja"), llm=_Answers("de"))
    assert journal.failure is None
    assert journal.told("reply_ready")[0][1] == "de"
