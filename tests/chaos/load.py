"""Load generator: concurrent sessions that send messages with retries, cancel turns and retry them."""

from __future__ import annotations

import asyncio
import base64
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
import numpy as np

from inference.audio.wav import encode_wav
from tests.chaos.listeners import Listener
from tests.client import Client, GraphQLFailed

T = TypeVar("T")

CANCEL = "mutation($id: ID!) { cancelTurn(input: {turnId: $id}) { turn { status } } }"
RETRY = "mutation($id: ID!) { retryTurn(input: {turnId: $id}) { turn { status } } }"

#: Error codes that are allowed during faults.
PASSING = ("DATABASE_UNAVAILABLE", "OVERLOADED")

_WORDS = ("my", "last", "bill", "shows", "a", "charge", "of", "eleven", "dollars", "that", "nobody", "heard", "about")
_WAITING = 3
_ENDS = ("TurnCompleted", "TurnFailed", "TurnCancelled")
_RECORDING = base64.b64encode(encode_wav(np.full(4000, 0.3, np.float32), 8000)).decode()


@dataclass
class Sent:
    """A sent message. ``reply``: the expected reply of the fake engines."""

    session_id: str
    key: str
    content: dict[str, Any]
    reply: str
    uses_tool: bool = False
    turn_id: str | None = None
    cancelled: bool = False
    retried: bool = False


class Load:
    """One sender per session. ``answers``: responses by code. ``changed``: resends that returned another turn."""

    def __init__(self, client: Client, listeners: list[Listener], rng: random.Random) -> None:
        self.sent: list[Sent] = []
        self.answers: Counter[str] = Counter()
        self.changed = 0
        self._client = client
        self._listeners = listeners
        self._rng = rng
        self._stopping = asyncio.Event()
        self._cancellations: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Sends until ``stop`` is called; returns when all requests are answered."""
        async with asyncio.TaskGroup() as senders:
            for listener in self._listeners:
                senders.create_task(self._talk(listener))
        await asyncio.gather(*self._cancellations)

    def stop(self) -> None:
        self._stopping.set()

    async def _talk(self, listener: Listener) -> None:
        rng = random.Random(self._rng.random())
        number = 0
        while not self._stopping.is_set():
            if self._waiting(listener) < _WAITING:
                number += 1
                await self._say(self._message(listener.session_id, number, rng), rng)
            await asyncio.sleep(rng.uniform(0.3, 2.5))

    def _waiting(self, listener: Listener) -> int:
        """The number of unfinished turns of the session, by the events of its listener."""
        kinds = Counter(kind for _, kind, _ in listener.seen)
        return kinds["TurnQueued"] - sum(kinds[kind] for kind in _ENDS)

    def _message(self, session_id: str, number: int, rng: random.Random) -> Sent:
        key = f"key-{number}"
        kind = rng.random()
        if kind < 0.25:
            arguments = f'{{"query": "charged twice, {key}", "intent": "billing"}}'
            return Sent(
                session_id,
                key,
                {"text": f"file billing_query {arguments}"},
                "The tool billing_query said yes.",
                uses_tool=True,
            )
        if kind < 0.4:
            content = {"audio": {"base64": _RECORDING, "mimeType": "audio/wav"}}
            return Sent(session_id, key, content, "You said: hello there")
        sentences = [" ".join(rng.choices(_WORDS, k=rng.randint(2, 9))) for _ in range(rng.randint(1, 5))]
        text = f"{key} " + ". ".join(sentences) + "."
        return Sent(session_id, key, {"text": text}, f"You said: {text}")

    async def _say(self, sent: Sent, rng: random.Random) -> None:
        async def send() -> str:
            turn = await self._client.send(sent.session_id, sent.content, idempotencyKey=sent.key)
            return str(turn["id"])

        self.sent.append(sent)
        sent.turn_id = await self._insist(send, rng)
        if rng.random() < 0.1 and await self._insist(send, rng) != sent.turn_id:
            self.changed += 1
        if rng.random() < 0.15:
            cancellation = asyncio.create_task(self._cancel(sent, sent.turn_id, rng))
            self._cancellations.add(cancellation)

    async def _cancel(self, sent: Sent, turn_id: str, rng: random.Random) -> None:
        await asyncio.sleep(rng.uniform(0, 2))
        sent.cancelled = True
        await self._insist(lambda: self._client.run(CANCEL, id=turn_id), rng)
        if rng.random() < 0.5:
            await asyncio.sleep(rng.uniform(0, 1))
            sent.retried = True
            await self._insist(lambda: self._client.run(RETRY, id=turn_id), rng)

    async def _insist(self, ask: Callable[[], Awaitable[T]], rng: random.Random) -> T:
        """Repeats a request until it succeeds."""
        while True:
            try:
                answer = await ask()
                self.answers["ok"] += 1
                return answer
            except GraphQLFailed as failed:
                self.answers[failed.code] += 1
            except httpx.HTTPError:
                self.answers["no answer"] += 1
            except ValueError:
                self.answers["not JSON"] += 1
            await asyncio.sleep(rng.uniform(0.1, 0.6))
