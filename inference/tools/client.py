"""All tools a turn may use, whichever MCP server they are on; implements ``inference.ports.ToolBox``."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from db.engine import Database
from db.errors import EngineUnavailable, NotFound
from inference.ports import ToolContext, ToolResult, ToolSpec
from inference.settings import McpServerSettings
from inference.tools.connection import McpConnection
from inference.tools.server import SERVER_NAME, pipeline_server

#: Between an external server's name and its tool's.
_SEPARATOR = "__"


class McpToolBox:
    """The CRM server in this process, and any number of external ones. Use it as an async context manager."""

    def __init__(
        self, database: Database, external: Sequence[McpServerSettings] = (), *, timeout_seconds: float = 15
    ) -> None:
        # The wait for an answer ends first, and leaves it open what was done: then the call is made again.
        crm = pipeline_server(database, patience_seconds=2 * timeout_seconds)
        self._connections = [
            McpConnection(SERVER_NAME, lambda: Client(crm), timeout_seconds=timeout_seconds, context=True),
            *(_external(each) for each in external),
        ]

    async def __aenter__(self) -> McpToolBox:
        await asyncio.gather(*(each.start() for each in self._connections))
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(*(each.close() for each in self._connections))

    async def tools(self) -> tuple[tuple[str, ToolSpec], ...]:
        return tuple((each.name, spec) for each in self._connections for spec in each.tools)

    async def call(self, name: str, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
        """Runs a tool by the name under which ``tools`` lists it. Raises NotFound, EngineUnavailable."""
        for connection in self._connections:
            if any(spec.name == name for spec in connection.tools):
                return await connection.call(name, arguments, context)
        server, separator, _ = name.partition(_SEPARATOR)
        if separator and any(each.name == server for each in self._connections):
            raise EngineUnavailable(f"The MCP server {server} cannot be reached.")
        raise NotFound("No such tool.")


def _external(server: McpServerSettings) -> McpConnection:
    def open_client() -> Client:
        headers = {} if server.token is None else {"Authorization": f"Bearer {server.token.get_secret_value()}"}
        http = httpx2.AsyncClient(headers=headers, timeout=server.timeout_seconds)
        return Client(streamable_http_client(server.url, http_client=http))

    return McpConnection(
        server.name,
        open_client,
        timeout_seconds=server.timeout_seconds,
        prefix=server.name + _SEPARATOR,
        allowed=server.tools,
    )
