"""The ear: speech, pauses and ends of turns from probabilities, and from people's recordings."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from inference.audio.vad import FRAME
from inference.live.ear import FRAME_SECONDS, Ear, EarEvent, SpeechPaused, SpeechResumed, SpeechStarted, TurnEnded
from inference.live.endpointing import LOOKS, Patience
from inference.live.open_ends import open_ends
from inference.ports import SAMPLE_RATE, Samples


class Told:
    """A speech stream with the probabilities of a script: letters are frames, S speech, - silence."""

    def __init__(self, script: str) -> None:
        self._left = list(script)

    def feed(self, frame: Samples) -> float:
        return 0.9 if self._left.pop(0) == "S" else 0.1


def heard(script: str, *, scores: Iterable[float] = (), patience: Patience | None = None, text: str = "fine.") -> Ear:
    """An ear that has heard the script; its events are in ``events``."""
    ear = Ear(Told(script), open_ends("en"), patience or Patience())
    given = iter(scores)
    events: list[EarEvent] = []
    for number in range(len(script)):
        events += ear.feed(np.full(FRAME, number, np.float32))
        if ear.look_due():
            ear.hear_words(text)
            score = next(given, None)
            if score is not None:
                ear.add_score(score)
    ear.events = events  # type: ignore[attr-defined]  # kept for the test
    return ear


def kinds(ear: Ear) -> list[type[EarEvent]]:
    return [type(each) for each in ear.events]  # type: ignore[attr-defined]


def events(ear: Ear) -> list[EarEvent]:
    return list(ear.events)  # type: ignore[attr-defined]


def frames(seconds: float) -> int:
    return round(seconds / FRAME_SECONDS)


def test_a_click_is_no_turn() -> None:
    assert kinds(heard("--SS-----S-----SS" + "-" * 50)) == []


def test_a_turn_that_sounds_complete_ends_after_a_short_silence() -> None:
    ear = heard("-" * 10 + "S" * 30 + "-" * frames(1), scores=[0.99, 0.99])
    assert kinds(ear) == [SpeechStarted, SpeechPaused, TurnEnded]
    started, paused, ended = events(ear)
    assert started.at == pytest.approx(10 * FRAME_SECONDS)
    assert paused.at == pytest.approx(40 * FRAME_SECONDS)
    assert isinstance(ended, TurnEnded)
    assert ended.silence == pytest.approx(0.45, abs=2 * FRAME_SECONDS)
    assert not ear.in_turn


def test_a_pause_does_not_end_a_turn_that_sounds_incomplete() -> None:
    ear = heard("S" * 30 + "-" * frames(1.1) + "S" * 30 + "-" * frames(2), scores=[0.1, 0.1, 0.1, 0.99, 0.99])
    assert kinds(ear) == [SpeechStarted, SpeechPaused, SpeechResumed, SpeechPaused, TurnEnded]


def test_scores_of_one_pause_do_not_count_for_the_next() -> None:
    ear = heard("S" * 30 + "-" * frames(0.3) + "S" * 30 + "-" * frames(1), scores=[0.99, 0.1, 0.1])
    assert TurnEnded not in kinds(ear)


def test_while_the_turn_model_works_its_answer_is_waited_for() -> None:
    ear = heard("S" * 30 + "-" * frames(2.5), scores=[])
    assert TurnEnded not in kinds(ear)
    assert TurnEnded in kinds(heard("S" * 30 + "-" * frames(3.2), scores=[]))


def test_words_from_before_the_caller_went_on_do_not_end_the_turn_sooner() -> None:
    ear = Ear(Told("S" * 10 + "-" * 10 + "S" * 40 + "-" * frames(1.5)), open_ends("en"))
    silences = []
    for number in range(60 + frames(1.5)):
        if number == 15:
            ear.hear_words("yes")  # and then nothing: recognition is late
        silences += [each.silence for each in ear.feed(np.zeros(FRAME, np.float32)) if isinstance(each, TurnEnded)]
        if ear.look_due():
            ear.add_score(0.6)
    assert silences == pytest.approx([0.9], abs=2 * FRAME_SECONDS)


def test_a_later_look_is_not_waited_for() -> None:
    (ended,) = (
        each for each in events(heard("S" * 30 + "-" * frames(2.5), scores=[0.6])) if isinstance(each, TurnEnded)
    )
    assert ended.silence < 2.0


def test_the_model_is_asked_once_for_each_look_at_a_pause() -> None:
    ear = Ear(Told("S" * 10 + "-" * frames(2)), open_ends("en"))
    looks = []
    for number in range(10 + frames(2)):
        ear.feed(np.zeros(FRAME, np.float32))
        if ear.look_due():
            looks.append((number - 9) * FRAME_SECONDS)
            ear.add_score(0.0)
    assert looks == pytest.approx(LOOKS, abs=FRAME_SECONDS)


def test_a_turn_has_the_audio_from_just_before_its_first_speech() -> None:
    ear = heard("-" * 100 + "S" * 30 + "-" * frames(1), scores=[0.99])
    ended = events(ear)[-1]
    assert isinstance(ended, TurnEnded)
    first, last = int(ended.samples[0]), int(ended.samples[-1])
    assert 100 - frames(0.3) - 2 <= first <= 100 - frames(0.3) + 2
    assert last == pytest.approx(130 + frames(ended.silence), abs=2)


def test_silence_for_hours_keeps_nothing() -> None:
    ear = heard("-" * 5000)
    assert ear.samples.size < SAMPLE_RATE


def test_a_turn_without_an_end_is_ended_at_a_pause() -> None:
    ear = heard(("S" * 50 + "-" * 4) * 80, scores=[])
    assert TurnEnded in kinds(ear)


def test_voices_that_never_pause_are_cut_into_turns_and_not_held_for_ever() -> None:
    ear = heard("S" * frames(600))
    ended = [each for each in events(ear) if isinstance(each, TurnEnded)]
    assert len(ended) >= 3
    assert max(each.samples.size for each in ended) <= 151 * SAMPLE_RATE
    assert ear.samples.size <= 151 * SAMPLE_RATE


def test_a_client_may_end_the_turn_itself_while_the_caller_speaks() -> None:
    ear = heard("-" * 20 + "S" * 30)
    ended = ear.end_turn()
    assert ended is not None
    assert ended.samples.size >= 30 * FRAME
    assert not ear.in_turn
    assert ear.end_turn() is None


def test_a_turn_that_is_dropped_leaves_no_audio() -> None:
    ear = heard("S" * 100)
    ear.forget_turn()
    assert not ear.in_turn
    assert ear.samples.size <= FRAME
