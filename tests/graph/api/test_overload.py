"""Queue limits: too many queued turns get OVERLOADED with a retry hint; resends of accepted messages do not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.client import SEND, Client
from tests.conftest import cloned
from tests.graph.edge import Edge, code_of, opened

pytestmark = pytest.mark.asyncio(loop_scope="module")

CANCEL = "mutation($id: ID!) { cancelTurn(input: {turnId: $id}) { turn { status } } }"
RETRY = "mutation($id: ID!) { retryTurn(input: {turnId: $id}) { turn { id status } } }"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def edge(postgres: str) -> AsyncIterator[Edge]:
    async with (
        cloned(postgres) as url,
        opened(url, max_queued_turns_per_session=3, max_queued_turns_per_tenant=5) as running,
    ):
        yield running


async def send(client: Client, session: str, key: str) -> dict[str, Any]:
    given = {"sessionId": session, "content": {"text": "hello"}, "idempotencyKey": key}
    return await client.post(SEND, input=given)


def refused(answer: dict[str, Any]) -> bool:
    return code_of(answer) == "OVERLOADED" and answer["errors"][0]["extensions"]["retryAfterSeconds"] > 0


async def filled(client: Client, count: int) -> tuple[str, list[dict[str, Any]]]:
    """A session in which so many turns wait."""
    session = await client.create_session()
    return session, [
        await client.send(session, {"text": "hello"}, idempotencyKey=f"key-{number}") for number in range(count)
    ]


async def test_a_session_has_room_for_so_many(edge: Edge, acme: Client) -> None:
    session, _ = await filled(acme, 3)
    before = await edge.rows()
    assert refused(await send(acme, session, "one more"))
    assert await edge.rows() == before


async def test_messages_that_come_at_once_do_not_slip_through(acme: Client) -> None:
    session = await acme.create_session()
    answers = await asyncio.gather(*(send(acme, session, f"key-{number}") for number in range(10)))
    assert sum("errors" not in answer for answer in answers) == 3
    assert all(refused(answer) for answer in answers if "errors" in answer)


async def test_a_resend_is_answered_however_full_it_is(acme: Client) -> None:
    session, turns = await filled(acme, 3)
    for number, turn in enumerate(turns):
        assert (await send(acme, session, f"key-{number}"))["data"]["sendMessage"]["turn"]["id"] == turn["id"]


async def test_a_tenant_has_room_for_so_many_and_another_is_not_touched(acme: Client, rival: Client) -> None:
    await filled(acme, 3)
    session, _ = await filled(acme, 2)
    assert refused(await send(acme, session, "one more"))
    assert refused(await send(acme, await acme.create_session(), "one more"))
    assert "errors" not in await send(rival, await rival.create_session(), "first")


async def test_room_that_becomes_free_is_room(acme: Client) -> None:
    session, turns = await filled(acme, 3)
    assert refused(await send(acme, session, "one more"))
    await acme.run(CANCEL, id=turns[0]["id"])
    assert "errors" not in await send(acme, session, "one more")


async def test_a_turn_is_not_run_again_where_there_is_no_room(acme: Client) -> None:
    session, turns = await filled(acme, 3)
    await acme.run(CANCEL, id=turns[0]["id"])
    await send(acme, session, "one more")
    assert refused(await acme.post(RETRY, id=turns[0]["id"]))
    await acme.run(CANCEL, id=turns[1]["id"])
    assert (await acme.run(RETRY, id=turns[0]["id"]))["retryTurn"]["turn"]["status"] == "QUEUED"
