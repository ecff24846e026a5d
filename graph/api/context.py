"""What a resolver may use: who is asking, and the parts of this process. A fresh one for every request or socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from uuid import UUID

from starlette.datastructures import Headers
from strawberry.fastapi import BaseContext
from strawberry.types import Info as StrawberryInfo

from db.postgres.outage import DATABASE_ERRORS
from db.viewer import Viewer
from graph.api.loaders import Loaders
from graph.auth import secret_in_headers, secret_in_params
from graph.guards.rate_limit import address_of
from graph.parts import Parts
from graph.public_url import base_of


class Context(BaseContext):
    """One request's view of the process. On a websocket the loaders hold nothing between two operations."""

    def __init__(self, parts: Parts, seen: Callable[[Headers], int] | None = None) -> None:
        """``seen``: reads from the headers which event a client of an event stream saw last."""
        super().__init__()
        self.parts = parts
        self._seen = seen
        self.loaders = Loaders(parts.database)
        self._asking = asyncio.Lock()
        self._viewer: Viewer | None = None
        #: The number of the event that a subscription yielded last.
        self.seq: int | None = None
        #: Of a websocket that was acknowledged.
        self.admitted: Viewer | None = None

    @property
    def _is_socket(self) -> bool:
        return self.request is not None and self.request.scope["type"] == "websocket"

    @property
    def secret(self) -> str | None:
        """The API key that was sent, whether it is one or not."""
        assert self.request is not None
        secret = secret_in_params(self.connection_params) if self._is_socket else None
        return secret or secret_in_headers(self.request.headers)

    @property
    def seen(self) -> int:
        """The event that a client of an event stream saw last, by Last-Event-ID; 0 if none. Raises BadUserInput."""
        return 0 if self._seen is None or self.request is None else self._seen(self.request.headers)

    async def admit(self) -> Viewer:
        """The holder of the key that a websocket is opened with. Raises Unauthenticated and RateLimited."""
        self.admitted = await self._verified(anew=True)
        return self.admitted

    async def viewer(self) -> Viewer:
        """Who is asking: one statement for an HTTP request, and one for each operation of a websocket, as a key may be
        revoked meanwhile.

        Raises Unauthenticated and RateLimited.
        """
        if self._is_socket:
            return await self._known()
        async with self._asking:
            if self._viewer is None:
                self._viewer = await self._known()
            return self._viewer

    async def _known(self) -> Viewer:
        try:
            return await self._verified(anew=True)
        except DATABASE_ERRORS:  # of the reader: what is asked for goes another way, and says so if that fails too
            return await self._verified(anew=False)

    async def _verified(self, *, anew: bool) -> Viewer:
        assert self.request is not None
        return await self.parts.keys.admit(self.secret, address_of(self.request.scope), anew=anew)

    def audio_url(self, audio_id: UUID) -> str:
        """The signed address of a sound, on the host that this request came to or on the configured one."""
        assert self.request is not None
        base = base_of(self.request.scope, self.parts.settings.public_url)
        return f"{base}/media/{audio_id}?{self.parts.signer.query(audio_id)}"


#: What resolvers are given beside their arguments.
Info = StrawberryInfo[Context, None]
