"""Invalid requests to /graphql: an error code, never a crash."""

from __future__ import annotations

import json

import pytest

from tests.client import CREATE, SEND, Client
from tests.graph.edge import Edge, code_of, post_raw

pytestmark = pytest.mark.asyncio(loop_scope="module")

ASK = "{ viewer { tenant } }"
MAKE = 'mutation { createSession(input: {customerId: "c"}) { session { id } } }'
DEEP = "[" * 100_000
DIGITS = "9" * 5_000

BODIES: dict[str, str | bytes] = {
    "a string": '"str"',
    "null": "null",
    "a number": "12",
    "a bool": "true",
    "an empty list": "[]",
    "a batch": json.dumps([{"query": MAKE}]),
    "a list of rubbish": "[1]",
    "nothing": "",
    "half an object": '{"query": ',
    "no UTF-8": b'{"query": "\xff\xfe"}',
    "too deep": DEEP,
    "objects too deep": '{"query": "{a}", "variables": ' + '{"a":' * 50_000 + "1" + "}" * 50_001,
    "too many digits": f'{{"query": "{{a}}", "variables": {{"a": {DIGITS}}}}}',
    "no query": "{}",
    "null query": '{"query": null}',
    "empty query": '{"query": ""}',
    "query is a number": '{"query": 1}',
    "variables are a list": json.dumps({"query": MAKE, "variables": []}),
    "variables are a string": json.dumps({"query": MAKE, "variables": "{}"}),
    "operationName is a number": json.dumps({"query": MAKE, "operationName": 1}),
    "operationName is unknown": json.dumps({"query": MAKE, "operationName": "nope"}),
    "extensions are a string": json.dumps({"query": MAKE, "extensions": "x"}),
    "only a fragment": json.dumps({"query": "fragment f on Viewer { tenant }"}),
    "a subscription": json.dumps({"query": 'subscription { sessionEvents(sessionId: "x") { seq } }'}),
}

DOCUMENTS: dict[str, str] = {
    "two operations, none named": f"query a {ASK} mutation b {MAKE.removeprefix('mutation')}",
    "syntax": "{ viewer {",
    "unknown field": "{ nope }",
    "half a character": "{ \ud800 }",
    "NUL": "{ viewer { \0 } }",
    "a number of 5,000 digits": f"{{ sessions(first: {DIGITS}) {{ nodes {{ id }} }} }}",
    "metadata with a number of 5,000 digits": MAKE.replace('"c"', f'"c", metadata: {{a: {DIGITS}}}'),
    "first null": "{ sessions(first: null) { nodes { id } } }",
    "first beyond 32 bits": "{ sessions(first: 2147483648) { nodes { id } } }",
}


@pytest.mark.parametrize("name", BODIES)
async def test_a_body_that_is_no_request(edge: Edge, acme: Client, name: str) -> None:
    before = await edge.rows()
    answer = await post_raw(acme, BODIES[name])
    assert answer.status_code == 400
    assert code_of(answer.json()) == "BAD_USER_INPUT"
    assert await edge.rows() == before


@pytest.mark.parametrize("name", DOCUMENTS)
async def test_a_document_that_cannot_run(edge: Edge, acme: Client, name: str) -> None:
    before = await edge.rows()
    answer = await post_raw(acme, json.dumps({"query": DOCUMENTS[name]}))
    assert answer.status_code == 200
    assert code_of(answer.json()) == "BAD_USER_INPUT"
    executed = "path" in answer.json()["errors"][0]
    assert ("data" in answer.json()) == executed
    assert answer.json().get("data") is None
    assert await edge.rows() == before


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("text/plain", 415),
        ("", 415),
        ("application/x-www-form-urlencoded", 415),
        ("text/plain; application/json", 415),
        ("x-application/json-seq", 415),
        ("application/json; charset=utf-16", 415),
        ("multipart/form-data", 400),
        ("multipart/form-data; boundary=x", 400),
    ],
)
async def test_a_content_type_that_is_not_taken(edge: Edge, acme: Client, content_type: str, status: int) -> None:
    before = await edge.rows()
    answer = await post_raw(acme, json.dumps({"query": MAKE}), content_type)
    assert answer.status_code == status
    assert code_of(answer.json()) == "BAD_USER_INPUT"
    assert await edge.rows() == before


