"""Rate limits: token buckets of API keys, and of addresses without a valid key.

Token bucket: Turner 1986, "New directions in communications"; RFC 2697 names the parts. A key may use its minute's
allowance at once; an address that has shown no key may use that of two seconds, so that a burst of strangers' requests
is over before other clients notice.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from uuid import UUID

from starlette.types import Scope

from db.errors import RateLimited
from graph.wire.addresses import network_of

#: Buckets of keys, and of addresses; the least recently used is evicted and starts full again. They are kept apart, and
#: only valid keys have one, so that unauthenticated clients cannot evict a key's bucket.
_MAX_BUCKETS = 20_000

#: Burst size of an address: seconds of its rate, but no fewer requests than a browser sends with a page.
_BURST_SECONDS = 2
_LEAST_BURST = 20

_Buckets = OrderedDict[object, tuple[float, float]]


class Rates:
    """The buckets of a process. ``per_minute``: what each may ask within a minute; 0 is without limit.

    An address has two buckets: one for requests without a key, and one for wrong keys. Each method raises RateLimited
    with the time until the next one may come. Addresses of IPv6 count by their network.
    """

    def __init__(self, per_minute: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._burst = min(per_minute, max(_LEAST_BURST, per_minute * _BURST_SECONDS // 60))
        self._clock = clock
        #: What is left, and when that was.
        self._keys: _Buckets = OrderedDict()
        self._addresses: _Buckets = OrderedDict()
        self._failures: _Buckets = OrderedDict()

    def take_key(self, key_id: UUID) -> None:
        """Counts a request or operation of a valid key."""
        self._take(self._keys, key_id, self._per_minute)

    def take_address(self, address: str) -> None:
        """Counts a request without a key."""
        self._take(self._addresses, network_of(address), self._burst)

    def take_failure(self, address: str) -> None:
        """Counts a wrong key."""
        self._take(self._failures, network_of(address), self._burst)

    def check_failures(self, address: str) -> None:
        """Counts nothing; raises where `take_failure` would."""
        self._take(self._failures, network_of(address), self._burst, count=0)

    def _take(self, buckets: _Buckets, name: object, burst: int, *, count: int = 1) -> None:
        if self._per_minute == 0:
            return
        now = self._clock()
        left, then = buckets.pop(name, (float(burst), now))
        left = min(float(burst), left + (now - then) * self._per_minute / 60)
        enough = left >= 1
        buckets[name] = (left - count if enough else left, now)
        if len(buckets) > _MAX_BUCKETS:
            buckets.popitem(last=False)
        if not enough:
            wait = round((1 - left) * 60 / self._per_minute, 3)
            raise RateLimited(f"More than {self._per_minute} requests a minute. Try again in {wait} s.", wait)


def address_of(scope: Scope) -> str:
    """Where a request comes from; behind a trusted proxy, what the server takes from X-Forwarded-For."""
    client = scope.get("client")
    return str(client[0]) if client else ""
