"""A tool of your own for the assistant, as an MCP server (Model Context Protocol, official SDK): looks up an order.

A worker starts it and talks to it over stdio. This one knows two orders; a real one asks a database or another service.
"""

from __future__ import annotations

from typing import Any

from mcp.server import MCPServer
from mcp_types import ToolAnnotations

server = MCPServer("orders")

ORDERS: dict[str, dict[str, Any]] = {
    "A-1001": {"status": "shipped", "carrier": "DHL", "expected": "2026-11-28"},
    "A-1002": {"status": "being packed", "carrier": None, "expected": "2026-12-01"},
}


# The description and the types of the arguments are what the language model sees. The hints tell VoxLoom that the call
# changes nothing, so it may be repeated when its answer was lost.
@server.tool(annotations=ToolAnnotations(read_only_hint=True, idempotent_hint=True))
def order_status(order: str) -> dict[str, Any]:
    """Where an order is. `order` is its number, as A-1001."""
    found = ORDERS.get(order.strip().upper())
    if found is None:
        return {"found": False}
    return {"found": True, **found}


if __name__ == "__main__":
    server.run("stdio")
