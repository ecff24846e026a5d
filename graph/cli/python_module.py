"""How this program starts another of its own."""

from __future__ import annotations

import sys
from pathlib import Path

_ROOT = Path(__file__).parents[2]


def python_module(module: str, *arguments: str) -> list[str]:
    """The command that runs a module of VoxLoom with this same Python.

    ``python -m`` looks into the working directory first: there, a folder `db` of somebody else would be taken for ours,
    unless it is the source tree itself.
    """
    anywhere = () if Path.cwd() == _ROOT else ("-P",)
    return [sys.executable, *anywhere, "-m", module, *arguments]
