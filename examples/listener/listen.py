"""Follows a session through lost connections and restarts of its own: each event is printed once, in order.

    VOXLOOM_API_KEY=vxl_... python listen.py SESSION_ID

Every event of a session has a number, ``seq``: 1, 2, 3 ... without a gap. The number of the last event that was dealt
with is all that a listener has to remember: ``afterSeq`` asks for those after it. This one keeps it in a file.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

from gql import Client, GraphQLRequest
from gql.transport.exceptions import TransportClosed, TransportConnectionFailed
from gql.transport.websockets import WebsocketsTransport

URL = os.environ.get("VOXLOOM_URL", "http://127.0.0.1:8000")
HEADERS = {"Authorization": f"Bearer {os.environ['VOXLOOM_API_KEY']}"}

EVENTS = """
subscription ($sessionId: ID!, $afterSeq: Int!) {
  sessionEvents(sessionId: $sessionId, afterSeq: $afterSeq) { __typename seq }
}"""


class Cursor:
    """The ``seq`` of the last event that was dealt with, in a file; 0 before the first."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.seq = int(file.read_text()) if file.exists() else 0

    def move(self, seq: int) -> None:
        """Replaces the file in one step, so that a crash leaves the old number or the new one."""
        draft = self._file.with_suffix(".draft")
        draft.write_text(str(seq))
        draft.replace(self._file)
        self.seq = seq


def deal_with(event: dict[str, Any]) -> None:
    """Here is your own code. If the process dies between this and ``Cursor.move``, it gets the event once more."""
    print(event["seq"], event["__typename"], flush=True)


async def listen(session_id: str, cursor: Cursor) -> None:
    """Returns when the session has ended; a lost connection is opened again after the last event."""
    while True:
        websocket = WebsocketsTransport(url=f"{URL.replace('http', 'ws', 1)}/graphql", init_payload=HEADERS)
        variables = {"sessionId": session_id, "afterSeq": cursor.seq}
        try:
            async with Client(transport=websocket) as socket:
                async for data in socket.subscribe(GraphQLRequest(EVENTS, variable_values=variables)):
                    event = data["sessionEvents"]
                    deal_with(event)
                    cursor.move(event["seq"])
            return  # the server completed the subscription: the session has ended
        except (TransportConnectionFailed, TransportClosed, OSError):
            print("connection lost: trying again in a second", file=sys.stderr, flush=True)
            await asyncio.sleep(1)


if __name__ == "__main__":
    asyncio.run(listen(sys.argv[1], Cursor(Path(f"{sys.argv[1]}.seq"))))
