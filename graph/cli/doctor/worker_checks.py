"""Checks of models and MCP tools, in a subprocess (``inference.doctor``), so that this process loads no model."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence

from db.findings import Finding, Level, fault
from db.json_value import Json
from graph.cli.doctor.context import Context
from graph.cli.python_module import python_module

_SECONDS = 110


async def ask(names: Sequence[str]) -> dict[str, Json]:
    """Runs ``python -m inference.doctor`` for these checks, and returns its JSON output."""
    process = await asyncio.create_subprocess_exec(
        *python_module("inference.doctor", *names),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(_SECONDS):
            out, err = await process.communicate()
    except TimeoutError:
        return {"failed": f"no answer within {_SECONDS} s"}
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    try:
        output: dict[str, Json] = json.loads(out.splitlines()[-1])
    except (ValueError, IndexError):
        last = err.decode(errors="replace").strip().rpartition("\n")[2]
        return {"failed": f"the worker's checks ended with exit code {process.returncode} ({last})"}
    return output


async def models(context: Context) -> Sequence[Finding]:
    return await _findings(context, "models")


async def tools(context: Context) -> Sequence[Finding]:
    return await _findings(context, "tools")


async def _findings(context: Context, name: str) -> list[Finding]:
    assert context.worker is not None
    output = await asyncio.shield(context.worker)
    if "failed" in output:
        return [fault(name, output["failed"], f"Run `{sys.executable} -m inference.doctor` by hand.")]
    return [
        Finding(name, Level(each["level"]), each["message"], each["advice"])
        for each in output["findings"]
        if each["check"] == name
    ]
