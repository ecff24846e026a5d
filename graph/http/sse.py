"""Payloads as server-sent events, while the client listens.

Protocol: https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md (distinct connections mode)
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing

from db.errors import Unauthenticated
from graph.compiled.live.live import Payload
from graph.http.exchange import Exchange
from graph.http.streaming import EventStream


async def stream_events(exchange: Exchange, payloads: AsyncGenerator[Payload, None]) -> None:
    """Sends each payload as an event, and one more at the end; returns early when the client goes."""
    stream = EventStream()
    headers = [(name.lower().encode(), value.encode()) for name, value in stream.headers.items()]
    await exchange.send({"type": "http.response.start", "status": 200, "headers": headers})
    tasks = [
        asyncio.create_task(_send_all(exchange, payloads, stream), name="event-stream"),
        asyncio.create_task(_beat(exchange, stream), name="event-stream-heartbeat"),
        asyncio.create_task(_gone(exchange), name="event-stream-listen"),
    ]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    for each in ended:
        if isinstance(each, Exception):
            raise each


async def _send_all(exchange: Exchange, payloads: AsyncGenerator[Payload, None], stream: EventStream) -> None:
    async with aclosing(payloads):
        try:
            async for seq, text in payloads:
                await _send(exchange, stream.encode_event("next", text, seq))
        except Unauthenticated as error:  # the key was revoked meanwhile
            told = {"data": None, "errors": [{"message": error.message, "extensions": error.extensions}]}
            await _send(exchange, stream.encode_event("next", json.dumps(told)))
    await exchange.send({"type": "http.response.body", "body": stream.encode_complete().encode(), "more_body": False})


async def _beat(exchange: Exchange, stream: EventStream) -> None:
    """Keeps what is between here and the client from taking the stream for dead."""
    while True:
        await asyncio.sleep(stream.heartbeat_interval)
        await _send(exchange, stream.encode_comment("ping"))


async def _gone(exchange: Exchange) -> None:
    while (await exchange.receive())["type"] != "http.disconnect":
        pass


async def _send(exchange: Exchange, text: str) -> None:
    await exchange.send({"type": "http.response.body", "body": text.encode(), "more_body": True})
