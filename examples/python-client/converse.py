"""A conversation from Python with gql: open a session, follow its events on a websocket, say something, read the reply.

VOXLOOM_API_KEY=vxl_... python converse.py "I was charged twice, my account is 4711."
"""

from __future__ import annotations

import asyncio
import os
import sys
import uuid
from typing import Any

from gql import Client, GraphQLRequest
from gql.client import AsyncClientSession
from gql.transport.httpx import HTTPXAsyncTransport
from gql.transport.websockets import WebsocketsTransport

URL = os.environ.get("VOXLOOM_URL", "http://127.0.0.1:8000")
HEADERS = {"Authorization": f"Bearer {os.environ['VOXLOOM_API_KEY']}"}

CREATE_SESSION = """
mutation ($input: CreateSessionInput!) { createSession(input: $input) { session { id } } }"""

SEND_MESSAGE = """
mutation ($input: SendMessageInput!) { sendMessage(input: $input) { turn { id } } }"""

EVENTS = """
subscription ($sessionId: ID!) {
  sessionEvents(sessionId: $sessionId) {
    __typename seq turnId
    ... on ReplyDelta { text }
    ... on TurnFailed { turn { error { code message } } }
  }
}"""

REPLY = """
query ($turnId: ID!) { turn(id: $turnId) { status reply { text audio { url durationMs } } } }"""

END_SESSION = """
mutation ($input: EndSessionInput!) { endSession(input: $input) { session { status } } }"""


async def run(session: AsyncClientSession, document: str, **variables: Any) -> dict[str, Any]:
    """The data of a query or a mutation. gql raises TransportQueryError if the answer has errors."""
    return await session.execute(GraphQLRequest(document, variable_values=variables))


async def main(text: str) -> None:
    # Queries and mutations go over HTTP, subscriptions over a websocket at the same address.
    http = HTTPXAsyncTransport(url=f"{URL}/graphql", headers=HEADERS)
    websocket = WebsocketsTransport(url=f"{URL.replace('http', 'ws', 1)}/graphql", init_payload=HEADERS)
    async with Client(transport=http) as client, Client(transport=websocket) as socket:
        created = await run(client, CREATE_SESSION, input={"customerId": "customer-1"})
        session_id = created["createSession"]["session"]["id"]

        # sendMessage answers as soon as the message is stored; a worker then runs the turn. The idempotency key makes
        # it safe to send again after a lost connection: the same key is the same turn.
        message = {"sessionId": session_id, "content": {"text": text}, "idempotencyKey": str(uuid.uuid4())}
        sent = await run(client, SEND_MESSAGE, input=message)
        turn_id = sent["sendMessage"]["turn"]["id"]

        # A subscription begins with the session's first event, however late it is opened: none is missed.
        async for data in socket.subscribe(GraphQLRequest(EVENTS, variable_values={"sessionId": session_id})):
            event = data["sessionEvents"]
            print(event["seq"], event["__typename"], event.get("text") or "")
            if event["__typename"] == "TurnFailed":
                sys.exit(f"The turn failed: {event['turn']['error']}")
            if event["__typename"] == "TurnCompleted" and event["turnId"] == turn_id:
                break

        turn = (await run(client, REPLY, turnId=turn_id))["turn"]
        print("Reply:", turn["reply"]["text"])
        if turn["reply"]["audio"]:
            print("Audio:", turn["reply"]["audio"]["url"])
        await run(client, END_SESSION, input={"sessionId": session_id})


if __name__ == "__main__":
    asyncio.run(main(" ".join(sys.argv[1:]) or "Hello!"))
