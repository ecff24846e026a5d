"""Whether the external MCP servers can be reached, and have the tools that the settings name."""

from __future__ import annotations

import asyncio

from db.findings import Finding, fault, ok, warning
from db.settings import McpServerSettings
from inference.settings import InferenceSettings
from inference.tools.client import connect_to

_NAME = "tools"


async def examine_tools(settings: InferenceSettings) -> list[Finding]:
    """A finding for each server, all asked at once; each within its own time-out."""
    if not settings.mcp_servers:
        return [ok(_NAME, "no external MCP servers are named")]
    return list(await asyncio.gather(*(_examined(each) for each in settings.mcp_servers)))


async def _examined(server: McpServerSettings) -> Finding:
    how = server.url or " ".join(server.command[:1])
    told = f"MCP server {server.name} ({how.rpartition('@')[2]})"
    connection = connect_to(server)
    try:
        await connection.start()
        names = {spec.name for spec in connection.tools}
        if not connection.reached:
            advice = "See that it runs, and that its url or command, and its token, in VOXLOOM_MCP_SERVERS are right."
            return fault(_NAME, f"{told} cannot be reached", advice)
    finally:
        await connection.close()
    missing = [each for each in server.tools or () if connection.prefix + each not in names]
    if missing:
        return warning(_NAME, f"{told} has no tool {', '.join(missing)}", "Correct `tools` in VOXLOOM_MCP_SERVERS.")
    return ok(_NAME, f"{told}: {len(names)} tools")
