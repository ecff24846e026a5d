"""Parent side of a decoder process: starts it, sends requests, enforces the timeout, kills it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from pathlib import Path
from typing import Self

from db.audio import limits
from db.audio.decoder_protocol import FRAME, MAX_HEADER, READY, DecodeRequest, frame
from db.json_value import Json

#: -P: no modules from the working directory.
_ARGUMENTS: tuple[str, ...] = ("-P", "-m", "db.audio.decoder_process")
_START_SECONDS = 60.0

#: Bytes per write, so that the event loop can do other work in between.
_CHUNK = 256 * 1024

#: Environment variables that are passed on: the paths of libraries. Others may be secrets.
_KEPT_VARIABLES = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "LANG", "LC_ALL")

#: Signals of a crash in native code.
_CRASHES = {signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGILL, signal.SIGFPE}


class DecoderDied(Exception):
    """A decoder process exited without an answer. ``cause``: cpu, memory, crash, time, not started, or killed."""

    def __init__(self, cause: str, exit_code: int | None) -> None:
        super().__init__(f"the decoder process exited: {cause}, exit code {exit_code}")
        self.cause = cause
        self.exit_code = exit_code


class DecoderChild:
    """A subprocess of ``db.audio.decoder_process``, with one request at a time."""

    def __init__(self, process: Process) -> None:
        self._process = process

    @classmethod
    async def start(cls) -> Self:
        """Starts a process and waits until it is ready. Raises DecoderDied if it does not start."""
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *_ARGUMENTS,
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                env=_environment(),
            )
        except OSError as error:
            raise DecoderDied("not started", error.errno) from error
        child = cls(process)
        try:
            async with asyncio.timeout(_START_SECONDS):
                assert process.stdout is not None
                ready = await process.stdout.readline()
        except BaseException as error:
            await child.kill()
            if isinstance(error, TimeoutError):
                raise DecoderDied("not started", None) from None
            raise
        if ready != READY:
            await child.kill()
            raise DecoderDied("not started", process.returncode)
        return child

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    async def request(self, request: DecodeRequest, data: bytes) -> tuple[dict[str, Json], bytes]:
        """Header and payload of the answer. Raises DecoderDied; after that, or a cancellation, kill the process."""
        try:
            async with asyncio.timeout(limits.wall_seconds(request.max_seconds)):
                return await self._exchange(request, data)
        except TimeoutError:
            raise DecoderDied("time", None) from None
        except (OSError, EOFError, ValueError):  # a broken pipe, an early end, or an invalid answer
            raise DecoderDied(await self._cause(), self._process.returncode) from None

    async def kill(self) -> None:
        """Kills the process and waits for its exit."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        with contextlib.suppress(OSError):
            while await self._process.stdout.read(_CHUNK):
                pass
        await self._process.wait()

    async def _exchange(self, request: DecodeRequest, data: bytes) -> tuple[dict[str, Json], bytes]:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(frame(request.header(), len(data)))
        view = memoryview(data)
        for start in range(0, len(data), _CHUNK):
            stdin.write(view[start : start + _CHUNK])
            await stdin.drain()
        header_size, size = FRAME.unpack(await stdout.readexactly(FRAME.size))
        max_size = int(request.max_seconds * limits.SAMPLE_RATE + 1) * 4 if request.samples else 0
        if header_size > MAX_HEADER or size > max_size:
            raise ValueError("the answer is too large")
        header = json.loads(await stdout.readexactly(header_size))
        return header, await stdout.readexactly(size)

    async def _cause(self) -> str:
        """Why the process exited, by its exit code."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                await self._process.wait()
        code = self._process.returncode
        if code == -signal.SIGXCPU:
            return "cpu"
        if code == limits.MEMORY_EXIT:
            return "memory"
        if code is not None and (code > 0 or -code in _CRASHES):
            return "crash"
        return "killed"


def _environment() -> dict[str, str]:
    """A minimal environment with this code's path, and with one thread for numeric libraries."""
    paths = [str(Path(__file__).parents[2]), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    return {
        **{name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ},
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        "PYTHONDONTWRITEBYTECODE": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }
