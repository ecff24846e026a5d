"""Hostile requests against a live server: each is refused with its code, and the next request is served."""

from __future__ import annotations

import json

import pytest
from websockets.exceptions import ConnectionClosed

from tests.client import Client
from tests.graph.edge import Edge, bare_socket, code_of, init, operate, post_raw
from tests.graph.guards.hostile import HOSTILE

pytestmark = pytest.mark.asyncio(loop_scope="module")

ASK = "{ viewer { tenant } }"


def _codes(answer: dict[str, object]) -> set[str]:
    errors = answer["errors"]
    assert isinstance(errors, list)
    return {each["extensions"]["code"] for each in errors}


@pytest.mark.parametrize("name", HOSTILE)
async def test_it_is_refused_over_http(edge: Edge, acme: Client, name: str) -> None:
    before = await edge.rows()
    answer = await post_raw(acme, HOSTILE[name].body)
    assert answer.json().get("data") is None
    assert _codes(answer.json()) == {HOSTILE[name].code}
    assert (await acme.run(ASK))["viewer"]["tenant"].startswith("tenant-")
    assert await edge.rows() == before


@pytest.mark.parametrize("name", [name for name, each in HOSTILE.items() if not each.raw])
async def test_it_is_refused_on_the_socket(edge: Edge, acme: Client, name: str) -> None:
    before = await edge.rows()
    async with bare_socket(acme.base) as socket:
        await socket.send(init(acme))
        await socket.recv()
        await socket.send(f'{{"id": "1", "type": "subscribe", "payload": {HOSTILE[name].body}}}')
        try:
            answer = json.loads(await socket.recv())
        except ConnectionClosed:
            assert socket.close_code == 4400, "no message that can be read"
        else:
            assert answer["type"] == "error"
            assert _codes({"errors": answer["payload"]}) == {HOSTILE[name].code}
            (asked, _) = await operate(socket, ASK, name="2")
            assert asked["payload"]["data"]["viewer"]["tenant"].startswith("tenant-")
    assert await edge.rows() == before


async def test_a_single_refusal_has_one_error_with_its_number(acme: Client) -> None:
    answer = await acme.post(f"{{ {' '.join(f'a{n}: __typename' for n in range(21))} }}")
    assert code_of(answer) == "QUERY_TOO_COMPLEX"
    assert "21" in answer["errors"][0]["message"]
    assert "20" in answer["errors"][0]["message"]
