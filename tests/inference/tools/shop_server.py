"""An external MCP server as a program of its own: does what its tool's argument says, and notes each run in a file.

``python -m tests.inference.tools.shop_server LOG stdio`` or ``... LOG PORT``.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import mcp_types as types
import uvicorn
from mcp import MCPError
from mcp.server import Server
from mcp.server.stdio import stdio_server
from mcp.server.transport_security import TransportSecuritySettings
from starlette.types import ASGIApp, Receive, Scope, Send

SECRET = "my-card-is-4111"


def _note(name: str) -> None:
    with Path(sys.argv[1]).open("a") as log:
        log.write(f"{name}\n")


def _tool(name: str, *, idempotent: bool) -> types.Tool:
    hints = types.ToolAnnotations(idempotent_hint=idempotent)
    return types.Tool(name=name, description="x", input_schema={"type": "object"}, annotations=hints)


async def _list_tools(*_: Any) -> types.ListToolsResult:
    bad = types.Tool(name="bad name\n", input_schema={"type": "object"})
    return types.ListToolsResult(tools=[_tool("charge", idempotent=False), _tool("look_up", idempotent=True), bad])


async def _call_tool(_: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
    _note(params.name)
    how = (params.arguments or {}).get("how")
    if how == "die":
        os._exit(1)
    if how == "error":
        raise MCPError(code=-32603, message=SECRET)
    if how == "invalid":
        raise MCPError(code=-32602, message=SECRET)
    if how == "hang":
        await asyncio.sleep(60)
    if how == "garbage":
        sys.stdout.write(f"{SECRET}\n")  # only for stdio; for HTTP see _Garbling
        sys.stdout.flush()
        os._exit(1)
    ok = how != "refuse"
    return types.CallToolResult(content=[types.TextContent(text="x")], structured_content={"n": 1}, is_error=not ok)


class _Garbling:
    """ASGI middleware: replaces the response to a request for garbage, after the tool ran."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        message = await receive()
        if b'"garbage"' not in message.get("body", b""):
            replayed = [message]

            async def again() -> Any:
                return replayed.pop() if replayed else await receive()

            await self._app(scope, again, send)
            return
        _note("charge")
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": f'{{"{SECRET}'.encode()})


async def _over_stdio(server: Server[Any]) -> None:
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


def main() -> None:
    server: Server[Any] = Server("shop", on_list_tools=_list_tools, on_call_tool=_call_tool)
    if sys.argv[2] == "stdio":
        asyncio.run(_over_stdio(server))
        return
    app = server.streamable_http_app(
        streamable_http_path="/mcp",
        json_response=True,
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )
    uvicorn.run(_Garbling(app), host="127.0.0.1", port=int(sys.argv[2]), log_level="error")


if __name__ == "__main__":
    main()
