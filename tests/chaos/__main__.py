"""``python -m tests.chaos``: chaos test with fault injection; checks that nothing is lost or duplicated.

Settings from the environment: SEED (random if unset), FAULTS (60), SESSIONS (16), CALLS (6), PAUSE (seconds between two
faults, "1.5-4"), KINDS (of faults, comma-separated: all). Exits with 1 if a check fails. KEEP=1 keeps the directory
with the logs. To measure the recovery time after a killed worker alone:
``KINDS="kill worker" PAUSE=13-15 FAULTS=20``.
"""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import sys

from rich.console import Console

from tests.chaos.run import run


def main() -> int:
    seed = int(os.environ.get("SEED") or secrets.randbelow(10_000))
    count = int(os.environ.get("FAULTS") or 60)
    sessions = int(os.environ.get("SESSIONS") or 16)
    calls = int(os.environ.get("CALLS") or 6)
    least, _, most = (os.environ.get("PAUSE") or "1.5-4").partition("-")
    console = Console()
    console.print(f"SEED={seed} FAULTS={count} SESSIONS={sessions} CALLS={calls}")
    outcome = asyncio.run(
        run(
            random.Random(seed),
            faults=count,
            sessions=sessions,
            calls=calls,
            pause=(float(least), float(most)),
            only=[each.strip() for each in os.environ.get("KINDS", "").split(",") if each.strip()],
            keep=bool(os.environ.get("KEEP")),
        )
    )
    console.print(outcome.table)
    console.print("faults:", dict(outcome.faults))
    console.print("answers:", dict(outcome.answers), " sockets:", dict(outcome.sockets))
    console.print("callers:", dict(outcome.did), " connections:", dict(outcome.lines))
    console.print(f"{outcome.seconds:.0f} s", *([f"logs: {outcome.directory}"] if outcome.directory else []))
    return 0 if outcome.flawless else 1


if __name__ == "__main__":
    sys.exit(main())
