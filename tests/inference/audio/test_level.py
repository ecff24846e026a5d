"""Audio levels: gain for quiet recordings, and loudness normalization of replies."""

from __future__ import annotations

import numpy as np
import pytest

from inference.audio.level import REPLY_LOUDNESS, LoudnessMeter, ReplyLevel, VoiceLevels, raised
from inference.audio.vad import SpeechDetector, find_speech
from inference.engines.fake.synthesizer import FakeSynthesizer
from inference.ports import Samples
from tests.inference.turn.turns import run, work
from tests.speech_samples import clips

RATE = 16_000


@pytest.fixture(scope="module")
def detector() -> SpeechDetector:
    loaded = SpeechDetector()
    loaded.load()
    return loaded


def at(samples: Samples, decibels: float) -> Samples:
    """So much louder, as 16 bits hold it."""
    dither = np.random.default_rng(0).uniform(-0.5, 0.5, samples.size)
    return (np.round(samples * 10 ** (decibels / 20) * 32_768 + dither) / 32_768).astype(np.float32)


def speech_seconds(detector: SpeechDetector, samples: Samples) -> float:
    return sum(each.seconds for each in find_speech(detector.probabilities(samples)))


@pytest.mark.parametrize("decibels", [-20, -40, -55])
@pytest.mark.parametrize("name", ["jfk", "LJ001-0006"])
def test_quiet_speech_is_found_like_any_other(detector: SpeechDetector, name: str, decibels: float) -> None:
    samples = clips()[name].samples
    expected = speech_seconds(detector, samples)
    assert speech_seconds(detector, raised(at(samples, decibels))) > 0.85 * expected
    if (name, decibels) == ("jfk", -55):
        assert speech_seconds(detector, at(samples, decibels)) < 0.5 * expected  # or this test shows nothing


def test_a_quiet_voice_beside_a_loud_one_is_found(detector: SpeechDetector) -> None:
    samples = clips()["jfk"].samples
    loud_and_quiet = np.concatenate([samples, at(samples, -30)])
    both = speech_seconds(detector, raised(loud_and_quiet))
    assert both > 1.6 * speech_seconds(detector, samples)


def test_a_click_does_not_keep_speech_down(detector: SpeechDetector) -> None:
    samples = at(clips()["jfk"].samples, -45)
    samples[20_000:20_400] = 0.9
    assert speech_seconds(detector, raised(samples)) > 6


def noises() -> dict[str, Samples]:
    random = np.random.default_rng(0)
    time = np.arange(RATE * 8) / RATE
    white = random.normal(0, 1, time.size)
    spectrum = np.fft.rfft(white)
    slope = np.arange(spectrum.size) + 1
    found = {
        "white": white,
        "pink": np.fft.irfft(spectrum / np.sqrt(slope), time.size),
        "brown": np.fft.irfft(spectrum / slope, time.size),
        "hum": np.sin(2 * np.pi * 50 * time) + 0.3 * np.sin(2 * np.pi * 150 * time) + 0.02 * white,
        "clicks": (random.random(time.size) < 2e-4) * random.normal(0, 1, time.size),
        "ringing": (np.sin(2 * np.pi * 440 * time) + np.sin(2 * np.pi * 480 * time)) * (time % 6 < 2),
        "touch tones": np.sin(2 * np.pi * 770 * time) + np.sin(2 * np.pi * 1336 * time),
        "breath": np.convolve(white, np.ones(8), "same") * np.clip(np.sin(2 * np.pi * 0.3 * time), 0, 1),
    }
    return {name: (each / np.abs(each).max()).astype(np.float32) for name, each in found.items()}


@pytest.mark.parametrize("decibels", [-3, -40, -70])
@pytest.mark.parametrize("name", noises())
def test_noise_that_is_raised_is_no_speech(detector: SpeechDetector, name: str, decibels: float) -> None:
    assert speech_seconds(detector, raised(at(noises()[name], decibels))) == 0


def test_speech_of_a_usual_level_stays_as_it_is() -> None:
    samples = clips()["jfk"].samples
    difference = raised(samples) - samples
    assert np.abs(difference).max() < 0.05
    assert np.sqrt(np.mean(np.square(difference))) < 0.01 * np.sqrt(np.mean(np.square(samples)))


@pytest.mark.parametrize("size", [0, 1, 319, 321, 5_000, 200_000])
def test_any_length_will_do(size: int) -> None:
    random = np.random.default_rng(size)
    for amplitude in (0.0, 1e-6, 1.0):
        samples = (amplitude * random.uniform(-1, 1, size)).astype(np.float32)
        lifted = raised(samples)
        assert lifted.shape == samples.shape
        assert lifted.dtype == np.float32
        assert np.isfinite(lifted).all()
        assert np.abs(lifted).max(initial=0) <= 1


