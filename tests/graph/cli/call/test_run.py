"""``voxloom call`` over the real Realtime endpoint: a recording in, what was played out, and what is refused."""

from __future__ import annotations

import asyncio
import io
import sys
import wave
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from db.errors import BadUserInput, Overloaded
from graph.cli.call.client import CallRefused, VoiceUnusable
from graph.cli.call.devices import opened_devices
from graph.cli.call.playout import CHUNK_BYTES, SAMPLE_RATE, Playout
from graph.cli.call.run import CallPlan, play, talk
from tests.graph.voice.realtime.fakes import KEY, FakeReception, realtime_server, tone
from tests.waiting import until


@pytest.fixture
def reception() -> FakeReception:
    return FakeReception()


@pytest.fixture
async def base(reception: FakeReception) -> AsyncIterator[str]:
    async with realtime_server(reception) as address:
        yield address.removesuffix("/v1")


@pytest.fixture(autouse=True)
def _soon_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graph.cli.call.run._QUIET_SECONDS", 0.4)
    monkeypatch.setattr("graph.cli.call.recorded_caller._GREETING_SECONDS", 0.0)


def recording(file: Path, seconds: float, rate: int = 8_000) -> Path:
    with wave.open(str(file), "wb") as writing:
        writing.setnchannels(1)
        writing.setsampwidth(2)
        writing.setframerate(rate)
        writing.writeframes((tone(seconds, rate) * 32_767).astype("<i2").tobytes())
    return file


def plan(base: str, *, key: str = KEY, agent: str = "billing_agent") -> CallPlan:
    return CallPlan(base, key, agent, "customer-1", "en")


def quiet() -> Console:
    return Console(file=io.StringIO(), width=200)


