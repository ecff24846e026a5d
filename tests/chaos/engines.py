"""Engines of the suite, as a plug-in: they hear the number of an utterance and answer with it."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from inference.engines.factory import EngineContext, EngineFactory
from inference.engines.fake.chat import FakeChatModel, echo
from inference.engines.fake.plugin import FakeSettings
from inference.engines.fake.streaming import FakeStream, FakeStreamingTranscriber
from inference.lane import current_lane
from inference.ports import SAMPLE_RATE, ChatRequest, CompletedToolCall, Samples, ToolRequest, UserMessage
from tests.chaos.spoken_numbers import numbers_in
from tests.plugin_packages import write_package

#: The name of the engines in the settings.
ENGINE = "numbered"

#: Words of speech that carries no number: a backchannel.
BACKCHANNEL = "uh-huh"

_NUMBER = re.compile(r"number (\d+)")
_ROOT = Path(__file__).parents[2]

#: Speech is longer before it is taken for a backchannel: its number may come yet.
_BACKCHANNEL_SECONDS = 0.9


def install(folder: Path) -> dict[str, str]:
    """Writes the plug-in's metadata to a folder; returns the environment in which the engines are found and chosen."""
    module = __name__
    points = {"streaming_asr": f"{ENGINE} = {module}:streaming_transcriber", "llm": f"{ENGINE} = {module}:chat"}
    write_package(folder, "voxloom-chaos-engines", points)
    return {
        "PYTHONPATH": os.pathsep.join([str(_ROOT), str(folder)]),
        "VOXLOOM_LIVE_ASR_ENGINE": ENGINE,
        "VOXLOOM_LLM_ENGINE": ENGINE,
    }


def numbers_of(text: str) -> tuple[int, ...]:
    """The utterances whose words are in a text."""
    return tuple(map(int, _NUMBER.findall(text)))


def uses_tool(text: str) -> bool:
    """Whether the answer to a text needs a tool."""
    return any(number % 5 == 0 for number in numbers_of(text))


def reply_to(text: str) -> str:
    """The reply to what was said in a call: short or long, by the last number."""
    numbers = numbers_of(text)
    if numbers and numbers[-1] % 3:
        return f"You said: {text}. Is there anything else that I can do for you today, or tomorrow?"
    return f"You said: {text}"


def _script(request: ChatRequest) -> str | Sequence[ToolRequest]:
    said = next((item.text for item in reversed(request.history) if isinstance(item, UserMessage)), "")
    if not numbers_of(said):
        return echo(request)
    if uses_tool(said) and request.tools and not isinstance(request.history[-1], CompletedToolCall):
        return [ToolRequest(f"call_{len(request.history)}", "billing_query", {"query": said, "intent": "billing"})]
    return reply_to(said)


class NumberedTranscriber(FakeStreamingTranscriber):
    """Hears "number 17" for each code of tones, else a backchannel."""

    def listen(self, *, language: str | None, among: Sequence[str] = ()) -> NumberedStream:
        place = current_lane()
        return NumberedStream(self, (), place.lane if place else self._lane, language, tuple(among))


class NumberedStream(FakeStream):
    """The recognition of one turn."""

    def feed(self, samples: Samples) -> None:
        super().feed(samples)
        self._audio = [*getattr(self, "_audio", ()), samples]

    def _heard(self, upto: int) -> str:
        if not self._sounded:
            return ""
        audio = np.concatenate(self._audio)[:upto]
        numbers = numbers_in(audio, SAMPLE_RATE)
        if numbers:
            return " ".join(f"number {number}" for number in numbers)
        return BACKCHANNEL if upto > _BACKCHANNEL_SECONDS * SAMPLE_RATE else ""


def _make_transcriber(settings: FakeSettings, context: EngineContext) -> NumberedTranscriber:
    return NumberedTranscriber(real_time_factor=settings.real_time_factor, parallel=context.parallel)


def _make_chat(settings: FakeSettings, context: EngineContext) -> FakeChatModel:
    return FakeChatModel(_script, delay=settings.delay_seconds)


streaming_transcriber = EngineFactory(FakeSettings, _make_transcriber, install="")
chat = EngineFactory(FakeSettings, _make_chat, install="")
