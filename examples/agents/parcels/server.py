"""The parcel service's tool, as an MCP server: where a parcel is. It knows three; a real one asks a database."""

from __future__ import annotations

from mcp.server import MCPServer
from mcp_types import ToolAnnotations

server = MCPServer("parcels")

PARCELS = {
    "PX-40217": "on its way, expected on 28 November",
    "PX-40218": "delivered on 24 November",
    "PX-50001": "waiting for pick-up at the shop in Harbour Street",
}


@server.tool(annotations=ToolAnnotations(read_only_hint=True, idempotent_hint=True))
def where_is(parcel: str) -> dict[str, str | bool]:
    """Where a parcel is. `parcel` is its number, as PX-40217."""
    letters_and_digits = "".join(ch for ch in parcel.upper() if ch.isalnum())  # customers leave the hyphen out
    number = next((each for each in PARCELS if each.replace("-", "") == letters_and_digits), parcel.strip().upper())
    status = PARCELS.get(number)
    return {"found": status is not None, "parcel": number, "status": status or "no parcel has this number"}


if __name__ == "__main__":
    server.run("stdio")
