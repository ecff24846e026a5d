"""How a recording is walked, with a model whose every answer is known."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from db.errors import EngineUnavailable
from inference.engines.listening import MOST_TOKENS, Decoded, Listening
from inference.ports import Samples, Transcript, TranscriptPartial
from inference.vad import FRAME, SpeechDetector

GOOD = Decoded("good words", 2, -0.2, 0.01)
LOOP = Decoded("and again " * 30, 60, -0.1, 0.01)
GUESS = Decoded("a guess", 2, -1.5, 0.1)
NOTHING = Decoded("thank you", 2, -1.5, 0.9)


class Told(SpeechDetector):
    """Speech where it is told to be, in seconds."""

    def __init__(self, *speech: tuple[float, float]) -> None:
        super().__init__()
        self._speech = speech

    def probabilities(self, samples: Samples) -> NDArray[np.float32]:
        found = np.zeros(-(-samples.size // FRAME), np.float32)
        for start, end in self._speech:
            found[int(start * 16_000 / FRAME) : int(end * 16_000 / FRAME)] = 1.0
        return found


class Scripted:
    """A model that answers from a list; ``asked`` notes each question as (context seconds, temperature)."""

    languages = ("en", "de", "ja")

    def __init__(self, answers: Sequence[Decoded], stop_after: int | None = None) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[float, float]] = []
        self.encoded: list[float] = []
        self.stop_after = stop_after

    def encode(self, samples: Samples, seconds: float) -> float:
        self.encoded.append(seconds)
        return seconds

    def detect_language(self, features: float) -> tuple[str, float]:
        return "de", 0.75

    def decode(self, features: float, language: str, temperature: float, stop: threading.Event) -> Decoded:
        self.asked.append((features, temperature))
        if self.stop_after == len(self.asked):
            stop.set()
        return self.answers[len(self.asked) - 1]


def run(
    model: Scripted,
    *speech: tuple[float, float],
    seconds: float = 40.0,
    language: str | None = "en",
    trimmed: bool = True,
) -> list[TranscriptPartial | Transcript]:
    listening = Listening(Told(*speech), trimmed=trimmed)
    return list(listening.transcribe(model, np.zeros(int(seconds * 16_000), np.float32), language, threading.Event()))


def final(items: list[TranscriptPartial | Transcript]) -> Transcript:
    assert isinstance(items[-1], Transcript)
    return items[-1]


def test_no_speech_asks_no_model() -> None:
    model = Scripted([])
    (transcript,) = run(model)
    assert (final([transcript]).text, model.encoded) == ("", [])
    assert final([transcript]).details == {"speech_seconds": 0.0, "pieces": [], "skipped": "no speech"}


@pytest.mark.parametrize(("speech", "context"), [((1, 3), 10.0), ((1, 13), 15.4), ((1, 28), 30.0)])
def test_the_context_follows_the_speech(speech: tuple[float, float], context: float) -> None:
    model = Scripted([GOOD])
    run(model, speech)
    assert model.encoded[0] == pytest.approx(context, abs=0.05)
    assert model.encoded[0] * 50 == pytest.approx(round(model.encoded[0] * 50))


def test_untrimmed_is_the_whole_window() -> None:
    model = Scripted([GOOD])
    run(model, (1, 3), trimmed=False)
    assert model.encoded == [30.0]


def test_a_loop_is_heard_again_with_the_whole_window() -> None:
    model = Scripted([LOOP, GOOD])
    transcript = final(run(model, (1, 3)))
    assert transcript.text == "good words"
    assert model.asked == [(10.0, 0.0), (30.0, 0.0)]
    assert transcript.details["pieces"][0]["attempts"] == 2


def test_who_repeats_himself_is_believed_when_heard_so_twice() -> None:
    model = Scripted([LOOP, replace(LOOP, text=LOOP.text.upper())])
    assert final(run(model, (1, 3))).text == LOOP.text.upper()
    assert len(model.asked) == 2


def test_then_with_rising_temperature_and_the_best_is_kept() -> None:
    endless = replace(LOOP, tokens=MOST_TOKENS)
    model = Scripted([endless, endless, GUESS, endless])
    transcript = final(run(model, (1, 3)))
    assert transcript.text == "a guess"
    assert model.asked == [(10.0, 0.0), (30.0, 0.0), (30.0, 0.4), (30.0, 0.8)]
    assert model.encoded == [10.0, 30.0]
    assert transcript.details["pieces"][0]["temperature"] == 0.4


def test_a_whole_window_is_not_tried_twice_at_the_same_temperature() -> None:
    model = Scripted([LOOP, GOOD])
    run(model, (1, 28))
    assert model.asked == [(30.0, 0.0), (30.0, 0.4)]


def test_what_is_no_speech_is_dropped() -> None:
    items = run(Scripted([NOTHING]), (1, 3))
    assert final(items).text == ""
    assert final(items).segments == ()
    assert len(items) == 1
    assert final(items).details["pieces"][0]["dropped"] is True


def test_every_piece_adds_to_the_partial() -> None:
    items = run(Scripted([GOOD, NOTHING, GOOD]), (1, 3), (9, 10), (15, 18))
    assert [item.text for item in items] == ["good words", "good words good words", "good words good words"]
    assert [(round(s.start), round(s.end)) for s in final(items).segments] == [(1, 3), (15, 18)]
    assert final(items).output_tokens == 6


def test_the_language_is_detected_once() -> None:
    transcript = final(run(Scripted([GOOD, GOOD]), (1, 3), (9, 10), language=None))
    assert transcript.language == "de"
    assert transcript.details["language_probability"] == 0.75


def test_japanese_is_joined_without_spaces() -> None:
    assert final(run(Scripted([GOOD, GOOD]), (1, 3), (9, 10), language="ja")).text == "good wordsgood words"


def test_a_language_the_model_has_not_is_refused() -> None:
    with pytest.raises(EngineUnavailable, match="fr"):
        run(Scripted([GOOD]), (1, 3), language="fr")


def test_stopped_between_pieces_there_is_no_transcript() -> None:
    model = Scripted([GOOD, GOOD, GOOD], stop_after=2)
    items = run(model, (1, 3), (9, 10), (15, 18))
    assert [type(item) for item in items] == [TranscriptPartial, TranscriptPartial]
    assert len(model.asked) == 2
