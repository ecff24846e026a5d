"""createSession accepts only languages of the agent in which a live worker replies; capabilities lists them."""

from __future__ import annotations

import pytest

from db.ids import new_id
from db.models.workers import Worker
from db.postgres.database import Database
from db.queue.workers import heartbeat
from tests.client import CREATE, Client
from tests.graph.edge import Edge, code_of, post

pytestmark = pytest.mark.asyncio(loop_scope="module")

_LISTED = "{ capabilities { languages } }"


async def listed(client: Client) -> set[str]:
    return set((await client.run(_LISTED))["capabilities"]["languages"])


async def come(database: Database, stage: str, languages: list[str]) -> None:
    engine = {"stage": stage, "engine": "e", "model": "m", "languages": languages, "loaded": True}
    async with database.transaction() as session:
        await heartbeat(session, Worker(id=new_id(), host="h", pid=1, capacity=1, engines=[engine]))


async def test_languages_are_those_that_a_living_worker_answers_in(edge: Edge, acme: Client) -> None:
    everything = await listed(acme)
    assert everything == {"en", "es", "de", "fr", "hi"}  # those of the built-in agents
    assert await acme.create_session(language="hi")  # nobody is there to ask
    await come(edge.database, "ASR", ["en", "is"])
    assert await listed(acme) == everything
    await come(edge.database, "LLM", ["en", "es"])
    assert await listed(acme) == {"en", "es"}
    before = await edge.rows()
    for language in ("is", "jv", "de-AT", "hi", "yue", "xx"):
        answer = await post(acme, CREATE, {"input": {"customerId": "c", "language": language}})
        assert code_of(answer) == "BAD_USER_INPUT", language
    assert await edge.rows() == before
    for language in ("en", "es-MX", "ES", "auto"):
        assert await acme.create_session(language=language)
    await come(edge.database, "LLM", [])
    assert await listed(acme) == everything
    assert await acme.create_session(language="hi")
