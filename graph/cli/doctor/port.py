"""Check of the host and ports of API and voice role: whether they can listen, and which process holds a port."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import httpx

from db.errors import BadUserInput
from db.findings import Finding, fault, ok
from graph.cli.address import base_url, listens, voice_base_url
from graph.cli.doctor.context import Context
from graph.http.port import check_port

_NAME = "port"
_ANSWER_SECONDS = 3

#: linux/tcp_states.h, as /proc/net/tcp has it.
_LISTENING = "0A"


async def check(context: Context) -> Sequence[Finding]:
    settings = context.settings
    return [
        await _examined(settings.host, settings.port, base_url(settings), "API", "VOXLOOM_PORT"),
        await _examined(
            settings.host,
            settings.voice_port,
            voice_base_url(settings).replace("ws", "http", 1),
            "voice role",
            "VOXLOOM_VOICE_PORT",
        ),
    ]


async def _examined(host: str, port: int, base: str, role: str, setting: str) -> Finding:
    where = f"{host}:{port}"
    if await asyncio.to_thread(listens, host, port):
        if await _is_ours(base):
            return ok(_NAME, f"VoxLoom's {role} listens at {where}")
        holder = await asyncio.to_thread(_holder, port)
        advice = f"Set {setting} to a free port, or stop the other program."
        return fault(_NAME, f"{where} is taken by {holder}", advice)
    try:
        await asyncio.to_thread(check_port, host, port, setting)
    except BadUserInput as error:
        return fault(_NAME, error.message, f"Set VOXLOOM_HOST to an address of this machine, {setting} to a port.")
    return ok(_NAME, f"{where} is free; no {role} runs there")


async def _is_ours(base: str) -> bool:
    try:
        async with httpx.AsyncClient(timeout=_ANSWER_SECONDS) as http:
            answer = await http.get(f"{base}/healthz")
            return bool(answer.json() == {"status": "ok"})
    except (httpx.HTTPError, ValueError):
        return False


def _holder(port: int) -> str:
    """The process that listens at a port, as far as this user may see it in /proc."""
    sockets = {f"socket:[{inode}]" for inode in _inodes(port)}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            for descriptor in (process / "fd").iterdir():
                if str(descriptor.readlink()) in sockets:
                    return f"{(process / 'comm').read_text().strip()} (process {process.name})"
    return "another program"


def _inodes(port: int) -> set[str]:
    found = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        with suppress(OSError):
            for line in table.read_text().splitlines()[1:]:
                _, local, _, state, *rest = line.split()
                if state == _LISTENING and int(local.rpartition(":")[2], 16) == port:
                    found.add(rest[5])
    return found
