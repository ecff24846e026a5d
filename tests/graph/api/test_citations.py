"""Citations of a reply, as compiled reads and resolvers give them; the state of a version's documents."""

from __future__ import annotations

from typing import Any

import pytest

from inference.journal.database_journal import DatabaseJournal
from inference.knowledge.indexer import KnowledgeIndexer
from inference.ports import Citation
from tests.conftest import cloned, holder_of
from tests.db.rows import STORE, claimed, open_session, publish, say
from tests.graph.edge import Edge, opened
from tests.inference.knowledge.test_knowledge import DOGS, WordEmbedder, source

READ = """query($id: ID!) { conversation(sessionId: $id) {
  messages { role citations { source heading passage } } } }"""
VERSION = """query($id: ID!) { session(id: $id) { agentVersion { knowledge { status passages error } } } }"""


@pytest.fixture(params=[True, False])
async def edge(postgres: str, request: pytest.FixtureRequest) -> Any:
    """With compiled reads, and with resolvers alone."""
    async with cloned(postgres) as url, opened(url, compiled_operations=request.param) as running:
        yield running


async def test_a_reply_has_its_citations(edge: Edge) -> None:
    async with edge.tenant() as client:
        viewer = await holder_of(edge.database, client.headers["Authorization"].removeprefix("Bearer "))
        session_id = await open_session(edge.database, viewer)
        claim = await claimed(edge.database, await say(edge.database, viewer, session_id))
        journal = DatabaseJournal(edge.database, STORE, claim)
        cited = [Citation("b.md", "B", 'quotes " and \\'), Citation("a.md", "", "last comes last")]
        await journal.reply_ready("Yes.", "en", citations=cited)
        await journal.turn_finished({}, None)
        for _ in range(2):  # the first time by resolvers
            user, reply = (await client.run(READ, id=str(session_id)))["conversation"]["messages"]
            assert user["citations"] == []
            assert reply["citations"] == [
                {"source": "b.md", "heading": "B", "passage": 'quotes " and \\'},
                {"source": "a.md", "heading": "", "passage": "last comes last"},
            ]


async def test_the_state_of_a_versions_documents(edge: Edge) -> None:
    async with edge.tenant() as client:
        viewer = await holder_of(edge.database, client.headers["Authorization"].removeprefix("Bearer "))

        async def state(session_id: object) -> object:
            return (await client.run(VERSION, id=str(session_id)))["session"]["agentVersion"]["knowledge"]

        assert await state(await open_session(edge.database, viewer)) is None
        agent = await publish(edge.database, viewer, knowledge=[source(DOGS)])
        session_id = await open_session(edge.database, viewer, agent=agent)
        assert await state(session_id) == {"status": "PENDING", "passages": 0, "error": None}
        await KnowledgeIndexer(edge.database, WordEmbedder()).index_all()
        assert await state(session_id) == {"status": "READY", "passages": 1, "error": None}