async def test_a_turn_hears_a_quiet_recording() -> None:
    from inference.audio.wav import encode_wav
    from inference.engines.fake.transcriber import FakeTranscriber

    given: list[Samples] = []

    class Listener(FakeTranscriber):
        async def transcribe(self, samples, **options):  # type: ignore[no-untyped-def]
            given.append(samples)
            async for each in super().transcribe(samples, **options):
                yield each

    await run(work(text=None, recording=encode_wav(at(clips()["jfk"].samples, -45), RATE)), asr=Listener())
    assert 20 * np.log10(np.sqrt(np.mean(np.square(given[0])))) > -32


# --- replies ----------------------------------------------------------------------------------------------


def test_loudness_is_that_of_bs_1770() -> None:
    """EBU Tech 3341, test 1 and 2, for one channel: a 1 kHz sine of -23 dB of full scale is -23 LUFS in two."""
    for decibels in (-23.0, -33.0):
        sine = 10 ** (decibels / 20) * np.sin(2 * np.pi * 1_000 * np.arange(48_000 * 20) / 48_000)
        assert LoudnessMeter(48_000).add(sine.astype(np.float32)) == pytest.approx(decibels - 3.01, abs=0.1)


@pytest.mark.parametrize("decibels", [-25, -8, 0, 6])
def test_a_reply_has_a_usual_loudness_and_clips_nowhere(decibels: float) -> None:
    level = ReplyLevel()
    sentences = [
        (clip.samples * 10 ** (decibels / 20)).astype(np.float32) for name, clip in clips().items() if name != "jfk"
    ]
    spoken = [level.levelled(each, RATE) for each in sentences]
    assert [each.size for each in spoken] == [each.size for each in sentences]
    assert -19 <= LoudnessMeter(RATE).add(np.concatenate(spoken)) <= -16
    assert max(np.abs(each).max() for each in spoken) < 0.85
    for before, after in zip(sentences, spoken, strict=True):  # nothing is shifted
        assert np.corrcoef(before, after)[0, 1] > 0.97


def test_a_sentence_too_short_to_be_measured_is_spoken_like_those_before() -> None:
    level, speech = ReplyLevel(), (clips()["jfk"].samples * 0.1).astype(np.float32)
    first = level.levelled(speech, RATE)
    gain = np.abs(first).max() / np.abs(speech).max()
    short = speech[10_000:12_000]
    assert np.abs(level.levelled(short, RATE)).max() == pytest.approx(gain * np.abs(short).max(), rel=0.15)


def test_pieces_of_a_known_voice_are_as_loud_from_the_first_on() -> None:
    """Without what was learnt, the first piece, which is quiet here, would get a gain of its own."""
    levels, speech = VoiceLevels(), (clips()["jfk"].samples * 0.1).astype(np.float32)
    earlier = ReplyLevel()
    earlier.levelled(speech, RATE)
    assert earlier.measured is not None
    levels.learn("voice", earlier.measured)

    quiet = (0.25 * speech[: 2 * RATE]).astype(np.float32)
    pieces = [quiet, *np.array_split(speech[2 * RATE :], 6)]
    level = ReplyLevel(levels.of("voice"))
    gains = [np.abs(level.levelled(each, RATE)).mean() / np.abs(each).mean() for each in pieces]
    steps = np.abs(np.diff(20 * np.log10(gains)))
    assert steps.max() < 3
    unknown = ReplyLevel(levels.of("another"))
    alone = np.abs(unknown.levelled(quiet, RATE)).mean() / np.abs(quiet).mean()
    assert 20 * np.log10(alone / gains[0]) > 6


def test_the_loudness_of_a_voice_follows_its_replies_and_few_voices_are_kept() -> None:
    levels = VoiceLevels()
    for _ in range(20):
        levels.learn("voice", -30.0)
    levels.learn("voice", -20.0)
    assert levels.of("voice") == pytest.approx(-27.0)
    for number in range(300):
        levels.learn(number, -20.0)
    assert levels.of("voice") is None
    assert levels.of(299) is not None


def test_silence_is_not_raised() -> None:
    silence = np.zeros(RATE, np.float32)
    assert not ReplyLevel().levelled(silence, RATE).any()


async def test_a_spoken_reply_has_the_usual_loudness() -> None:
    from db.audio.decoding import read_recording

    journal = await run(work(), tts=FakeSynthesizer())
    (audio,) = (given for name, given in journal.steps if name == "audio_ready")
    decoded = read_recording(audio.data, max_seconds=60)
    assert LoudnessMeter(RATE).add(decoded.samples) == pytest.approx(REPLY_LOUDNESS, abs=1.5)