FORMS: dict[str, dict[str, str]] = {
    "no fields": {},
    "operations are a string": {"operations": '"str"', "map": "{}"},
    "operations are null": {"operations": "null", "map": "{}"},
    "operations are a batch": {"operations": json.dumps([{"query": MAKE}]), "map": '{"0": ["0.variables"]}'},
    "map is a string": {"operations": json.dumps({"query": MAKE}), "map": '"x"'},
    "map is too deep": {"operations": json.dumps({"query": MAKE}), "map": DEEP},
    "map names a number": {"operations": json.dumps({"query": MAKE}), "map": '{"0": 3}'},
    "map names a list of numbers": {"operations": json.dumps({"query": MAKE}), "map": '{"0": [1]}'},
    "map names an unknown file": {"operations": json.dumps({"query": MAKE}), "map": '{"9": ["variables.a"]}'},
    "map leads nowhere": {"operations": json.dumps({"query": MAKE}), "map": '{"0": ["variables.a.b"]}'},
    "map leads beyond a list": {
        "operations": json.dumps({"query": MAKE, "variables": {"a": []}}),
        "map": '{"0": ["variables.a.5"]}',
    },
    "map leads into a list by name": {
        "operations": json.dumps({"query": MAKE, "variables": {"a": []}}),
        "map": '{"0": ["variables.a.b"]}',
    },
    "the query is a file": {"operations": json.dumps({"query": None}), "map": '{"0": ["query"]}'},
    "the operation's name is a file": {"operations": json.dumps({"query": MAKE}), "map": '{"0": ["operationName"]}'},
    "the text is a file": {
        "operations": json.dumps({"query": SEND, "variables": {"input": {"sessionId": "x", "content": {"text": 1}}}}),
        "map": '{"0": ["variables.input.content.text"]}',
    },
    "metadata holds a file": {
        "operations": json.dumps({"query": CREATE, "variables": {"input": {"customerId": "c", "metadata": {"a": 1}}}}),
        "map": '{"0": ["variables.input.metadata.a"]}',
    },
}


@pytest.mark.parametrize("name", FORMS)
async def test_a_form_that_is_no_upload(edge: Edge, acme: Client, name: str) -> None:
    before = await edge.rows()
    answer = await acme.http.post("/graphql", data=FORMS[name], files={"0": ("voice.wav", b"abc", "audio/wav")})
    assert answer.status_code < 500
    assert code_of(answer.json()) == "BAD_USER_INPUT"
    assert await edge.rows() == before


@pytest.mark.parametrize(
    "asked",
    [
        {"query": MAKE},
        {"query": 'subscription { sessionEvents(sessionId: "x") { seq } }'},
        {"query": ASK, "variables": "{"},
        {"query": ASK, "variables": '"x"'},
        {"query": ASK, "extensions": "[" * 3_000},
    ],
    ids=["mutation", "subscription", "broken variables", "variables are a string", "extensions too deep"],
)
async def test_an_address_that_asks_too_much(edge: Edge, acme: Client, asked: dict[str, str]) -> None:
    before = await edge.rows()
    answer = await acme.http.get("/graphql", params=asked)
    assert answer.status_code == (405 if asked == {"query": MAKE} else 400)
    assert code_of(answer.json()) == "BAD_USER_INPUT"
    assert await edge.rows() == before


async def test_an_error_that_repeats_half_a_character_is_answered(acme: Client) -> None:
    query = "query($channel: Channel) { sessions(filter: {channel: $channel}) { nodes { id } } }"
    answer = await post_raw(acme, json.dumps({"query": query, "variables": {"channel": "\ud800"}}))
    assert code_of(answer.json()) == "BAD_USER_INPUT"
