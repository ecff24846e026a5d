"""Implements ``inference.ports.ToolBox`` over MCP: the built-in CRM server and any number of external servers."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from mcp import Client, StdioServerParameters
from mcp.client._transport import TransportStreams
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

from db.agents.definition import AgentDefinition
from db.agents.tool_names import CRM_SERVER, KNOWLEDGE_SERVER, SEARCH_KNOWLEDGE, SEPARATOR
from db.errors import EngineUnavailable, NotFound
from db.postgres.database import Database
from db.settings import McpServerSettings
from inference.ports import TextEmbedder, ToolContext, ToolResult, ToolSpec
from inference.tools.connection import McpConnection
from inference.tools.crm_specs import crm_tools
from inference.tools.delivery import WatchedHttpClient, watched
from inference.tools.external_specs import allowed, may_use
from inference.tools.knowledge import KnowledgeSearch, knowledge_tools
from inference.tools.server import pipeline_server


@dataclass(frozen=True, slots=True)
class FoundTool:
    """A tool that is listed, or may be on a server that is down. ``seconds``: time limit of a call."""

    server: str
    seconds: float
    repeatable: bool


class McpToolBox:
    """The CRM server in this process and external servers, one connection each. Use it as an async context manager.

    ``lazy``: connects to an external server when a tool of it is first asked for. ``embedder``: to search knowledge
    with; without one that tool is not offered.
    """

    def __init__(
        self,
        database: Database,
        external: Sequence[McpServerSettings] = (),
        *,
        timeout_seconds: float = 15,
        lazy: bool = False,
        embedder: TextEmbedder | None = None,
    ) -> None:
        # Longer than the wait for an answer: after that wait the outcome is unknown, and the call is repeated.
        crm = pipeline_server(database, patience_seconds=2 * timeout_seconds)
        self._crm = McpConnection(CRM_SERVER, lambda: Client(crm), timeout_seconds=timeout_seconds, context=True)
        self._external = [connect_to(each) for each in external]
        self._lazy = lazy
        self._knowledge = None if embedder is None else KnowledgeSearch(database.reader, embedder)
        self._timeout_seconds = timeout_seconds

    async def __aenter__(self) -> McpToolBox:
        await asyncio.gather(*(each.start() for each in (self._crm, *(() if self._lazy else self._external))))
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(*(each.close() for each in (self._crm, *self._external)))

    async def tools(self, agent: AgentDefinition) -> tuple[tuple[str, ToolSpec], ...]:
        """The CRM tools of the agent's definition, and of the external servers that it names those that it allows."""
        crm = [(CRM_SERVER, spec) for spec in crm_tools(agent)] if self._crm.reached else []
        external = [(each.name, spec) for each in self._external for spec in allowed(agent, each.name, each.tools)]
        knowledge = [(KNOWLEDGE_SERVER, spec) for spec in self._knowledge_tools(agent)]
        return (*crm, *knowledge, *external)

    def _knowledge_tools(self, agent: AgentDefinition) -> tuple[ToolSpec, ...]:
        return () if self._knowledge is None else knowledge_tools(agent)

    async def find(self, agent: AgentDefinition, name: str) -> FoundTool | None:
        """The tool that ``tools`` lists under ``name``; connects to its server if needed. None if there is none.

        The tools of a server that is down are unknown: one that the definition allows is assumed to be there.
        """
        if any(spec.name == name for spec in crm_tools(agent)):
            return FoundTool(CRM_SERVER, self._crm.timeout_seconds, repeatable=True)
        if any(spec.name == name for spec in self._knowledge_tools(agent)):
            return FoundTool(KNOWLEDGE_SERVER, self._timeout_seconds, repeatable=True)
        connection = self._owner_of(name)
        if connection is None or not may_use(agent, connection.name, name):
            return None
        await connection.start()
        spec = next((spec for spec in connection.tools if spec.name == name), None)
        if spec is None and connection.reached:
            return None
        return FoundTool(connection.name, connection.timeout_seconds, spec is not None and spec.repeatable)

    async def call(self, name: str, arguments: Mapping[str, object], context: ToolContext) -> ToolResult:
        """Runs the tool that ``tools`` lists under ``name``. Raises NotFound, EngineUnavailable, OutcomeUnknown."""
        if name == SEARCH_KNOWLEDGE and self._knowledge is not None:
            return await self._knowledge.run(arguments, context)
        connection = self._owner_of(name)
        if connection is self._crm or (connection is not None and any(spec.name == name for spec in connection.tools)):
            return await connection.call(name, arguments, context)
        if connection is not None and not connection.reached:
            raise EngineUnavailable(f"The MCP server {connection.name} cannot be reached.")
        raise NotFound("No such tool.")

    def _owner_of(self, name: str) -> McpConnection | None:
        """The connection to the server that the name belongs to, by its prefix; None for an unknown server."""
        server, separator, _ = name.partition(SEPARATOR)
        if not separator:
            return self._crm
        return next((each for each in self._external if each.name == server), None)


def connect_to(server: McpServerSettings) -> McpConnection:
    """Makes the connection to an external server; ``start`` opens it."""

    def open_client() -> Client:
        return Client(watched(_transport(server)), read_timeout_seconds=server.timeout_seconds)

    return McpConnection(
        server.name,
        open_client,
        timeout_seconds=server.timeout_seconds,
        prefix=server.name + SEPARATOR,
        allowed=server.tools,
        counts=True,
    )


@asynccontextmanager
async def _transport(server: McpServerSettings) -> AsyncGenerator[TransportStreams, None]:
    if server.url is None:
        program, *arguments = server.command
        env = {name: value.get_secret_value() for name, value in server.env.items()}
        parameters = StdioServerParameters(command=program, args=arguments, env=env)
        # A server's standard error may contain what customers said.
        with Path(os.devnull).open("w") as nowhere:  # noqa: ASYNC230 - no disk is behind it
            async with stdio_client(parameters, nowhere) as streams:
                yield streams
        return
    headers = {} if server.token is None else {"Authorization": f"Bearer {server.token.get_secret_value()}"}
    async with (
        WatchedHttpClient(headers=headers, timeout=server.timeout_seconds) as http,
        streamable_http_client(server.url, http_client=http) as streams,
    ):
        yield streams
