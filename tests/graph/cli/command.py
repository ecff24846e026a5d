"""Runs the real command line as a process; common assertions for usage errors."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path(__file__).parents[3]
_SECONDS = 200


@dataclass(frozen=True, slots=True)
class Ended:
    code: int
    out: str
    err: str

    def mistake(self, *, code: int = 1) -> str:
        """The one line on standard error, where nothing else was printed and the exit code is ``code``."""
        assert (self.code, self.out) == (code, ""), self
        (line,) = self.err.splitlines()
        assert "Traceback" not in line
        return line


def environment(home: Path, **settings: str) -> dict[str, str]:
    """No setting but these, the data directory in ``home``, and this very tree."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("VOXLOOM_", "DATABASE_"))}
    plain = {
        "COLUMNS": "200",
        "PYTHONPATH": str(_ROOT),
        "VOXLOOM_DATA_DIR": str(home / "data"),
        "VOXLOOM_VOICE_PORT": "0",
    }
    return {**kept, **plain, **settings}


def started(
    arguments: Sequence[str],
    home: Path,
    settings: Mapping[str, str] = {},
    *,
    module: str = "graph.cli",
    stdout: int = subprocess.PIPE,
) -> subprocess.Popen[str]:
    """The command, running in the folder ``home``, in a process group of its own as a terminal's foreground job is."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # in a shell's background job
        signal.signal(signal.SIGINT, signal.default_int_handler)
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=home,
        env=environment(home, **settings),
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )


def voxloom(*arguments: str, home: Path, module: str = "graph.cli", **settings: str) -> Ended:
    """Runs the command to its end."""
    with started(arguments, home, settings, module=module) as process:
        try:
            out, err = process.communicate(timeout=_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    return Ended(process.returncode, out, err)
