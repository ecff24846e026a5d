"""Command lines of VoxLoom's own subprocesses."""

from __future__ import annotations

import sys
from pathlib import Path

_ROOT = Path(__file__).parents[2]


def python_module(module: str, *arguments: str) -> list[str]:
    """The command that runs a module of VoxLoom with the same Python.

    ``python -m`` would import from the working directory first, where another folder `db` may be; it is excluded unless
    it is the source tree.
    """
    anywhere = () if Path.cwd() == _ROOT else ("-P",)
    return [sys.executable, *anywhere, "-m", module, *arguments]
