"""Statements that starting a subscription and verifying a key cost: one each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from sqlalchemy import Engine, event

from db.postgres.reader import Reader
from tests.client import EVENTS, Client
from tests.graph.edge import bare_socket, init, operate, subscribe

pytestmark = pytest.mark.asyncio(loop_scope="module")

SOCKETS = 5
VIEWER = "{ viewer { tenant } }"


class Statements:
    """Counts SQLAlchemy's statements, and those of `Reader` for one row."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.through_sqlalchemy = self.single_rows = 0
        row = Reader.row

        async def counting(reader: Reader, sql: str, arguments: Sequence[Any]) -> Any:
            self.single_rows += 1
            return await row(reader, sql, arguments)

        patch.setattr(Reader, "row", counting)

    def count(self, *_: Any) -> None:
        self.through_sqlalchemy += 1


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> Iterator[Statements]:
    made = Statements(monkeypatch)
    event.listen(Engine, "before_cursor_execute", made.count)
    yield made
    event.remove(Engine, "before_cursor_execute", made.count)


async def follow(client: Client, session: str) -> None:
    async with bare_socket(client.base) as socket:
        await socket.send(init(client))
        await socket.recv()
        await socket.send(subscribe(EVENTS, id=session))
        await socket.recv()


async def test_a_socket_and_its_subscription_take_two_lookups(acme: Client, statements: Statements) -> None:
    session = await acme.create_session()
    await acme.send(session, {"text": "hello"})  # the event that says that it listens
    await follow(acme, session)  # which compiles the document
    statements.through_sqlalchemy = statements.single_rows = 0
    for _ in range(SOCKETS):
        await follow(acme, session)
    assert (statements.through_sqlalchemy, statements.single_rows) == (0, 2 * SOCKETS)


async def test_an_operation_on_a_socket_looks_its_key_up_by_one_statement(acme: Client, statements: Statements) -> None:
    async with bare_socket(acme.base) as socket:
        await socket.send(init(acme))
        await socket.recv()
        await operate(socket, VIEWER)
        statements.through_sqlalchemy = statements.single_rows = 0
        for number in range(3):
            (answer, _) = await operate(socket, VIEWER, name=str(number))
            assert answer["payload"]["data"]["viewer"]["tenant"]
    assert (statements.through_sqlalchemy, statements.single_rows) == (0, 3)


async def test_a_request_looks_its_key_up_by_one_statement(acme: Client, statements: Statements) -> None:
    await acme.run(VIEWER)  # after which the key gate knows the key
    statements.through_sqlalchemy = statements.single_rows = 0
    await acme.run(VIEWER)
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}  # a listing of tools reads the tenant's agents too
    accept = {"accept": "application/json, text/event-stream"}
    assert (await acme.http.post("/mcp", json=ping, headers=accept)).status_code == 200
    assert (statements.through_sqlalchemy, statements.single_rows) == (0, 2)
