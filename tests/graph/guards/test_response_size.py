"""The limit of a response's bytes, on all layers."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from graph.compiled.reads.cache import ReadCache
from tests.client import Client
from tests.conftest import cloned
from tests.graph.edge import Edge, bare_socket, code_of, init, opened, operate

pytestmark = pytest.mark.asyncio(loop_scope="module")

MOST = 100_000
SELECTED = " ".join(f"m{number}: messages {{ text }}" for number in range(40))
MANY = f"query($id: ID!) {{ conversation(sessionId: $id) {{ lastSeq {SELECTED} }} }}"
ONCE = "query($id: ID!) { conversation(sessionId: $id) { lastSeq messages { text } } }"
RESPONSE = "application/graphql-response+json"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def narrow(postgres: str) -> AsyncIterator[Edge]:
    async with cloned(postgres) as url, opened(url, max_response_bytes=MOST) as running:
        yield running


async def conversation(client: Client) -> str:
    session = await client.create_session()
    await client.send(session, {"text": "I was charged twice. " * 180})
    return session


async def test_a_conversation_asked_for_many_times_is_refused(narrow: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    read = 0
    read_session = ReadCache._read_session

    async def counted(self: ReadCache, *given: object) -> object:
        nonlocal read
        read += 1
        return await read_session(self, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(ReadCache, "_read_session", counted)
    async with narrow.tenant() as acme:
        session = await conversation(acme)
        answers = []
        for accept in ("application/json", RESPONSE) * 2:  # the resolvers, and then the compiled statement
            body = {"query": MANY, "variables": {"id": session}}
            answer = await acme.http.post("/graphql", json=body, headers={"accept": accept})
            answers.append((answer.status_code, answer.json()))
            assert len(answer.content) < 1_000
        assert [status for status, _ in answers] == [200, 400, 200, 400]
        assert all(answer == answers[0][1] and code_of(answer) == "QUERY_TOO_COMPLEX" for _, answer in answers)
        assert read > 0, "no statement was compiled"
        async with bare_socket(narrow.address) as socket:
            await socket.send(init(acme))
            await socket.recv()
            (refused, done) = await operate(socket, MANY, id=session)
            assert (refused["type"], done["type"]) == ("next", "complete")
            assert refused["payload"] == answers[0][1]
        for _ in range(3):
            assert (await acme.run(ONCE, id=session))["conversation"]["messages"]
