"""One decoder process, seen from its owner: started, asked, killed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from pathlib import Path
from typing import Any, Self

from db.audio import limits
from db.audio.decode_request import FRAME, MAX_HEAD, READY, DecodeRequest, framed

#: -P: no module from the working directory.
_ARGUMENTS: tuple[str, ...] = ("-P", "-m", "db.audio.decoder_process")
_START_SECONDS = 60.0

#: Bytes written at once: the event loop does other work in between.
_PIECE = 256 * 1024

#: Of the environment: where libraries are, and nothing else. Secrets are in there too.
_KEPT_VARIABLES = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "LANG", "LC_ALL")

#: Ways in which FFmpeg ends the process that it crashes.
_CRASHES = {signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGILL, signal.SIGFPE}


class DecoderDied(Exception):
    """A decoder process ended without an answer. ``cause``: cpu, memory, crash, time, or killed (by somebody else)."""

    def __init__(self, cause: str, exit_code: int | None) -> None:
        super().__init__(f"the decoder process ended: {cause}, exit code {exit_code}")
        self.cause = cause
        self.exit_code = exit_code


class DecoderChild:
    """A process that runs ``db.audio.decoder_process``. One request at a time."""

    def __init__(self, process: Process) -> None:
        self._process = process

    @classmethod
    async def start(cls) -> Self:
        """A process that is ready to decode. Raises DecoderDied if it cannot be started."""
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

    async def ask(self, request: DecodeRequest, data: bytes) -> tuple[dict[str, Any], bytes]:
        """The answer's head and payload. Raises DecoderDied; then, or when cancelled, it is of no more use."""
        try:
            async with asyncio.timeout(limits.wall_seconds(request.max_seconds)):
                return await self._exchange(request, data)
        except TimeoutError:
            raise DecoderDied("time", None) from None
        except (OSError, EOFError, ValueError):  # a broken pipe, an end too soon, an answer that is none
            raise DecoderDied(await self._cause(), self._process.returncode) from None

    async def kill(self) -> None:
        """Ends it and waits until it is gone."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        with contextlib.suppress(OSError):
            while await self._process.stdout.read(_PIECE):
                pass
        await self._process.wait()

    async def _exchange(self, request: DecodeRequest, data: bytes) -> tuple[dict[str, Any], bytes]:
        to, back = self._process.stdin, self._process.stdout
        assert to is not None
        assert back is not None
        to.write(framed(request.head(), len(data)))
        view = memoryview(data)
        for start in range(0, len(data), _PIECE):
            to.write(view[start : start + _PIECE])
            await to.drain()
        head_size, size = FRAME.unpack(await back.readexactly(FRAME.size))
        most = int(request.max_seconds * limits.SAMPLE_RATE + 1) * 4 if request.samples else 0
        if head_size > MAX_HEAD or size > most:
            raise ValueError("an answer that nobody asked for")
        head = json.loads(await back.readexactly(head_size))
        return head, await back.readexactly(size)

    async def _cause(self) -> str:
        """Why it ended by itself."""
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
    """A small environment in which the process finds this same code, and uses one thread."""
    paths = [str(Path(__file__).parents[2]), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    return {
        **{name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ},
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        "PYTHONDONTWRITEBYTECODE": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }
