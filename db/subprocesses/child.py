"""Parent side of a subprocess that runs native code: starts it, sends requests, enforces timeouts, kills it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from db.json_value import Json
from db.subprocesses.confinement import MEMORY_EXIT
from db.subprocesses.messages import FRAME, MAX_HEADER, READY, frame

_START_SECONDS = 60.0

#: Bytes per write, so that the event loop can do other work in between.
_CHUNK = 256 * 1024

#: Environment variables that are passed on: the paths of libraries. Others may be secrets.
_KEPT_VARIABLES = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "LANG", "LC_ALL")

#: Signals of a crash in native code.
_CRASHES = {signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGILL, signal.SIGFPE}


class ChildDied(Exception):
    """A subprocess exited without an answer. ``cause``: cpu, memory, crash, time, not started, or killed."""

    def __init__(self, cause: str, exit_code: int | None) -> None:
        super().__init__(f"the subprocess exited: {cause}, exit code {exit_code}")
        self.cause = cause
        self.exit_code = exit_code


class Child:
    """A subprocess that answers one request at a time (``db.subprocesses.confinement``, ``.messages``)."""

    def __init__(self, process: Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, arguments: Sequence[str]) -> Self:
        """Starts Python with ``arguments`` and waits until it is ready. Raises ChildDied if it does not start.

        ``arguments``: such as ``("-P", "-m", "package.module")``; -P: no modules from the working directory.
        """
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *arguments,
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                env=_environment(),
            )
        except OSError as error:
            raise ChildDied("not started", error.errno) from error
        child = cls(process)
        try:
            async with asyncio.timeout(_START_SECONDS):
                assert process.stdout is not None
                ready = await process.stdout.readline()
        except BaseException as error:
            await child.kill()
            if isinstance(error, TimeoutError):
                raise ChildDied("not started", None) from None
            raise
        if ready != READY:
            await child.kill()
            raise ChildDied("not started", process.returncode)
        return child

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    async def exchange(
        self, header: Mapping[str, Json], data: bytes, *, seconds: float, max_size: int
    ) -> tuple[dict[str, Json], bytes]:
        """Sends a request; header and payload of the answer, of at most ``max_size`` bytes, within ``seconds``.

        Raises ChildDied; after that, or a cancellation, kill the process.
        """
        try:
            async with asyncio.timeout(seconds):
                return await self._exchange(header, data, max_size)
        except TimeoutError:
            raise ChildDied("time", None) from None
        except (OSError, EOFError, ValueError):  # a broken pipe, an early end, or an invalid answer
            raise ChildDied(await self._cause(), self._process.returncode) from None

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

    async def _exchange(self, request: Mapping[str, Json], data: bytes, max_size: int) -> tuple[dict[str, Json], bytes]:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(frame(request, len(data)))
        view = memoryview(data)
        for start in range(0, len(data), _CHUNK):
            stdin.write(view[start : start + _CHUNK])
            await stdin.drain()
        header_size, size = FRAME.unpack(await stdout.readexactly(FRAME.size))
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
        if code == MEMORY_EXIT:
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
