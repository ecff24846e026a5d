"""One MCP server as the pipeline sees it: connected while this process lives, connected again when it was lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import structlog
from mcp import Client, MCPError
from mcp_types import CallToolResult, TextContent, ToolAnnotations

from db.errors import EngineUnavailable, OutcomeUnknown
from inference.ports import ToolContext, ToolResult, ToolSpec
from inference.tools.json_schema import without_references
from inference.tools.server import CONTEXT_META, KEY_META

_RETRY_SECONDS = 5.0

log = structlog.get_logger(__name__)


class McpConnection:
    """A client of one server, owned by one task: the SDK wants it opened and closed in the same one.

    ``prefix`` stands before its tools' names, ``allowed`` names those that may be used (null: all), and ``context``
    tells whether the server is our own and is told on whose behalf it runs.
    """

    def __init__(
        self,
        name: str,
        open_client: Callable[[], Client],
        *,
        timeout_seconds: float,
        prefix: str = "",
        allowed: tuple[str, ...] | None = None,
        context: bool = False,
    ) -> None:
        self.name = name
        self._open_client = open_client
        self._timeout_seconds = timeout_seconds
        self._prefix = prefix
        self._allowed = allowed
        self._context = context
        self._client: Client | None = None
        self._tools: tuple[ToolSpec, ...] = ()
        self._tried = asyncio.Event()
        self._lost = asyncio.Event()
        self._owner: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Connects, or finds that it cannot for now; then it goes on trying."""
        self._owner = asyncio.create_task(self._keep_connected(), name=f"mcp-{self.name}")
        with suppress(TimeoutError):
            async with asyncio.timeout(self._timeout_seconds):
                await self._tried.wait()

    async def close(self) -> None:
        if self._owner is not None:
            self._owner.cancel()
            await asyncio.gather(self._owner, return_exceptions=True)

    @property
    def tools(self) -> tuple[ToolSpec, ...]:
        """What it offers now: nothing while it is down."""
        return self._tools

    async def _keep_connected(self) -> None:
        while True:
            self._lost.clear()
            try:
                async with self._open_client() as client:
                    self._tools = await self._list(client)
                    self._client = client
                    self._tried.set()
                    await self._lost.wait()
            except Exception as error:  # whatever a foreign server does, the others go on
                log.warning("mcp_server_down", server=self.name, error=type(error).__name__)
            finally:
                self._client, self._tools = None, ()
                self._tried.set()
            await asyncio.sleep(_RETRY_SECONDS)

    async def _list(self, client: Client) -> tuple[ToolSpec, ...]:
        async with asyncio.timeout(self._timeout_seconds):
            listed = await client.list_tools()
        return tuple(
            ToolSpec(
                self._prefix + tool.name,
                tool.description or "",
                without_references(tool.input_schema),
                repeatable=_repeatable(tool.annotations),
            )
            for tool in listed.tools
            if self._allowed is None or tool.name in self._allowed
        )

    async def call(self, name: str, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
        """Runs a tool. Raises EngineUnavailable if nothing was done, OutcomeUnknown if that is not known."""
        client = self._client
        if client is None:
            raise EngineUnavailable(f"The MCP server {self.name} cannot be reached.")
        meta: dict[str, Any] = {KEY_META: context.tool_call_id}
        if self._context:
            meta[CONTEXT_META] = {
                "tenant_id": context.tenant_id,
                "session_id": context.session_id,
                "tool_call_id": context.tool_call_id,
            }
        try:
            async with asyncio.timeout(self._timeout_seconds):
                result = await client.call_tool(name.removeprefix(self._prefix), dict(arguments), meta=meta)  # type: ignore[arg-type]  # an open map
        except MCPError as error:
            raise EngineUnavailable(f"The MCP server {self.name} answered with error {error.error.code}.") from error
        except TimeoutError:
            raise OutcomeUnknown(f"The MCP server {self.name} did not answer in time.") from None
        except Exception as error:
            self._lost.set()
            raise OutcomeUnknown(f"The connection to the MCP server {self.name} was lost.") from error
        return _result_of(result)


def _repeatable(told: ToolAnnotations | None) -> bool:
    """What the server declares; a tool that declares nothing may do its work again each time."""
    return told is not None and bool(told.idempotent_hint or told.read_only_hint)


def _result_of(result: CallToolResult) -> ToolResult:
    if isinstance(result.structured_content, dict):
        content: dict[str, Any] = result.structured_content
    else:
        content = {"text": "\n".join(part.text for part in result.content if isinstance(part, TextContent))}
    return ToolResult(not result.is_error, {"ok": not result.is_error, **content})
