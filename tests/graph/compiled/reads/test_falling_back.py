"""Fallback from the compiled layer to the resolvers; entries too large for a cache are computed again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from graphql import parse

from db.enums import EventType
from db.feed.events import StoredEvent
from db.postgres.database import Database
from db.postgres.reader import Reader
from graph.api.schema import schema
from graph.compiled.live.payload_cache import PayloadCache
from graph.compiled.live.plans import EventPlan
from graph.compiled.reads.selection import Operation
from graph.media.signing import MediaSigner
from tests.client import Client

ASK = "query($id: ID!) { conversation(sessionId: $id) { lastSeq session { id } } }"
FOLLOW = "subscription($id: ID!) { sessionEvents(sessionId: $id) { seq ... on ReplyDelta { text } } }"


@pytest.mark.parametrize("error", [TimeoutError, ConnectionResetError])
async def test_a_reader_that_fails_leaves_the_answer_to_the_resolvers(
    client: Client, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    session_id = await client.create_session()
    before = await client.run(ASK, id=session_id)
    tried = 0

    async def fail(*_: object) -> Any:
        nonlocal tried
        tried += 1
        raise error

    monkeypatch.setattr(Reader, "row", fail)
    assert await client.run(ASK, id=session_id) == before
    assert tried == 2, "the fast layer, and the key of a request that resolvers answer"


async def test_an_event_too_large_to_keep_is_written_all_the_same(database: Database) -> None:
    operation = Operation.of(parse(FOLLOW), None)
    assert operation is not None
    selection = EventPlan(schema, operation).following({"id": str(uuid4())}).selection
    event = StoredEvent(uuid4(), 7, None, EventType.REPLY_DELTA, {"text": "x" * 5_000}, datetime.now(UTC))
    cache = PayloadCache(database.reader, MediaSigner(b"secret", 3600), kept_bytes=2_000)
    for base in ("http://one", "http://other"):
        written = cache.known(selection, event, base)
        assert written == '{"data":{"sessionEvents":{"seq":7,"text":"' + "x" * 5_000 + '"}}}'
