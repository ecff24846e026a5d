"""The context of GraphQL resolvers: authentication, DataLoaders and the process's parts; one per request or socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from uuid import UUID

from starlette.datastructures import Headers
from strawberry.fastapi import BaseContext
from strawberry.types import Info as StrawberryInfo

from db.enums import CallTransport
from db.postgres.outage import DATABASE_ERRORS
from db.viewer import Viewer
from graph.api.agent_loaders import AgentLoaders
from graph.api.loaders import Loaders
from graph.guards.rate_limit import address_of
from graph.parts import Parts
from graph.public_url import base_of, call_url
from graph.wire.api_key import secret_in_headers, secret_in_params


class Context(BaseContext):
    """One request's context. On a websocket the loaders cache nothing between operations."""

    def __init__(self, parts: Parts, seen: Callable[[Headers], int] | None = None) -> None:
        """``seen``: reads the number of the last event received (Last-Event-ID) from the headers."""
        super().__init__()
        self.parts = parts
        self._seen = seen
        self.loaders = Loaders(parts.database)
        self.agents = AgentLoaders(parts.database, parts.settings.max_response_bytes)
        self._asking = asyncio.Lock()
        self._viewer: Viewer | None = None
        #: The number of the last event that a subscription yielded.
        self.seq: int | None = None
        #: The key's holder, on a websocket after connection_ack.
        self.admitted: Viewer | None = None

    @property
    def _is_socket(self) -> bool:
        return self.request is not None and self.request.scope["type"] == "websocket"

    @property
    def secret(self) -> str | None:
        """The API key as sent, not verified."""
        assert self.request is not None
        secret = secret_in_params(self.connection_params) if self._is_socket else None
        return secret or secret_in_headers(self.request.headers)

    @property
    def seen(self) -> int:
        """The number of the last event that the client received (Last-Event-ID); 0 if none. Raises BadUserInput."""
        return 0 if self._seen is None or self.request is None else self._seen(self.request.headers)

    async def admit(self) -> Viewer:
        """Verifies the API key of connection_init. Raises Unauthenticated and RateLimited."""
        self.admitted = await self._verified(anew=True)
        return self.admitted

    async def viewer(self) -> Viewer:
        """The holder of the API key, read once per HTTP request, and once per websocket operation, as keys are revoked.

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
        except DATABASE_ERRORS:  # the reader's connection failed; resolvers use another, and report if that fails too
            return await self._verified(anew=False)

    async def _verified(self, *, anew: bool) -> Viewer:
        assert self.request is not None
        return await self.parts.keys.admit(self.secret, address_of(self.request.scope), anew=anew)

    def keep_out_of_caches(self) -> None:
        """Marks the response as one with a secret: it is neither stored nor compressed (BREACH) anywhere."""
        if self.response is not None:
            self.response.headers["Cache-Control"] = "no-store"

    def audio_url(self, audio_id: UUID) -> str:
        """The signed address of a sound, on the host that this request came to or on the configured one."""
        assert self.request is not None
        base = base_of(self.request.scope, self.parts.settings.public_url)
        return f"{base}/media/{audio_id}?{self.parts.signer.query(audio_id)}"

    def call_url(self, transport: CallTransport) -> str:
        """The websocket address for the caller of a live call."""
        assert self.request is not None
        settings = self.parts.settings
        base = base_of(self.request.scope, settings.public_url)
        return call_url(base, transport, voice_url=settings.voice_url, voice_port=settings.voice_port)


#: The type of a resolver's ``info``.
Info = StrawberryInfo[Context, None]
