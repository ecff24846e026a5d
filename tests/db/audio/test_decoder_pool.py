"""Decoder processes: limits of CPU time and memory, fair shares, isolation, and exit with their parent."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import numpy as np
import pytest

from db.audio import decoder_child, limits
from db.audio.decoder_child import DecoderChild
from db.audio.decoder_pool import DecoderPool
from db.audio.decoder_protocol import DecodeRequest
from db.audio.decoding import read_recording
from db.errors import AudioTooLong, AudioUnreadable, Overloaded
from db.subprocesses.child import ChildDied
from tests.db.audio.bombs import webm_of_tags
from tests.db.encode import encode
from tests.fork_server import executed

WAV = encode("wav", "pcm_s16le", rate=16_000)

#: Takes half a minute of CPU time, so that only a limit can end it early.
BOMB = webm_of_tags(20_000)

linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@pytest.fixture(autouse=True, scope="module")
def real_programs() -> Iterator[None]:
    with executed():
        yield


@pytest.fixture
async def pool() -> AsyncIterator[DecoderPool]:
    async with DecoderPool(2, wait_seconds=60) as opened:
        yield opened


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def children() -> list[int]:
    found = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [int(pid) for pid in found if b"decoder_process" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def inspect(pid: int) -> tuple[bytes, dict[int, str], str]:
    """A process's environment, its open files by descriptor, and its loaded libraries."""
    folder = Path("/proc") / str(pid)
    files = {int(each.name): str(each.readlink()) for each in (folder / "fd").iterdir()}
    return (folder / "environ").read_bytes(), files, (folder / "maps").read_text()


async def test_a_pool_returns_what_the_decoder_returns(pool: DecoderPool) -> None:
    expected = read_recording(WAV, max_seconds=10)
    decoded = await pool.recording(WAV, owner="a", max_seconds=10)
    np.testing.assert_array_equal(decoded.samples, expected.samples)
    info = await pool.inspect(WAV, owner="a", max_seconds=10)
    for each in (info, decoded):
        assert (each.duration_ms, each.source_sample_rate, each.channels) == (2000, 16_000, 1)
        assert each.mime_type == "audio/wav"


async def test_a_pool_raises_the_errors_of_the_decoder(pool: DecoderPool) -> None:
    with pytest.raises(AudioTooLong, match="longer than 1 seconds"):
        await pool.inspect(WAV, owner="a", max_seconds=1)
    with pytest.raises(AudioUnreadable):
        await pool.inspect(b"no recording", owner="a", max_seconds=10)
    with pytest.raises(AudioUnreadable, match="declared"):
        await pool.inspect(WAV, owner="a", max_seconds=10, declared_mime_type="text/html")


async def test_a_recording_that_takes_too_much_cpu_time_is_refused(pool: DecoderPool) -> None:
    with pytest.raises(AudioUnreadable, match="too much CPU time"):
        await pool.inspect(BOMB, owner="a", max_seconds=10)
    assert (await pool.inspect(WAV, owner="a", max_seconds=10)).duration_ms == 2000


async def test_bombs_of_one_tenant_do_not_delay_another_tenant(pool: DecoderPool) -> None:
    await pool.start()
    bombs = [asyncio.create_task(pool.inspect(BOMB, owner="hostile", max_seconds=10)) for _ in range(3)]
    for _ in range(20):
        await asyncio.sleep(0.02)
        await pool.inspect(WAV, owner="friendly", max_seconds=10)
    assert not any(bomb.done() for bomb in bombs[1:])
    for bomb in bombs:
        bomb.cancel()
    await asyncio.gather(*bombs, return_exceptions=True)


@linux
async def test_a_long_decode_continues_at_a_lower_priority(pool: DecoderPool) -> None:
    await pool.start()
    bomb = asyncio.create_task(pool.inspect(BOMB, owner="a", max_seconds=10))
    for _ in range(500):
        await asyncio.sleep(0.02)
        if any(os.getpriority(os.PRIO_PROCESS, pid) > os.getpriority(os.PRIO_PROCESS, 0) for pid in children()):
            break
    else:
        pytest.fail("it kept its priority")
    bomb.cancel()
    await asyncio.gather(bomb, return_exceptions=True)


