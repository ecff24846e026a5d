"""What opening a subscription asks of the database: single statements past SQLAlchemy, and no more of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from sqlalchemy import Engine, event

from db.reader import Reader
from tests.client import EVENTS, Client
from tests.graph.edge import bare_socket, init, subscribe

pytestmark = pytest.mark.asyncio(loop_scope="module")

SOCKETS = 5


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
