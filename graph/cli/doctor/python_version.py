"""Check of the Python version and environment."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from platform import python_version

from db.findings import Finding, fault, ok, warning
from graph.cli.doctor.context import Context

#: As ``requires-python`` in pyproject.toml.
_SUPPORTED = (3, 11)


async def check(context: Context) -> Sequence[Finding]:
    subject = f"Python {python_version()} in {sys.prefix}"
    if sys.version_info[:2] != _SUPPORTED:
        return [fault("python", f"{subject}; VoxLoom needs 3.11", "Recreate the environment with Python 3.11.")]
    if sys.maxsize <= 2**32:
        return [fault("python", f"{subject} is 32-bit", "The models need a 64-bit Python.")]
    if sys.prefix == sys.base_prefix and not sys.flags.isolated:
        advice = (
            "Install VoxLoom into one of its own (`make install`), so that other programs do not change its packages."
        )
        return [warning("python", f"{subject}, which is not a virtual environment", advice)]
    return [ok("python", subject)]
