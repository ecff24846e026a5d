"""Benchmarks of VoxLoom and other GraphQL servers: python -m tests.bench [reads | fanout | size] [--quick].

The others are npm packages: ``make bench`` installs them first. Without a name all three run, for about twelve minutes.
"""

from __future__ import annotations

import asyncio
import signal
from enum import StrEnum
from typing import Annotated

import typer

from tests.bench import fanout, reads, size

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, help=__doc__)


class What(StrEnum):
    ALL = "all"
    READS = "reads"
    FANOUT = "fanout"
    SIZE = "size"


@app.command()
def main(
    what: Annotated[What, typer.Argument()] = What.ALL,
    quick: Annotated[bool, typer.Option(help="A short run, whose tables are not kept.")] = False,
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


if __name__ == "__main__":
    app()
