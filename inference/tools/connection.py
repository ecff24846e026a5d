"""One MCP server as the pipeline sees it: connected while this process lives, connected again when it was lost."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import structlog
from mcp import Client, MCPError
from mcp_types import CONNECTION_CLOSED, REQUEST_TIMEOUT, CallToolResult, TextContent, Tool, ToolAnnotations

from db.errors import EngineUnavailable, OutcomeUnknown
from inference.ports import ToolContext, ToolResult, ToolSpec
from inference.tools.delivery import Delivery
from inference.tools.json_schema import without_references
from inference.tools.server import CONTEXT_META, KEY_META

#: Between two attempts to connect; each pause is twice as long as the one before.
_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 5.0

#: How long a connection may take to close: a program that was started is given time to end by itself.
_CLOSE_SECONDS = 10.0

#: Pages of a server's list of tools that are read.
_MAX_PAGES = 20

#: Names of tools that language models take, and that the tool call's row holds with a server's name before them.
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,128}")

#: Characters of a tool's answer, as JSON, that are kept: it is stored, shown to listeners and given to the model.
_MAX_ANSWER = 100_000

# The SDK logs what it cannot parse, and what its handlers raise: tool answers, in which is what somebody said.
logging.getLogger("mcp").setLevel(logging.CRITICAL)

log = structlog.get_logger(__name__)


class McpConnection:
    """A client of one server, owned by one task: the SDK wants it opened and closed in the same one.

    ``prefix`` stands before its tools' names, ``allowed`` names those that may be used (None: all), ``context`` tells
    whether the server is our own and is told on whose behalf it runs, and ``counts`` whether its transport counts what
    it sends (``inference.tools.delivery``).
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
        self._doubted = asyncio.Event()
        self._owner: asyncio.Task[None] | None = None
        self._closed = False

    async def start(self) -> None:
        """Connects if nobody did, or finds that it cannot for now; then it goes on trying. Harmless when repeated."""
        if self._owner is None:
            self._owner = asyncio.create_task(self._keep_connected(), name=f"mcp-{self.name}")
        with suppress(TimeoutError):
            async with asyncio.timeout(self.timeout_seconds):
                await self._tried.wait()

    async def close(self) -> None:
        self._closed = True
        self._doubted.set()  # the SDK's task groups may swallow the cancellation of a task that is leaving them
        if self._owner is not None:
            self._owner.cancel()
            await asyncio.wait({self._owner}, timeout=_CLOSE_SECONDS)

    @property
    def reached(self) -> bool:
        """Whether it is connected now."""
        return self._client is not None

    @property
    def tools(self) -> tuple[ToolSpec, ...]:
        """What it offers now: nothing while it is down."""
        return self._tools

    async def _keep_connected(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while not self._closed:
            try:
                async with self._open_client() as client:
                    while not self._closed:  # lists again after a call that went wrong: is the connection still one?
                        self._doubted.clear()
                        self._tools = await self._list(client)
                        self._client = client
                        self._tried.set()
                        pause = _FIRST_PAUSE_SECONDS
                        await self._doubted.wait()
            except Exception as error:  # whatever a foreign server does, the others go on
                if pause == _FIRST_PAUSE_SECONDS:
                    log.warning("mcp_server_down", server=self.name, error=type(error).__name__)
            finally:
                self._client, self._tools = None, ()
                self._tried.set()
            if not self._closed:
                await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

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

    async def call(self, name: str, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
        """Runs a tool. Raises EngineUnavailable if the request was not sent, and OutcomeUnknown if it may have been."""
        client = self._client
        if client is None:
            raise self._unreached()
        meta: dict[str, Any] = {KEY_META: context.tool_call_id}
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
            self._doubted.set()
            if self._counts and delivery.sent <= 0:
                raise self._unreached() from error
            raise OutcomeUnknown(_what_went_wrong(self.name, error)) from error
        return _result_of(result)

    def _unreached(self) -> EngineUnavailable:
        return EngineUnavailable(f"The MCP server {self.name} cannot be reached.")


def _what_went_wrong(server: str, error: Exception) -> str:
    """In our words: a foreign server's own may hold what somebody said."""
    if isinstance(error, TimeoutError) or (isinstance(error, MCPError) and error.code == REQUEST_TIMEOUT):
        return f"The MCP server {server} did not answer in time."
    if isinstance(error, MCPError) and error.code != CONNECTION_CLOSED:
        return f"The MCP server {server} answered with error {error.code}."
    return f"The connection to the MCP server {server} was lost."


def _repeatable(told: ToolAnnotations | None) -> bool:
    """What the server declares; a tool that declares nothing may do its work again each time."""
    return told is not None and bool(told.idempotent_hint or told.read_only_hint)


def _result_of(result: CallToolResult) -> ToolResult:
    if isinstance(result.structured_content, dict):
        content: dict[str, Any] = result.structured_content
    else:
        content = {"text": "\n".join(part.text for part in result.content if isinstance(part, TextContent))}
    ok = not result.is_error
    answer = {"ok": ok, **content}
    size = len(json.dumps(answer, ensure_ascii=False))
    if size > _MAX_ANSWER:
        answer = {"ok": ok, "omitted": f"The answer has {size} characters; not more than {_MAX_ANSWER} are kept."}
    return ToolResult(ok, answer)
