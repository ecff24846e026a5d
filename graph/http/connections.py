"""Connection limits of a server process: connections in all and per address, bytes in flight, deadlines.

They hold before an API key is known, so that slow-loris and flooding clients cost little. The values are settings;
``graph.http.server`` applies them to HTTP/1.1 connections and websockets.
"""

from __future__ import annotations

import asyncio
import time
import weakref
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
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

#: Connections of an address that may be open without having shown a key yet, and how many more a second. Others wait:
#: each one that shows its key makes room for the next, so that clients that all reconnect at once are not refused.
#: One that has waited for some seconds is closed; closed at once, a flooding client would be back at once.
_OPENED_AT_ONCE = 100
_OPENED_A_SECOND = 20.0
WAIT_SECONDS = 2.0
_MAX_ADDRESSES = 20_000


class HasDeadlines(Protocol):
    """A connection whose deadlines are checked periodically."""

    def check_deadlines(self, now: float) -> None: ...


class Slot:
    """One open connection's share of the counts. ``close`` is idempotent.

    ``waits``: its address has opened too many without a key; nothing is to be read from it until its turn comes.
    """

    __slots__ = ("_address", "_connections", "_held", "_open", "waits")

    def __init__(self, connections: Connections, address: str | None, *, waits: bool = False) -> None:
        self.waits = waits
        self._connections = connections
        self._address = address
        self._held = 0
        self._open = True

    def when_its_turn_comes(self, read: Callable[[], None]) -> None:
        """Calls ``read`` when the address may open another connection, unless this one is closed before."""

        def begin() -> bool:
            if self._open:
                self.waits = False
                read()
            return self._open

        if self._address is not None:
            self._connections._openings.wait(self._address, begin)

    def key_shown(self) -> None:
        """Stops counting the connection against its address: it has shown a valid key."""
        if self._address is not None:
            self._connections._openings.give_back(self._address)
        self._leave_address()

    def _leave_address(self) -> None:
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
            self._leave_address()
            self._connections.open -= 1


class _Openings:
    """Token buckets of the connections that addresses open without showing a key, and those that wait for a token."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._waiting: dict[str, deque[Callable[[], bool]]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def take(self, address: str) -> bool:
        """Counts a connection; False if the address has opened too many, or others of it wait."""
        return address not in self._waiting and self._take(address)

    def _take(self, address: str) -> bool:
        now = self._clock()
        left, then = self._left.pop(address, (_OPENED_AT_ONCE, now))
        left = min(_OPENED_AT_ONCE, left + (now - then) * _OPENED_A_SECOND)
        enough = left >= 1
        self._left[address] = (left - 1 if enough else left, now)
        if len(self._left) > _MAX_ADDRESSES:
            self._left.popitem(last=False)
        return enough

    def give_back(self, address: str) -> None:
        if (found := self._left.get(address)) is not None:
            self._left[address] = (min(_OPENED_AT_ONCE, found[0] + 1), found[1])
        self._next(address)

    def wait(self, address: str, begin: Callable[[], bool]) -> None:
        """``begin``: called when there is a token; False, and the next takes it, if the connection has closed."""
        self._waiting.setdefault(address, deque()).append(begin)
        self._look_later()

    def _next(self, address: str) -> None:
        waiting = self._waiting.get(address)
        if waiting is None:
            return
        while waiting and self._take(address):
            begun = False
            while waiting and not begun:
                begun = waiting.popleft()()
        if not waiting:
            del self._waiting[address]

    def _look(self) -> None:
        self._timer = None
        for address in list(self._waiting):
            self._next(address)
        self._look_later()

    def _look_later(self) -> None:
        if self._waiting and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(1 / _OPENED_A_SECOND, self._look)


class Connections:
    """Counts the connections of a process and their bytes in flight, and checks their deadlines. One event loop."""

    def __init__(self, limits: ConnectionLimits, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.limits = limits
        self._openings = _Openings(clock)
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
        return Slot(self, address, waits=address is not None and not self._openings.take(address))

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