@linux
async def test_a_slot_is_released_only_after_its_process_was_replaced() -> None:
    async with DecoderPool(1, wait_seconds=60) as pool:
        await pool.start()
        (first,) = children()
        bomb = asyncio.create_task(pool.inspect(BOMB, owner="a", max_seconds=10))
        await asyncio.sleep(0.3)
        bomb.cancel()
        with pytest.raises(asyncio.CancelledError):
            await bomb
        assert (await pool.inspect(WAV, owner="b", max_seconds=10)).duration_ms == 2000
        assert not running(first)
        assert len(children()) == 1


@linux
async def test_close_kills_busy_processes() -> None:
    pool = DecoderPool(2, wait_seconds=60)
    await pool.start()
    started = children()
    bomb = asyncio.create_task(pool.inspect(BOMB, owner="a", max_seconds=10))
    await asyncio.sleep(0.3)
    async with asyncio.timeout(30):
        await pool.close()
    assert len(started) == 2
    assert not any(running(pid) for pid in started)
    with pytest.raises(asyncio.CancelledError):
        await bomb


async def test_a_process_that_was_killed_is_replaced(pool: DecoderPool) -> None:
    await pool.start()
    for child in pool._idle:
        child._process.kill()
        await child._process.wait()
    assert (await pool.inspect(WAV, owner="a", max_seconds=10)).duration_ms == 2000


async def test_a_process_that_does_not_answer_in_time_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "wall_seconds", lambda _: 0.2)
    async with DecoderPool(1, wait_seconds=60) as pool:
        with pytest.raises(Overloaded):
            await pool.inspect(BOMB, owner="a", max_seconds=10)


@pytest.mark.parametrize("kind", ["LIMIT", "WATCHED"])
async def test_memory_is_limited(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr(decoder_child, "_ARGUMENTS", ("-m", "tests.db.audio.decoder_with_little_memory", kind))
    long = encode("flac", "flac", rate=48_000, seconds=300)
    async with DecoderPool(1, wait_seconds=60) as pool:
        with pytest.raises(AudioUnreadable, match="too much memory"):
            await pool.recording(long, owner="a", max_seconds=3_600)


async def test_a_process_that_does_not_start_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoder_child, "_ARGUMENTS", ("-c", "raise SystemExit(1)"))
    with pytest.raises(ChildDied, match="not started"):
        await DecoderChild.start_decoder()


@linux
async def test_a_process_inherits_no_secrets_sockets_or_signals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://user:secret@host/db")
    monkeypatch.setenv("VOXLOOM_API_KEY", "a secret")
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.set_inheritable(True)
        child = await DecoderChild.start_decoder()
    pid = child._process.pid
    environment, files, libraries = inspect(pid)
    assert b"secret" not in environment
    assert all(name.startswith(("pipe:", "/dev/null")) or number == 0 for number, name in files.items())
    assert "asyncpg" not in libraries
    assert "pydantic" not in libraries
    for number in (signal.SIGINT, signal.SIGTERM):  # for the parent, which may have recordings to finish
        os.kill(pid, number)
    header, _ = await child.request(DecodeRequest(max_seconds=10, samples=False), WAV)
    assert header["info"]["duration_ms"] == 2000
    await child.kill()


_PARENT = """
import asyncio, sys
from db.audio.decoder_pool import DecoderPool
async def main():
    pool = DecoderPool(1, wait_seconds=60)
    await pool.start()
    print(pool._idle[0]._process.pid, flush=True)
    await pool.inspect(sys.stdin.buffer.read(), owner="a", max_seconds=10)
asyncio.run(main())
"""


@linux
async def test_a_busy_process_exits_with_its_parent() -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _PARENT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdin is not None
    assert parent.stdout is not None
    pid = int(await parent.stdout.readline())
    parent.stdin.write(BOMB)
    parent.stdin.close()
    await asyncio.sleep(0.5)
    assert running(pid)
    parent.kill()
    await parent.wait()
    for _ in range(500):
        if not running(pid):
            return
        await asyncio.sleep(0.02)
    pytest.fail("it outlived its parent")
