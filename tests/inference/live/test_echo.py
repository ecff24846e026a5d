"""Echo cancellation: the reply's own echo is no speech of the caller, and the caller is heard over it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from uuid import uuid4

import numpy as np
import pytest

from db.errors import EngineUnavailable
from inference.audio.vad import FRAME, SpeechDetector
from inference.audio.wav import resample
from inference.live import echo
from inference.live.caller_events import ClearPlayback, PausePlayback, ReplyAudio, ResumePlayback, ToCaller
from inference.live.ear import Ear, SpeechStarted
from inference.live.echo import EchoCanceller, EchoFreeSpeaker
from inference.live.open_ends import open_ends
from inference.ports import SAMPLE_RATE, Samples
from tests.speech_samples import clips

pytest.importorskip("livekit")


def level(samples: Samples, loudness: float) -> Samples:
    return np.asarray(samples * (loudness / np.sqrt(np.mean(samples**2))), np.float32)


def reply() -> Samples:
    return level(clips()["LJ001-0001"].samples[: 6 * SAMPLE_RATE], 0.1)


def echoed(samples: Samples, *, delay: float, decibels: float) -> Samples:
    """What a phone's microphone takes up of its loudspeaker: late, quieter, with a room's reverberation and noise."""
    rng = np.random.default_rng(2)
    room = np.zeros(960, np.float32)
    room[0] = 1
    room[1:] = rng.standard_normal(959) * np.exp(-np.arange(1, 960) / 192) * 0.15
    late = np.concatenate([np.zeros(round(delay * SAMPLE_RATE), np.float32), samples])
    near = np.convolve(late, room)[: samples.size] * 10 ** (decibels / 20)
    return (near + rng.standard_normal(samples.size) * 4e-4).astype(np.float32)


def speech_starts(samples: Samples, through: Callable[[Samples], Samples] = lambda each: each) -> list[float]:
    """When an ear hears a caller begin to speak; the audio comes in packets of 20 ms, as on a phone line."""
    detector = SpeechDetector()
    detector.load()
    ear = Ear(detector.stream(), open_ends("en"))
    heard = np.concatenate([through(samples[at : at + 320]) for at in range(0, samples.size, 320)])
    found = []
    for at in range(0, heard.size - FRAME + 1, FRAME):
        found += [each.at for each in ear.feed(heard[at : at + FRAME]) if isinstance(each, SpeechStarted)]
    return found


@pytest.mark.parametrize(("delay", "decibels"), [(0.08, -6.0), (0.08, -20.0), (0.25, -12.0)])
def test_the_echo_of_the_reply_is_speech_without_the_canceller_and_none_with_it(delay: float, decibels: float) -> None:
    microphone = echoed(reply(), delay=delay, decibels=decibels)
    assert speech_starts(microphone)
    canceller = EchoCanceller()
    canceller.play(reply(), SAMPLE_RATE)
    assert speech_starts(microphone, canceller.hear) == []


def test_a_caller_who_speaks_over_the_reply_is_heard() -> None:
    caller = level(clips()["jfk"].samples[: 2 * SAMPLE_RATE], 0.06)
    microphone = echoed(reply(), delay=0.08, decibels=-12)
    begins = 4 * SAMPLE_RATE
    microphone[begins:] += caller
    canceller = EchoCanceller()
    canceller.play(reply(), SAMPLE_RATE)
    (start,) = speech_starts(microphone, canceller.hear)
    assert 4.0 <= start <= 4.6


def test_the_reply_may_come_in_pieces_of_another_rate_and_ahead_of_time() -> None:
    at_24_khz = resample(reply(), SAMPLE_RATE, 24_000)
    canceller = EchoCanceller()
    for piece in np.array_split(at_24_khz, 9):
        canceller.play(piece, 24_000)
    assert canceller.waiting_seconds == pytest.approx(6, abs=0.01)
    assert speech_starts(echoed(reply(), delay=0.08, decibels=-12), canceller.hear) == []
    assert canceller.waiting_seconds == pytest.approx(0, abs=0.01)


def test_audio_of_any_length_comes_back_whole_but_for_less_than_a_frame() -> None:
    canceller = EchoCanceller()
    sizes = [0, 1, 159, 160, 333, 5000, 7]
    given = sum(sizes)
    back = sum(canceller.hear(np.zeros(size, np.float32)).size for size in sizes)
    assert given - 160 < back <= given


def test_playback_is_held_and_dropped() -> None:
    canceller = EchoCanceller()
    second = np.full(SAMPLE_RATE, 0.1, np.float32)
    canceller.play(second, SAMPLE_RATE)
    canceller.pause()
    canceller.hear(second)
    assert canceller.waiting_seconds == 1
    canceller.resume()
    canceller.hear(second[: SAMPLE_RATE // 2])
    assert canceller.waiting_seconds == 0.5
    canceller.clear()
    assert canceller.waiting_seconds == 0


def test_what_waits_to_be_played_is_bounded() -> None:
    canceller = EchoCanceller()
    for _ in range(20):
        canceller.play(np.zeros(10 * SAMPLE_RATE, np.float32), SAMPLE_RATE)
    assert canceller.waiting_seconds <= 130


async def test_the_canceller_follows_what_is_sent_to_the_caller() -> None:
    sent: list[ToCaller] = []

    class Line:
        async def send(self, event: ToCaller) -> None:
            sent.append(event)

    canceller, reply_id = EchoCanceller(), uuid4()
    speaker = EchoFreeSpeaker(Line(), canceller)
    second = np.zeros(SAMPLE_RATE, np.float32)
    events: list[ToCaller] = [
        ReplyAudio(reply_id, 0, "one", second, SAMPLE_RATE),
        ReplyAudio(reply_id, 1, "two", second, SAMPLE_RATE),
        PausePlayback(reply_id),
        ResumePlayback(reply_id),
        ClearPlayback(reply_id, 500),
    ]
    waiting = []
    for event in events:
        await speaker.send(event)
        canceller.hear(second[: SAMPLE_RATE // 4])
        waiting.append(canceller.waiting_seconds)
    assert waiting == [0.75, 1.5, 1.5, 1.25, 0]
    assert all(passed is given for passed, given in zip(sent, events, strict=True))


def test_without_the_package_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    echo.load.cache_clear()
    monkeypatch.setitem(sys.modules, "livekit.rtc.apm", None)
    with pytest.raises(EngineUnavailable, match="livekit"):
        EchoCanceller()
