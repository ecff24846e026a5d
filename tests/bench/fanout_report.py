"""The result table of fanout.py."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import TYPE_CHECKING

from tests.bench.report import publish, spread, table, versions

if TYPE_CHECKING:
    from tests.bench.fanout import Held

#: The memory of fewer is lost in what a process takes and gives back anyway.
_MANY = 300


def publish_fanout(held: Sequence[Held], crowds: Sequence[str], rounds: int, *, keep: bool) -> None:
    servers = list(dict.fromkeys(each.server for each in held))
    rows = []
    for crowd in crowds:
        of = {server: [each for each in held if (each.crowd, each.server) == (crowd, server)] for server in servers}
        rows += [_row(crowd, server, of[server]) for server in servers]
        rows.append(_ratio(crowd, of[servers[0]], of[servers[1]]))
    head = (
        "crowd",
        "server",
        "server CPU µs a delivery",
        "commit to client, p50 / p99 ms",
        "deliveries/s when flooded",
        "KiB a listener",
        "ms to open one",
        "after they left: sockets, MiB more",
    )
    text = (
        f"`python -m tests.bench fanout`: every delivery made, in order, once; medians of {rounds} rounds, the "
        f"held crowd once, and ratios [smallest–largest]. "
        f"{versions('graphql-yoga', 'graphql-ws', 'ws', 'node')}.\n\n{table(head, rows)}"
    )
    publish("fanout", text, held, keep=keep)


def _row(crowd: str, server: str, held: Sequence[Held]) -> list[str]:
    def middle(what: str) -> float:
        return float(median(getattr(each, what) for each in held))

    flooded, many = held[0].burst_a_second is not None, held[0].listeners >= _MANY
    return [
        crowd,
        server,
        f"{middle('cpu_us'):.0f}",
        f"{middle('p50_ms'):.1f} / {middle('p99_ms'):.1f}",
        f"{middle('burst_a_second'):,.0f}" if flooded else "",
        f"{middle('listener_kib'):.0f}" if many else "",
        f"{middle('open_ms'):.2f}",
        f"{max(each.left_sockets for each in held)}, {middle('left_kib') / 1024:.1f}",
    ]


def _ratio(crowd: str, mine: Sequence[Held], theirs: Sequence[Held]) -> list[str]:
    """Ours for one of theirs, round by round."""

    def ratios(what: str) -> list[float]:
        return [getattr(one, what) / max(getattr(other, what), 1e-9) for one, other in zip(mine, theirs, strict=True)]

    flooded = mine[0].burst_a_second is not None
    return [
        crowd,
        "ratio",
        spread(ratios("cpu_us")),
        f"{spread(ratios('p50_ms'))} / {spread(ratios('p99_ms'))}",
        spread(ratios("burst_a_second")) if flooded else "",
        spread(ratios("listener_kib")) if mine[0].listeners >= _MANY else "",
        spread(ratios("open_ms")),
        "",
    ]
