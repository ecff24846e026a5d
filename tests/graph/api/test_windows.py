"""Windows (first, after, last, before) of a session's and a conversation's lists."""

from __future__ import annotations

from typing import Any

import pytest

from tests.client import Client
from tests.graph.compiled.reads.rows import Filler
from tests.graph.edge import Edge, code_of, post

pytestmark = pytest.mark.asyncio(loop_scope="module")

_LISTS = ("messages", "turns", "modelCalls", "toolCalls", "crmRecords")


def asked(name: str) -> str:
    return f"""query($s: ID!, $first: Int, $after: ID, $last: Int, $before: ID) {{ conversation(sessionId: $s) {{
      list: {name}(first: $first, after: $after, last: $last, before: $before) {{ id }} }} }}"""


async def ids(client: Client, name: str, session: str, **given: Any) -> list[str]:
    # The first time by resolvers, the second by a statement.
    found = [(await client.run(asked(name), s=session, **given))["conversation"]["list"] for _ in range(2)]
    assert found[0] == found[1]
    return [each["id"] for each in found[0]]


@pytest.mark.parametrize("name", _LISTS)
async def test_every_list_of_a_conversation_is_read_in_parts(edge: Edge, acme: Client, name: str) -> None:
    tenant = (await acme.run("{ viewer { tenant } }"))["viewer"]["tenant"]
    (session,) = await Filler(edge.database, tenant, seed=9).fill([24])
    whole = await ids(acme, name, str(session))
    assert len(whole) >= 7
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({"first": 3}, whole[:3]),
        ({"first": 3, "after": whole[1]}, whole[2:5]),
        ({"after": whole[-2]}, whole[-1:]),
        ({"last": 2}, whole[-2:]),
        ({"last": 2, "before": whole[4]}, whole[2:4]),
        ({"before": whole[0]}, []),
        ({"first": 100, "after": whole[1].upper(), "before": whole[5]}, whole[2:5]),
        ({"last": 2, "after": whole[-2]}, whole[-1:]),
        ({"first": None, "after": None}, whole),
    ]
    for given, expected in cases:
        assert await ids(acme, name, str(session), **given) == expected, given


@pytest.mark.parametrize(
    "given",
    [{"first": 0}, {"first": 101}, {"last": -1}, {"last": 10**9}, {"first": 1, "last": 1}, {"after": "x"},
     {"before": ""}, {"first": "1"}],
)  # fmt: skip
async def test_a_part_that_cannot_be(acme: Client, given: dict[str, Any]) -> None:
    session = await acme.create_session()
    for _ in range(2):
        answer = await post(acme, asked("turns"), {"s": session, **given})
        assert code_of(answer) == "BAD_USER_INPUT"
