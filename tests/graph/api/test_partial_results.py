"""Partial results: a failed field leaves the others' data; each error has its path."""

from __future__ import annotations

import pytest

from tests.client import Client
from tests.graph.edge import post

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOBODY = "019344a0-0000-7000-8000-000000000000"


async def test_a_mutation_that_fails_leaves_the_results_of_the_others(acme: Client) -> None:
    answer = await post(
        acme,
        """mutation($nobody: ID!) {
          opened: createSession(input: {customerId: "maria"}) { session { customerId } }
          failed: endSession(input: {sessionId: $nobody}) { session { id } }
          alsoFailed: createSession(input: {customerId: ""}) { session { id } }
          second: createSession(input: {customerId: "juan"}) { session { customerId } } }""",
        {"nobody": NOBODY},
    )
    assert answer["data"] == {
        "opened": {"session": {"customerId": "maria"}},
        "failed": None,
        "alsoFailed": None,
        "second": {"session": {"customerId": "juan"}},
    }
    told = [(each["path"], each["extensions"]["code"]) for each in answer["errors"]]
    assert told == [(["failed"], "NOT_FOUND"), (["alsoFailed"], "BAD_USER_INPUT")]


@pytest.mark.parametrize(
    "mutation",
    [
        'createSession(input: {customerId: ""}) { session { id } }',
        f'sendMessage(input: {{sessionId: "{NOBODY}", content: {{text: "hello"}}}}) {{ turn {{ id }} }}',
        f'cancelTurn(input: {{turnId: "{NOBODY}"}}) {{ turn {{ id }} }}',
        f'retryTurn(input: {{turnId: "{NOBODY}"}}) {{ turn {{ id }} }}',
        f'endSession(input: {{sessionId: "{NOBODY}"}}) {{ session {{ id }} }}',
        f'callTool(input: {{sessionId: "{NOBODY}", name: "complaint", arguments: {{}}}}) {{ toolCall {{ id }} }}',
    ],
)
async def test_every_mutation_fails_by_itself(acme: Client, mutation: str) -> None:
    answer = await post(acme, f"mutation {{ it: {mutation} }}", {})
    assert answer["data"] == {"it": None}
    (error,) = answer["errors"]
    assert error["path"] == ["it"]


async def test_a_conversation_that_is_not_there_leaves_the_rest_of_the_query(acme: Client) -> None:
    own = await acme.create_session()
    query = """query($own: ID!, $nobody: ID!) {
      there: conversation(sessionId: $own) { lastSeq } missing: conversation(sessionId: $nobody) { lastSeq }
      viewer { keyName } turn(id: $nobody) { id } }"""
    # Again, when the document is known: a compiled read must tell the same error.
    same = """query($own: ID!, $nobody: ID!) {
      there: conversation(sessionId: $own) { lastSeq } missing: conversation(sessionId: $nobody) { lastSeq }
      turn(id: $nobody) { id } }"""
    for text in (query, same, same, same):
        answer = await post(acme, text, {"own": own, "nobody": NOBODY})
        assert answer["data"]["there"] == {"lastSeq": 0}
        assert answer["data"]["missing"] is None
        assert answer["data"]["turn"] is None
        (error,) = answer["errors"]
        assert (error["path"], error["extensions"]["code"]) == (["missing"], "NOT_FOUND")
