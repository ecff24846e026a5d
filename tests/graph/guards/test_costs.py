"""Query cost analysis."""

from __future__ import annotations

import pytest
from graphql import parse

from graph.api.schema import schema
from graph.guards.costs import cost_of, depends_on_variables
from graph.guards.fragments import operations_of

SCHEMA = schema._schema


def cost(text: str, name: str | None = None, **variables: object) -> int:
    return cost_of(SCHEMA, parse(text), name, variables)


@pytest.mark.parametrize(
    ("text", "objects"),
    [
        ("{ viewer { tenant keyId __typename } }", 1),
        ("{ sessions(first: 7) { pageInfo { endCursor } nodes { id } } }", 1 + 1 + 7),
        ("{ sessions(first: 7) { edges { cursor node { id } } } }", 1 + 7 + 7),
        ("{ sessions { nodes { id } } }", 1 + 20),
        ('{ session(id: "x") { messages { id } } }', 1 + 5),
        ('{ session(id: "x") { messages(last: 50) { turn { id } } } }', 1 + 50 + 50),
        ('{ session(id: "x") { messages(first: 3, after: "y") { id } } }', 1 + 3),
        ('{ session(id: "x") { messages { audio { url } turn { id } } } }', 1 + 5 + 5 + 5),
        ("{ sessions(first: 7) { nodes { messages { id } } } }", 1 + 7 + 7 * 5),
        ("{ sessions(first: 0) { nodes { messages { id } } } }", 1),
        ("{ sessions(first: -7) { nodes { messages { id } } } }", 1),
        ("{ sessions(first: 3) { ...p ... { nodes { id } } } } fragment p on SessionConnection { nodes { ...s } }"
         " fragment s on Session { turns { id } }", 1 + 3 + 3 * 5 + 3),
        ("{ __schema { types { fields { name } } } }", 0),
        ("{ nope { nope { id } } viewer { tenant { id } } ...nope ... on Nope { id } }", 1),
    ],
)  # fmt: skip
def test_every_object_counts_as_often_as_its_list_may_hold_it(text: str, objects: int) -> None:
    assert cost(text) == objects


def test_a_page_is_as_long_as_the_variable_says() -> None:
    text = "query($n: Int! = 5) { sessions(first: $n) { nodes { id } } }"
    assert cost(text) == 1 + 5
    assert cost(text, n=40) == 1 + 40
    assert cost(text, n="40") == 1 + 20
    assert cost(text, n=None) == 1 + 20
    assert cost(text, n=True) == 1 + 20


def test_the_operation_that_is_named_counts() -> None:
    text = "query a { viewer { tenant } } query b { sessions(first: 9) { nodes { id } } }"
    assert (cost(text, "a"), cost(text, "b"), cost(text, "c")) == (1, 10, 0)
    assert cost(text) == 0, "it is not clear which is meant: none of them is run"


def test_events_and_what_mutations_give_back_count_too() -> None:
    assert cost('subscription { sessionEvents(sessionId: "x") { ... on ReplyReady { message { id } } } }') == 2
    assert cost('mutation { endSession(input: {sessionId: "x"}) { session { turns { id } } } }') == 2 + 5


def test_whether_variables_change_the_cost() -> None:
    def depends(text: str) -> bool:
        document = parse(text)
        return depends_on_variables(document, operations_of(document)[0])

    assert depends("query($n: Int!) { ...f } fragment f on Query { sessions(first: $n) { nodes { id } } }")
    assert not depends("query($a: String) { sessions(first: 5, after: $a) { nodes { id } } }")
    assert not depends("query a { viewer { tenant } } query b($n: Int!) { sessions(first: $n) { nodes { id } } }")
