"""File uploads by GraphQL multipart requests: paths in map, one file with several paths."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.client import Client
from tests.graph.edge import Edge, code_of, noise

pytestmark = pytest.mark.asyncio(loop_scope="module")

RECORDING = noise(4)
SENT = "sendMessage(input: {sessionId: $s, content: {upload: $%s}}) { turn { userMessage { audio { sizeBytes } } } }"
ONE = f"mutation($s: ID!, $f: Upload!) {{ {SENT % 'f'} }}"
VARIABLE_TWICE = f"mutation($s: ID!, $f: Upload!) {{ a: {SENT % 'f'} b: {SENT % 'f'} }}"
TWO_VARIABLES = f"mutation($s: ID!, $f: Upload!, $g: Upload!) {{ a: {SENT % 'f'} b: {SENT % 'g'} }}"


async def upload(client: Client, query: str, variables: dict[str, Any], places: Any) -> httpx.Response:
    fields = {"operations": json.dumps({"query": query, "variables": variables}), "map": json.dumps(places)}
    return await client.http.post("/graphql", data=fields, files={"0": ("a.wav", RECORDING, "audio/wav")})


@pytest.mark.parametrize(
    ("query", "names"), [(VARIABLE_TWICE, ["f"]), (TWO_VARIABLES, ["f", "g"])], ids=["variable twice", "two places"]
)
async def test_each_reader_of_a_file_has_all_of_it(acme: Client, query: str, names: list[str]) -> None:
    variables = {"s": await acme.create_session(), **dict.fromkeys(names)}
    answer = (await upload(acme, query, variables, {"0": [f"variables.{name}" for name in names]})).json()
    assert "errors" not in answer
    sizes = [each["turn"]["userMessage"]["audio"]["sizeBytes"] for each in answer["data"].values()]
    assert sizes == [len(RECORDING)] * 2


async def test_a_variable_that_is_left_out_is_filled(acme: Client) -> None:
    answer = await upload(acme, ONE, {"s": await acme.create_session()}, {"0": ["variables.f"]})
    assert "errors" not in answer.json()


@pytest.mark.parametrize(
    "places",
    [
        {"0": ["variables.s"]},
        {"0": ["variables"]},
        {"0": ["query"]},
        {"0": ["operationName"]},
        {"0": ["extensions.a"]},
        {"0": ["variables.f.x"]},
        {"0": ["variables.__class__.x"]},
        {"0": ["variables.f", "variables.f.0"]},
        {"0": "variables.f"},
        {"0": [["variables", "f"]]},
        {"0": [""]},
        {"operations": ["variables.f"]},
        {"1": ["variables.f"]},
        ["0"],
        None,
    ],
)
async def test_places_that_are_none(edge: Edge, acme: Client, places: Any) -> None:
    session = await acme.create_session()
    before = await edge.rows()
    answer = await upload(acme, ONE, {"s": session, "f": None}, places)
    assert (answer.status_code, code_of(answer.json())) == (400, "BAD_USER_INPUT")
    assert await edge.rows() == before
