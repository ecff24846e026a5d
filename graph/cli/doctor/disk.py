"""Check of disk space and write permission in VoxLoom's directories."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from db.findings import Finding, fault, ok, warning
from graph.cli.doctor.context import Context

_NAME = "disk"
_MB = 1_000_000

#: A new cluster of Postgres takes 40 MB, the converted models 400.
_DATA_FAULT, _DATA_WARNING = 100 * _MB, 1_000 * _MB

#: Recordings that are being received.
_TEMPORARY_FAULT, _TEMPORARY_WARNING = 20 * _MB, 200 * _MB


async def check(context: Context) -> Sequence[Finding]:
    data = context.settings.data_dir.absolute()
    return [
        await asyncio.to_thread(_examined, "data directory", data, _DATA_FAULT, _DATA_WARNING, "VOXLOOM_DATA_DIR"),
        await asyncio.to_thread(
            _examined, "temporary directory", _temporary(), _TEMPORARY_FAULT, _TEMPORARY_WARNING, "TMPDIR"
        ),
    ]


def _temporary() -> Path:
    try:
        return Path(tempfile.gettempdir())
    except OSError:  # none of Python's candidates is writable
        return Path("/tmp")  # noqa: S108 - to report its fault


def _examined(what: str, directory: Path, least: int, little: int, variable: str) -> Finding:
    there = next(each for each in (directory, *directory.parents) if each.exists())
    subject = f"{what} {directory}"
    try:
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(b"voxloom")
            file.flush()
    except OSError as error:
        return fault(_NAME, f"{subject} cannot be written: {error.strerror}", f"Set {variable} to one that can.")
    free = shutil.disk_usage(there).free
    subject = f"{subject}: {free // _MB:,} MB free{'' if there == directory else ', to be created'}"
    if free < little:
        level = fault if free < least else warning
        return level(_NAME, subject, f"Free space, or set {variable} to another disk.")
    return ok(_NAME, subject)
