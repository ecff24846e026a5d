"""Starts, kills and restarts an external MCP server, and reads which tools it ran."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path

from db.settings import McpServerSettings

_SERVER = "tests.inference.tools.shop_server"
_ROOT = Path(__file__).parents[3]


class Shop:
    """The server "shop" over one transport, "stdio" or "http". Over stdio the client starts it."""

    def __init__(self, transport: str, directory: Path) -> None:
        self._transport = transport
        self._log = directory / "runs.log"
        self._process: asyncio.subprocess.Process | None = None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port: int = free.getsockname()[1]

    @property
    def settings(self) -> McpServerSettings:
        if self._transport == "http":
            return McpServerSettings(name="shop", url=f"http://127.0.0.1:{self._port}/mcp", timeout_seconds=5)
        # The shell prints its process id, which exec keeps for the program.
        command = ("sh", "-c", f'echo $$ > {self._pid_file}; cd {_ROOT} && exec "$0" -m {_SERVER} {self._log} stdio')
        return McpServerSettings(name="shop", command=(*command, sys.executable), timeout_seconds=5)

    @property
    def _pid_file(self) -> Path:
        return self._log.with_name("pid")

    @property
    def runs(self) -> list[str]:
        """Names of the tools that ran."""
        return self._log.read_text().split() if self._log.exists() else []

    async def start(self) -> None:
        if self._transport == "stdio":
            return
        command = (sys.executable, "-m", _SERVER, str(self._log), str(self._port))
        self._process = await asyncio.create_subprocess_exec(*command, cwd=_ROOT)
        async with asyncio.timeout(30):
            while not self._listens():  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.05)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self._port)) == 0

    async def kill(self) -> None:
        """Kills the server, like a crash."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
            self._process = None
        elif self._pid_file.exists():
            with suppress(ProcessLookupError):
                os.kill(int(self._pid_file.read_text()), signal.SIGKILL)
            self._pid_file.unlink()
