"""How often one key, or one address without a key, may ask.

A bucket of tokens each (Turner 1986, "New directions in communications"; RFC 2697 names the parts): it holds what may
be asked at once, and fills evenly up to that again within a minute.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from hashlib import sha256

from starlette.types import ASGIApp, Receive, Scope, Send

from db.errors import RateLimited
from graph.auth import secret_in_headers
from graph.guards.answers import refuse

#: Keys and addresses that are remembered; who asked longest ago is forgotten, and may ask as if for the first time.
_MAX_BUCKETS = 20_000

#: They are asked by the platform's probes and by browsers, and cost next to nothing.
_FREE = ("/healthz", "/readyz", "/static/")


class Rates:
    """The buckets of a process. ``per_minute``: what each may ask within a minute; 0 is without limit."""

    def __init__(self, per_minute: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._clock = clock
        #: What is left, and when that was.
        self._buckets: OrderedDict[bytes, tuple[float, float]] = OrderedDict()

    def take(self, secret: str | None, address: str) -> None:
        """Counts one request or operation of the key ``secret``, or of ``address`` if there is none.

        Raises RateLimited with the time until the next one may come.
        """
        if self._per_minute == 0:
            return
        # Keys are not kept as they are: what is in memory may end in a dump.
        name = address.encode() if secret is None else sha256(secret.encode(errors="replace")).digest()
        now = self._clock()
        left, then = self._buckets.pop(name, (float(self._per_minute), now))
        left = min(float(self._per_minute), left + (now - then) * self._per_minute / 60)
        enough = left >= 1
        self._buckets[name] = (left - 1 if enough else left, now)
        if len(self._buckets) > _MAX_BUCKETS:
            self._buckets.popitem(last=False)
        if not enough:
            wait = round((1 - left) * 60 / self._per_minute, 3)
            raise RateLimited(f"More than {self._per_minute} requests a minute. Try again in {wait} s.", wait)

    def __len__(self) -> int:
        return len(self._buckets)


class RateLimit:
    """ASGI middleware: every HTTP request, and every new websocket, takes from its key's or its address's bucket.

    One that comes too often answers 429 with the code RATE_LIMITED and Retry-After. What is done on a websocket is for
    its handler to count, with `Rates.take`.
    """

    def __init__(self, app: ASGIApp, rates: Rates) -> None:
        self._app = app
        self._rates = rates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan" and not scope["path"].startswith(_FREE):
            try:
                self._rates.take(_secret(scope), address_of(scope))
            except RateLimited as error:
                await refuse(scope, receive, send, 429, error)
                return
        await self._app(scope, receive, send)


def address_of(scope: Scope) -> str:
    """Where a request comes from; behind a proxy, what the server takes from X-Forwarded-For."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def _secret(scope: Scope) -> str | None:
    if scope["path"].startswith("/media/"):  # the signature is the permission
        return None
    for name, value in scope["headers"]:
        if name == b"authorization":
            return secret_in_headers({"authorization": value.decode("latin-1")})
    return None
