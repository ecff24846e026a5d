"""The sound of spoken lines: a file beside the eval file, or synthesized by a subprocess (``inference.speak``)."""

from __future__ import annotations

import asyncio
import hashlib
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from db.errors import BadUserInput, EngineUnavailable
from db.json_value import Json
from graph.cli.python_module import python_module
from graph.evals.conversation import Line

#: The engines that speak the customers' lines: other voices than those that answer, where there are any.
VOICES = ("pico", "hibari", "kokoro")
_SECONDS = 180
_LONGEST_LINE = 64 * 1024


class Sounds:
    """Sounds of lines, synthesized once each. One task at a time gets one; close it to end the subprocess."""

    def __init__(self, voices: Sequence[str] = VOICES) -> None:
        self._voices = voices
        self._made = tempfile.TemporaryDirectory(prefix="voxloom-eval-")
        self._lock = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None

    async def of(self, line: Line, language: str, folder: Path) -> bytes:
        """The recording of a line. ``folder``: of its file. Raises BadUserInput, EngineUnavailable."""
        if line.audio is not None:
            return await asyncio.to_thread(_read, folder / line.audio)
        assert line.speak is not None
        language = line.language or ("en" if language == "auto" else language.partition("-")[0])
        name = hashlib.sha256(f"{language}\0{line.speak}".encode()).hexdigest()
        file = Path(self._made.name) / f"{name}.wav"
        async with self._lock:
            if not file.exists():
                await self._make(line.speak, language, file)
        return await asyncio.to_thread(_read, file)

    async def _make(self, text: str, language: str, file: Path) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            process = self._process = await asyncio.create_subprocess_exec(
                *python_module("inference.speak", *self._voices),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=_LONGEST_LINE,
            )
        assert process.stdin is not None
        assert process.stdout is not None
        wanted = {"text": text, "language": language, "file": str(file)}
        try:
            async with asyncio.timeout(_SECONDS):
                process.stdin.write(json.dumps(wanted).encode() + b"\n")
                await process.stdin.drain()
                answer: dict[str, Json] = json.loads(await process.stdout.readline())
        except (TimeoutError, ValueError, OSError):
            await self._end()
            raise EngineUnavailable("The voice of the eval's customers stopped.") from None
        if "error" in answer:
            raise EngineUnavailable(str(answer["error"]))

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()

    async def close(self) -> None:
        await self._end()
        self._made.cleanup()


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise BadUserInput(f"{file}: {error.strerror}.") from None