def loud(file: Path) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Which tenths of a second of a WAV have sound."""
    with wave.open(str(file)) as reading:
        assert reading.getframerate() == SAMPLE_RATE
        samples = np.frombuffer(reading.readframes(reading.getnframes()), "<i2").astype(np.float32)
    tenth = SAMPLE_RATE // 10
    whole = samples[: samples.size // tenth * tenth].reshape(-1, tenth)
    return np.asarray(np.abs(whole).max(axis=1) > 1_000)


async def test_a_recording_is_spoken_in_real_time_and_the_answer_written_at_its_time(
    reception: FakeReception, base: str, tmp_path: Path
) -> None:
    console = quiet()
    calling = asyncio.create_task(play(plan(base), recording(tmp_path / "in.wav", 0.8), tmp_path / "out.wav", console))
    call = await reception.call()
    await until(lambda: call.heard.size >= 16_000 * 0.7)
    await call.turn("my bill is wrong", "my bill", "my bill is")
    await asyncio.sleep(0.8)  # longer than the silence that ends the call: a reply is owed
    await call.say(["I am ", "sorry."], seconds=0.3)
    log = await calling
    assert reception.opened[0].customer_id == "customer-1"
    heard = np.abs(call.heard[: round(16_000 * 0.75)])
    assert heard.max() > 0.3  # resampled, and loud
    (turn,) = log.turns.values()
    assert (turn.words, turn.final, turn.partials) == ("my bill is wrong", True, 2)
    assert turn.first_sound_ms is not None
    assert list(log.replies.values()) == ["I am sorry."]
    sound = loud(tmp_path / "out.wav")
    assert 5 <= sound.sum() <= 8
    assert not sound[:7].any()  # while the caller spoke
    printed = console.file.getvalue()  # type: ignore[attr-defined]  # a StringIO
    assert "my bill is wrong" in printed and "I am sorry." in printed


async def test_speech_over_a_reply_stops_the_playback_and_says_how_much_was_played(
    reception: FakeReception, base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What was said over the reply is not answered here: the caller waits for it to the end.
    monkeypatch.setattr("graph.cli.call.recorded_caller._LONGEST_SECONDS", 10.0)
    calling = asyncio.create_task(play(plan(base), recording(tmp_path / "in.wav", 0.3), tmp_path / "out.wav", quiet()))
    call = await reception.call()
    await call.turn("hello")
    reply = await call.begin(["a long story"], seconds=3)
    await until(lambda: call.reports)
    await asyncio.sleep(0.3)
    await call.pause(reply)
    await call.cleared(reply)
    log = await calling
    assert log.interruptions == 1
    assert 1 <= loud(tmp_path / "out.wav").sum() <= 27  # tenths of the reply's 3 s
    assert any(source.value == "TRUNCATE" and 50 < ms < 2_700 for _, ms, source in call.reports)


async def test_what_is_refused_is_told(reception: FakeReception, base: str, tmp_path: Path) -> None:
    file = recording(tmp_path / "in.wav", 0.1)

    async def refused(chosen: CallPlan, error: type[Exception]) -> str:
        with pytest.raises(error) as raised:
            await play(chosen, file, tmp_path / "out.wav", quiet())
        return f"{getattr(raised.value, 'code', '')}: {raised.value}"

    assert "UNAUTHENTICATED" in await refused(plan(base, key="wrong"), CallRefused)
    assert "NOT_FOUND" in await refused(plan(base, agent="nobody"), CallRefused)
    assert "No voice role answers" in await refused(plan("ws://127.0.0.1:1"), VoiceUnusable)
    reception.full = Overloaded("Full.", 1)
    assert "OVERLOADED" in await refused(plan(base), CallRefused)


async def test_a_file_without_audio(base: str, tmp_path: Path) -> None:
    (tmp_path / "in.wav").write_bytes(b"no audio at all" * 100)
    with pytest.raises(BadUserInput, match="no audio"):
        await play(plan(base), tmp_path / "in.wav", tmp_path / "out.wav", quiet())
    with pytest.raises(FileNotFoundError):
        await play(plan(base), tmp_path / "none.wav", tmp_path / "out.wav", quiet())


async def test_a_machine_without_sounddevice_or_portaudio(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(BadUserInput, match="--wav"):
        async with opened_devices(Playout()):
            pass


class Stream:
    """A device of PortAudio, as the test drives it."""

    made: list[Stream]

    def __init__(self, callback: Callable[..., None], **options: object) -> None:
        self.callback = callback
        self.options = options
        self.made.append(self)

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        self.options["closed"] = True


async def test_microphone_and_loudspeaker(monkeypatch: pytest.MonkeyPatch) -> None:
    Stream.made = []
    fake = SimpleNamespace(RawInputStream=Stream, RawOutputStream=Stream, PortAudioError=ValueError)
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    playout = Playout()
    playout.add("item", b"\5" * CHUNK_BYTES)
    async with opened_devices(playout) as heard:
        microphone, loudspeaker = Stream.made
        await asyncio.to_thread(microphone.callback, b"\7" * CHUNK_BYTES, 480, None, None)
        assert await asyncio.wait_for(heard.get(), 2) == b"\7" * CHUNK_BYTES
        played = bytearray(CHUNK_BYTES)
        await asyncio.to_thread(loudspeaker.callback, played, 480, None, None)
        assert played == b"\5" * CHUNK_BYTES
        for _ in range(300):  # a connection that does not take it: bounded, the newest stay
            microphone.callback(b"\1" * CHUNK_BYTES, 480, None, None)
        await asyncio.sleep(0.01)
        assert heard.qsize() <= 100
    assert all(each.options["closed"] for each in Stream.made)


async def test_ctrl_c_hangs_up_and_shows_what_was_said(
    reception: FakeReception, base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Stream.made = []
    fake = SimpleNamespace(RawInputStream=Stream, RawOutputStream=Stream, PortAudioError=ValueError)
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    console = quiet()
    talking = asyncio.create_task(talk(plan(base), console))
    call = await reception.call()
    microphone, _ = Stream.made
    for _ in range(10):
        microphone.callback((tone(0.02, SAMPLE_RATE) * 32_767).astype("<i2").tobytes(), 480, None, None)
    await until(lambda: call.heard.size > 1_000)
    await call.turn("goodbye")
    await asyncio.sleep(0.1)
    talking.cancel()  # as asyncio does at Ctrl-C
    log = await talking
    assert [turn.words for turn in log.turns.values()] == ["goodbye"]
    assert "goodbye" in console.file.getvalue()  # type: ignore[attr-defined]  # a StringIO
    assert all(each.options["closed"] for each in Stream.made)
