"""Microphone and loudspeaker of this machine, through sounddevice (PortAudio), which is not required otherwise."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from db.errors import BadUserInput
from graph.cli.call.playout import CHUNK_BYTES, SAMPLE_RATE, Playout

#: Chunks of the microphone that wait for the connection, 2 s; older ones are lost.
_MAX_WAITING = 100

_INSTEAD = "use --wav in.wav --out out.wav instead"


@asynccontextmanager
async def opened_devices(playout: Playout) -> AsyncIterator[asyncio.Queue[bytes]]:
    """Plays ``playout`` and gives the microphone's audio, 20 ms each. Raises BadUserInput if there are no devices."""
    sounddevice = _sounddevice()
    loop = asyncio.get_running_loop()
    heard: asyncio.Queue[bytes] = asyncio.Queue(_MAX_WAITING)

    def hear(audio: bytes) -> None:
        if heard.full():
            heard.get_nowait()
        heard.put_nowait(audio)

    # Any: PortAudio's buffers, times and flags.
    def on_input(data: Any, *_: Any) -> None:
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(hear, bytes(data))

    # Any: as above, the buffer.
    def on_output(data: Any, frames: int, *_: Any) -> None:
        data[:] = playout.pull(frames * 2)

    options = {"samplerate": SAMPLE_RATE, "channels": 1, "dtype": "int16", "blocksize": CHUNK_BYTES // 2}
    try:
        microphone = sounddevice.RawInputStream(callback=on_input, latency="low", **options)
        loudspeaker = sounddevice.RawOutputStream(callback=on_output, latency="low", **options)
    except sounddevice.PortAudioError as error:
        raise BadUserInput(f"There is no microphone or no loudspeaker ({error.args[0]}): {_INSTEAD}.") from None
    with microphone, loudspeaker:
        yield heard


# Any: sounddevice ships no types.
def _sounddevice() -> Any:
    try:
        import sounddevice  # noqa: PLC0415 - an optional package
    except ImportError:
        raise BadUserInput(
            f"Microphone and loudspeaker need the package sounddevice: pip install 'voxloom[call]', or {_INSTEAD}."
        ) from None
    except OSError:  # its library is the system's
        install = "Debian and Ubuntu: apt-get install libportaudio2"
        raise BadUserInput(f"Microphone and loudspeaker need PortAudio ({install}), or {_INSTEAD}.") from None
    return sounddevice
