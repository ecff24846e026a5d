"""What is sent to /graphql and is no GraphQL request: answered with a code, never with a crash."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.client import CREATE, EVENTS, SEND, Client
from tests.graph.edge import (
    Edge,
    bare_socket,
    closing_code,
    code_of,
    init,
    opened,
    operate,
    post_raw,
    subscribe,
)

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
    "braces without end": "{" * 5_000,
    "fields too deep": "{ a" * 3_000 + "}" * 3_000,
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
    assert answer.json()["data"] is None
    assert code_of(answer.json()) == "BAD_USER_INPUT"
    assert await edge.rows() == before


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "", "application/x-www-form-urlencoded", "multipart/form-data", "multipart/form-data; boundary=x"],
)
async def test_a_content_type_that_is_not_taken(edge: Edge, acme: Client, content_type: str) -> None:
    before = await edge.rows()
    answer = await post_raw(acme, json.dumps({"query": MAKE}), content_type)
    assert answer.status_code == 400
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
    assert answer.status_code == 400
    assert code_of(answer.json()) == "BAD_USER_INPUT"
    assert await edge.rows() == before


async def test_an_error_that_repeats_half_a_character_is_answered(acme: Client) -> None:
    query = "query($channel: Channel) { sessions(filter: {channel: $channel}) { nodes { id } } }"
    answer = await post_raw(acme, json.dumps({"query": query, "variables": {"channel": "\ud800"}}))
    assert code_of(answer.json()) == "BAD_USER_INPUT"


SUBSCRIBE = json.loads(subscribe(ASK))


def with_payload(payload: Any) -> str:
    return json.dumps({**SUBSCRIBE, "payload": payload})


#: Closed with this code, whether or not the socket was acknowledged before.
MESSAGES: dict[str, tuple[str | bytes, int]] = {
    "no JSON": ("{", 4400),
    "nothing": ("", 4400),
    "binary": (b'{"type": "ping"}', 4400),
    "a string": ('"str"', 4400),
    "null": ("null", 4400),
    "a number": ("1", 4400),
    "not a number": ("NaN", 4400),
    "a list": ("[]", 4400),
    "too deep": (DEEP, 4400),
    "too many digits": (DIGITS, 4400),
    "no type": ("{}", 4400),
    "type null": ('{"type": null}', 4400),
    "type is a list": ('{"type": []}', 4400),
    "unknown type": ('{"type": "start"}', 4400),
    "a type of 1,000 characters": (json.dumps({"type": "é" * 1000}), 4400),
    "half a character as type": ('{"type": "\\ud800"}', 4400),
    "ping with a string": ('{"type": "ping", "payload": "x"}', 4400),
    "complete without id": ('{"type": "complete"}', 4400),
    "complete with a list as id": ('{"type": "complete", "id": []}', 4400),
    "subscribe without id": (json.dumps({"type": "subscribe", "payload": {"query": ASK}}), 4400),
    "subscribe with a number as id": (json.dumps({**SUBSCRIBE, "id": 1}), 4400),
    "subscribe with null as id": (json.dumps({**SUBSCRIBE, "id": None}), 4400),
    "subscribe with an empty id": (json.dumps({**SUBSCRIBE, "id": ""}), 4400),
    "subscribe with a long id": (json.dumps({**SUBSCRIBE, "id": "1" * 1000}), 4400),
    "no payload": ('{"type": "subscribe", "id": "1"}', 4400),
    "payload is a string": (with_payload("str"), 4400),
    "payload is null": (with_payload(None), 4400),
    "payload is a list": (with_payload([]), 4400),
    "payload without query": (with_payload({}), 4400),
    "query is null": (with_payload({"query": None}), 4400),
    "query is a list": (with_payload({"query": []}), 4400),
    "variables are a string": (with_payload({"query": ASK, "variables": "x"}), 4400),
    "variables are a list": (with_payload({"query": ASK, "variables": []}), 4400),
    "operationName is a number": (with_payload({"query": ASK, "operationName": 1}), 4400),
}


@pytest.mark.parametrize("name", MESSAGES)
async def test_a_message_that_breaks_the_protocol_closes_the_socket(acme: Client, name: str) -> None:
    message, code = MESSAGES[name]
    assert await closing_code(acme, [message]) == code
    assert await closing_code(acme, [init(acme), message]) == code


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        ([subscribe(ASK)], 4401),
        (["INIT", "INIT"], 4429),
        (["INIT", subscribe(EVENTS, id="SESSION"), subscribe(EVENTS, id="SESSION")], 4409),
        (['{"type": "connection_init", "payload": "str"}'], 4400),
        (['{"type": "connection_init", "payload": []}'], 4400),
    ],
    ids=["subscribed too early", "initialised twice", "the same id twice", "init with a string", "init with a list"],
)
async def test_messages_out_of_order_close_the_socket(acme: Client, messages: list[str], code: int) -> None:
    session = await acme.create_session()
    sent = [init(acme) if each == "INIT" else each.replace("SESSION", session) for each in messages]
    assert await closing_code(acme, sent) == code


@pytest.mark.parametrize("name", DOCUMENTS)
async def test_a_document_that_cannot_run_leaves_the_socket_open(acme: Client, name: str) -> None:
    async with bare_socket(acme.base) as socket:
        await socket.send(init(acme))
        await socket.recv()
        (*_, answer) = [each for each in await operate(socket, DOCUMENTS[name]) if each["type"] != "complete"]
        errors = answer["payload"] if answer["type"] == "error" else answer["payload"]["errors"]
        assert [each["extensions"]["code"] for each in errors] == ["BAD_USER_INPUT"]
        (asked, _) = await operate(socket, ASK)
        assert asked["payload"]["data"]["viewer"]["tenant"].startswith("tenant-")


async def test_unknown_operations_leave_the_socket_open(acme: Client) -> None:
    async with bare_socket(acme.base) as socket:
        await socket.send(init(acme))
        await socket.recv()
        for payload in (
            {"query": ASK, "operationName": "nope"},
            {"query": ""},
            {"query": "fragment f on Viewer { tenant }"},
        ):
            await socket.send(with_payload(payload))
            answer = json.loads(await socket.recv())
            assert (answer["type"], answer["payload"][0]["extensions"]["code"]) == ("error", "BAD_USER_INPUT")


async def test_a_message_that_is_none_is_refused_on_the_socket_too(edge: Edge, acme: Client) -> None:
    session = await acme.create_session()
    before = await edge.rows()
    async with bare_socket(acme.base) as socket:
        await socket.send(init(acme))
        await socket.recv()
        for content, code in (
            ({"text": " "}, "BAD_USER_INPUT"),
            ({"text": "\ud800"}, "BAD_USER_INPUT"),
            ({"text": "a", "audio": None}, "BAD_USER_INPUT"),
            ({"audio": {"base64": "bm8gYXVkaW8=", "mimeType": "audio/wav"}}, "AUDIO_UNREADABLE"),
        ):
            (answer, *_) = await operate(socket, SEND, input={"sessionId": session, "content": content})
            errors = answer["payload"] if answer["type"] == "error" else answer["payload"]["errors"]
            assert [each["extensions"]["code"] for each in errors] == [code]
    assert await edge.rows() == before


async def test_a_socket_on_which_nobody_says_who_they_are_is_closed(edge: Edge) -> None:
    url = edge.database.url.render_as_string(hide_password=False)
    async with opened(url, connection_init_seconds=0.2) as impatient, Client(impatient.address, None) as nobody:
        assert await closing_code(nobody, []) == 4408
