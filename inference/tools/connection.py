"""A connection to one MCP server, with reconnect and a cached list of its tools."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Callable, Mapping
from contextlib import suppress

import structlog
from mcp import Client, MCPError
from mcp_types import CONNECTION_CLOSED, REQUEST_TIMEOUT, CallToolResult, TextContent, Tool, ToolAnnotations

from db.errors import EngineUnavailable, OutcomeUnknown
from db.retries import backoff
from inference.ports import ToolContext, ToolResult, ToolSpec
from inference.tools.delivery import Delivery
from inference.tools.json_schema import without_references
from inference.tools.server import CONTEXT_META, KEY_META

#: Seconds between two attempts to connect, doubled each time up to the longest.
_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 5.0

#: Seconds for a connection to close: a stdio server gets time to exit.
_CLOSE_SECONDS = 10.0

#: Most pages of a server's tool list.
_MAX_PAGES = 20

#: Tool names that language models accept and that fit the tool call's row with the server's prefix.
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,128}")

#: Characters of a tool's result as JSON: it is stored, sent to subscribers and given to the model.
_MAX_RESULT_CHARACTERS = 100_000

# The SDK logs messages that it cannot parse and errors of its handlers, with tool results in them.
logging.getLogger("mcp").setLevel(logging.CRITICAL)

log = structlog.get_logger(__name__)


class McpConnection:
    """A client of one server. One task opens and closes it, as the SDK's cancel scopes require.

    ``prefix``: put before its tools' names. ``allowed``: names of the tools that may be used, None for all.
    ``context``: whether tenant, session and call are sent along, which is for the built-in server only. ``counts``:
    whether the transport counts sent calls (``inference.tools.delivery``).
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
        counts: bool = False,
    ) -> None:
        self.name = name
        self.prefix = prefix
        self.timeout_seconds = timeout_seconds
        self._open_client = open_client
        self._allowed = allowed
        self._context = context
        self._counts = counts
        self._client: Client | None = None
        self._tools: tuple[ToolSpec, ...] = ()
        self._tried = asyncio.Event()
        self._recheck = asyncio.Event()
        self._owner: asyncio.Task[None] | None = None
        self._closed = False

    async def start(self) -> None:
        """Connects, or returns after the first failed attempt and retries in the background. Idempotent."""
        if self._owner is None:
            self._owner = asyncio.create_task(self._run(), name=f"mcp-{self.name}")
        with suppress(TimeoutError):
            async with asyncio.timeout(self.timeout_seconds):
                await self._tried.wait()

    async def close(self) -> None:
        self._closed = True
        self._recheck.set()  # the SDK's task groups may swallow a cancellation while they exit
        if self._owner is not None:
            self._owner.cancel()
            await asyncio.wait({self._owner}, timeout=_CLOSE_SECONDS)

    @property
    def reached(self) -> bool:
        """Whether it is connected now."""
        return self._client is not None

    @property
    def tools(self) -> tuple[ToolSpec, ...]:
        """Its tools; empty while it is disconnected."""
        return self._tools

    async def _run(self) -> None:
        failures = 0
        while not self._closed:
            failures += 1
            try:
                async with self._open_client() as client:
                    while not self._closed:  # lists again after a failed call, as a health check
                        self._recheck.clear()
                        self._tools = await self._list(client)
                        self._client = client
                        self._tried.set()
                        failures = 1
                        await self._recheck.wait()
            except Exception as error:  # an external server may fail in any way; the others go on
                if failures == 1:
                    log.warning("mcp_server_down", server=self.name, error=type(error).__name__)
            finally:
                self._client, self._tools = None, ()
                self._tried.set()
            if not self._closed:
                pause = backoff(failures, first_seconds=_FIRST_PAUSE_SECONDS, longest_seconds=_LONGEST_PAUSE_SECONDS)
                await asyncio.sleep(pause)

    async def _list(self, client: Client) -> tuple[ToolSpec, ...]:
        found: list[Tool] = []
        cursor: str | None = None
        async with asyncio.timeout(self.timeout_seconds):
            for _ in range(_MAX_PAGES):
                page = await client.list_tools(cursor=cursor, cache_mode="bypass")
                found += page.tools
                cursor = page.next_cursor
                if cursor is None:
                    break
        return tuple(
            ToolSpec(
                self.prefix + tool.name,
                tool.description or "",
                without_references(tool.input_schema),
                repeatable=_repeatable(tool.annotations),
            )
            for tool in found
            if _NAME.fullmatch(tool.name) and (self._allowed is None or tool.name in self._allowed)
        )

    async def call(self, name: str, arguments: Mapping[str, object], context: ToolContext) -> ToolResult:
        """Runs a tool. Raises EngineUnavailable if the request was not sent, and OutcomeUnknown if it may have been."""
        client = self._client
        if client is None:
            raise self._unreachable()
        meta: dict[str, object] = {KEY_META: context.tool_call_id}
        if self._context:
            meta[CONTEXT_META] = {
                "tenant_id": context.tenant_id,
                "session_id": context.session_id,
                "tool_call_id": context.tool_call_id,
            }
        delivery = Delivery()
        try:
            with delivery.watched():
                async with asyncio.timeout(self.timeout_seconds):
                    result = await client.call_tool(name.removeprefix(self.prefix), dict(arguments), meta=meta)  # type: ignore[arg-type]  # an open map
        except Exception as error:
            self._recheck.set()
            if self._counts and delivery.sent <= 0:
                raise self._unreachable() from error
            raise OutcomeUnknown(_error_message(self.name, error)) from error
        return _result_of(result)

    def _unreachable(self) -> EngineUnavailable:
        return EngineUnavailable(f"The MCP server {self.name} cannot be reached.")


def _error_message(server: str, error: Exception) -> str:
    """An error message of ours: an external server's own may contain what a customer said."""
    if isinstance(error, TimeoutError) or (isinstance(error, MCPError) and error.code == REQUEST_TIMEOUT):
        return f"The MCP server {server} did not answer in time."
    if isinstance(error, MCPError) and error.code != CONNECTION_CLOSED:
        return f"The MCP server {server} answered with error {error.code}."
    return f"The connection to the MCP server {server} was lost."


def _repeatable(annotations: ToolAnnotations | None) -> bool:
    """Whether the server declares the tool idempotent or read-only; without a declaration it is not repeatable."""
    return annotations is not None and bool(annotations.idempotent_hint or annotations.read_only_hint)


def _result_of(result: CallToolResult) -> ToolResult:
    if isinstance(result.structured_content, dict):
        content: dict[str, object] = result.structured_content
    else:
        content = {"text": "\n".join(part.text for part in result.content if isinstance(part, TextContent))}
    ok = not result.is_error
    answer = {"ok": ok, **content}
    size = len(json.dumps(answer, ensure_ascii=False))
    if size > _MAX_RESULT_CHARACTERS:
        answer = {"ok": ok, "omitted": f"The answer has {size} characters; at most {_MAX_RESULT_CHARACTERS} are kept."}
    return ToolResult(ok, answer)
