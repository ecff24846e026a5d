"""Benchmarks of VoxLoom and of others: python -m tests.bench [reads | fanout | size | live] [--quick].

Other GraphQL servers are npm packages, which ``make bench`` installs first. Beside live calls runs Pipecat, in a Python
environment of its own: ``make bench-peers`` makes it. Without a name all four run, for about twenty minutes.
"""

from __future__ import annotations

import asyncio
import signal
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tests.bench import fanout, reads, size
from tests.bench.live import measure as live

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, help=__doc__)


class What(StrEnum):
    ALL = "all"
    READS = "reads"
    FANOUT = "fanout"
    SIZE = "size"
    LIVE = "live"


@app.command()
def main(
    what: Annotated[What, typer.Argument()] = What.ALL,
    quick: Annotated[bool, typer.Option(help="A short run, whose tables are not kept.")] = False,
    peer_python: Annotated[
        Path, typer.Option(envvar="VOXLOOM_BENCH_PIPECAT_PYTHON", help="Of an environment with Pipecat, for live.")
    ] = Path(".venv-peers/bin/python"),
) -> None:
    # Whoever ends this means all that it has started. A shell's background jobs are born deaf to SIGINT.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    if what in (What.ALL, What.READS):
        asyncio.run(reads.measure_reads(reads.QUICK if quick else reads.FULL, keep=not quick))
    if what in (What.ALL, What.FANOUT):
        asyncio.run(fanout.measure_fanout(fanout.QUICK if quick else fanout.FULL, keep=not quick))
    if what in (What.ALL, What.SIZE):
        asyncio.run(size.measure_size(size.QUICK if quick else size.FULL, keep=not quick))
    if what in (What.ALL, What.LIVE):
        asyncio.run(live.measure_live(live.QUICK if quick else live.FULL, peer_python.absolute(), keep=not quick))


if __name__ == "__main__":
    app()
