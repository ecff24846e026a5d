"""Python's gql: a subscription that resumes after any number of disconnects.

docs/how-to/resume-subscriptions.md shows this file.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from gql import Client, GraphQLRequest
from gql.transport.exceptions import TransportClosed, TransportConnectionFailed
from gql.transport.websockets import WebsocketsTransport


# recipe: follow
async def follow(url: str, headers: dict[str, str], request: GraphQLRequest, handle: Callable[[Any], None]) -> None:
    """Hands each event of a subscription with $afterSeq to ``handle`` once, until the session ends."""
    variables = {"afterSeq": 0, **(request.variable_values or {})}
    while True:
        try:
            async with Client(transport=WebsocketsTransport(url=url, init_payload=headers)) as session:
                async for data in session.subscribe(GraphQLRequest(request.document, variable_values=variables)):
                    (event,) = data.values()
                    variables["afterSeq"] = event["seq"]
                    handle(event)
            return
        except (TransportConnectionFailed, TransportClosed, OSError):
            await asyncio.sleep(1)


# end
