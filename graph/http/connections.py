"""Connection limits of a server process: connections in all and per address, bytes in flight, deadlines.

They hold before an API key is known, so that slow-loris and flooding clients cost little. The values are settings;
``graph.http.server`` applies them to HTTP/1.1 connections and websockets.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address, ip_network
from typing import Protocol

from db.errors import Overloaded
from graph.http.discarding import Discarding
from graph.limits import ConnectionLimits
from graph.wire.addresses import network_of

#: Bodies up to this size are not counted among the bytes in flight.
SMALL_BODY_BYTES = 64_000

_RETRY_SECONDS = 2.0


class HasDeadlines(Protocol):
    """A connection whose deadlines are checked periodically."""

    def check_deadlines(self, now: float) -> None: ...


class Slot:
    """One open connection's share of the counts. ``close`` is idempotent."""

    __slots__ = ("_address", "_connections", "_held", "_open")

    def __init__(self, connections: Connections, address: str | None) -> None:
        self._connections = connections
        self._address = address
        self._held = 0
        self._open = True

    def key_shown(self) -> None:
        """Stops counting the connection against its address: it has shown a valid key."""
        if self._address is not None:
            self._connections._forget_address(self._address)
            self._address = None

    def hold(self, size: int) -> bool:
        """Sets this connection's bytes in flight to ``size``; False, unchanged, if the total would exceed the limit."""
        counted = size if size > SMALL_BODY_BYTES else 0
        allowed = self._connections.limits.max_bytes_in_flight
        if counted > self._held and self._connections.bytes_in_flight + counted - self._held > allowed:
            return False
        self._connections.bytes_in_flight += counted - self._held
        self._held = counted
        return True

    def close(self) -> None:
        if self._open:
            self._open = False
            self.hold(0)
            self.key_shown()
            self._connections.open -= 1


class Connections:
    """Counts the connections of a process and their bytes in flight, and checks their deadlines. One event loop."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self.limits = limits
        self.open = 0
        self.bytes_in_flight = 0
        self.discarding = Discarding()
        self._by_address: dict[str, int] = {}
        self._by_owner: dict[object, int] = {}
        self._proxies = [ip_network(each, strict=False) for each in limits.trusted_proxies if each != "*"]
        self._trusts_all = "*" in limits.trusted_proxies
        self._timed: weakref.WeakSet[HasDeadlines] = weakref.WeakSet()
        self._timer: asyncio.TimerHandle | None = None
        shortest = min(limits.head_seconds, limits.body_idle_seconds, limits.body_seconds, limits.stalled_write_seconds)
        self._step = min(1.0, shortest / 2)

    def admit(self, peer: str) -> Slot | None:
        """A slot for a new connection; None if a limit of connections is reached."""
        if self.open >= self.limits.max_connections:
            return None
        address = None if self._is_proxy(peer) else network_of(peer)
        if address is not None:
            mine = self._by_address.get(address, 0)
            if mine >= self.limits.max_connections_per_address:
                return None
            self._by_address[address] = mine + 1
        self.open += 1
        return Slot(self, address)

    def watch(self, connection: HasDeadlines) -> None:
        """Checks the connection's deadlines about once a second, until it is unwatched or garbage-collected."""
        self._timed.add(connection)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._step, self._check)

    def unwatch(self, connection: HasDeadlines) -> None:
        self._timed.discard(connection)

    @contextmanager
    def held(self, owner: object, size: int) -> Iterator[None]:
        """Counts a body of ``size`` bytes as in flight within the context. Raises Overloaded above the limit.

        ``owner``: the API key that sent the body; one key may have half of the limit.
        """
        mine = self._by_owner.get(owner, 0)
        allowed = self.limits.max_bytes_in_flight
        if self.bytes_in_flight + size > allowed or mine + size > max(allowed // 2, size):
            raise Overloaded("The server has reached its limit of request bytes in flight.", _RETRY_SECONDS)
        self.bytes_in_flight += size
        self._by_owner[owner] = mine + size
        try:
            yield
        finally:
            self.bytes_in_flight -= size
            left = self._by_owner[owner] - size
            if left:
                self._by_owner[owner] = left
            else:
                del self._by_owner[owner]

    def _forget_address(self, address: str) -> None:
        left = self._by_address[address] - 1
        if left:
            self._by_address[address] = left
        else:
            del self._by_address[address]

    def _is_proxy(self, peer: str) -> bool:
        if self._trusts_all:
            return True
        try:
            parsed = ip_address(peer)
        except ValueError:
            return False
        return any(parsed in network for network in self._proxies)

    def _check(self) -> None:
        self._timer = None
        loop = asyncio.get_running_loop()
        now = loop.time()
        for each in list(self._timed):
            each.check_deadlines(now)
        if self._timed:
            self._timer = loop.call_later(self._step, self._check)
