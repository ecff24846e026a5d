"""Document limits: each at its maximum, and one above."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from graphql import GraphQLError, GraphQLInterfaceType, get_introspection_query

from graph.api.schema import schema
from graph.guards.document_limits import check_cost, check_document, check_operation
from graph.guards.tokens import parse_within
from graph.limits import DocumentLimits
from tests import client

SCHEMA = schema._schema
LIMITS = DocumentLimits()
EVENT_KINDS = SCHEMA.get_possible_types(cast("GraphQLInterfaceType", SCHEMA.get_type("Event")))
WHOLE = """query($id: ID!) { conversation(sessionId: $id) { lastSeq session { id metadata }
  messages { id role text audio { url durationMs } modelCalls { id engine } toolCalls { id crmRecord { id } } }
  turns { id status userMessage { id audio { url } } reply { id audio { url } } timing { totalMs stages { stage } }
    modelCalls { id } toolCalls { id crmRecord { id } } crmRecords { id toolCall { id } } error { code } }
  modelCalls { id } crmRecords { id } toolCalls { id } } }"""
GUIDE = Path("graph/static/first_conversation.graphql").read_text()

ORDINARY = {
    "the whole conversation": WHOLE,
    "GraphiQL's introspection": get_introspection_query(
        specified_by_url=True, directive_is_repeatable=True, schema_description=True, input_value_deprecation=True
    ),
    "GraphiQL's first page": GUIDE,
    "a page of sessions": "{ sessions(first: 100) { nodes { messages { text audio { url } } } pageInfo { endCursor }}}",
    "an event with every type": "subscription($id: ID!) { sessionEvents(sessionId: $id) { "
    + " ".join(
        f"... on {kind.name} {{ seq at sessionId turnId }}" for kind in EVENT_KINDS
    )
    + " } }",
    "one type at a time": '{ a: __type(name: "Turn") { name } b: __type(name: "Event") { possibleTypes { name } } }',
    **{name: getattr(client, name) for name in ("CREATE", "SEND", "END", "EVENTS")},
}  # fmt: skip


def errors_of(text: str, **limits: object) -> list[GraphQLError]:
    """Of everything before an operation runs."""
    chosen = replace(LIMITS, **limits)  # type: ignore[arg-type]
    try:
        document = parse_within(text, chosen)
    except GraphQLError as error:
        return [error]
    return check_operation(SCHEMA, document, None, {"id": "x"}, chosen)


def code_of(text: str, **limits: object) -> str | None:
    """Null for a document that may run."""
    errors = errors_of(text, **limits)
    return str((errors[0].extensions or {}).get("code")) if errors else None


@pytest.mark.parametrize("name", ORDINARY)
def test_what_clients_ask_is_within_the_limits(name: str) -> None:
    assert errors_of(ORDINARY[name]) == []


@pytest.mark.parametrize(
    ("setting", "most", "text"),
    [
        ("max_document_bytes", 1_005, "{ viewer { tenant } } #" + "é" * 491),
        ("max_tokens", 22, '{ sessions(first: 1, after: "b c") { nodes { id ...{ id } } } } # d e'),
        ("max_depth", 4, '{ session(id: "x") { ...f } } fragment f on Session { turns { session { id } } }'),
        ("max_fields", 7, "{ viewer { ...f ...f ...f } } fragment f on Viewer { tenant }"),
        ("max_aliases", 4, "{ viewer { ...f ...f } } fragment f on Viewer { a: tenant b: tenant }"),
        ("max_root_fields", 3, "{ viewer { tenant } ...f } fragment f on Query { viewer { tenant } viewer { keyId } }"),
        ("max_cost", 61, "{ sessions(first: 20) { nodes { id } edges { node { id } } } }"),
        ("max_page_size", 37, "{ sessions(first: 37) { nodes { id } } }"),
    ],
)  # fmt: skip
def test_a_limit_is_the_most_that_is_taken(setting: str, most: int, text: str) -> None:
    assert code_of(text, **{setting: most}) is None
    (error,) = errors_of(text, **{setting: most - 1})
    assert error.extensions
    assert error.extensions["code"] == ("BAD_USER_INPUT" if setting == "max_page_size" else "QUERY_TOO_COMPLEX")
    assert str(most - 1) in error.message


def test_brackets_within_each_other() -> None:
    most = LIMITS.max_brackets
    text = "{ a(b: " + "[" * (most - 2) + "]" * (most - 2) + ") }"
    assert code_of(text) != "QUERY_TOO_COMPLEX"
    assert code_of(text.replace("[", "[[", 1).replace("]", "]]", 1)) == "QUERY_TOO_COMPLEX"


def test_brackets_in_texts_and_comments_are_no_brackets() -> None:
    inside = "{[(" * 100
    metadata = f'{{a: "{inside}\\" {inside}", b: """{inside} \\""" " "" {inside}"""}}'
    call = f'mutation {{ createSession(input: {{customerId: "c", metadata: {metadata}}}) {{ session {{ id }} }} }}'
    assert errors_of(f"# {inside}\n{call} # {inside}") == []


def test_introspection_can_be_switched_off() -> None:
    for text in ("{ __schema { types { name } } }", '{ ...f } fragment f on Query { __type(name: "Turn") { name } }'):
        assert code_of(text) is None
        assert code_of(text, introspection=False) == "FORBIDDEN"
    assert code_of("{ __typename viewer { __typename } }", introspection=False) is None


def test_introspection_has_a_depth_of_its_own() -> None:
    text = "{ __schema { types { fields { type " + "{ ofType " * 9 + "{ name }" + " }" * 9 + " } } } }"
    assert code_of(text, max_depth=5) is None
    assert code_of(text.replace("{ ofType " * 9, "{ ofType " * 20).replace(" }" * 9, " }" * 20)) == "QUERY_TOO_COMPLEX"


def test_a_field_called_like_introspection_deep_in_a_query_hides_nothing() -> None:
    text = '{ session(id: "x") { ' + "turns { session { " * 7 + "__schema { id }" + " } }" * 7 + " } }"
    assert code_of(text) == "QUERY_TOO_COMPLEX"


def test_errors_of_validation_are_few() -> None:
    assert len(errors_of("{ viewer { " + " ".join(f"nope{n}" for n in range(300)) + " } }")) == 11


def test_fragments_that_double_are_counted_without_being_followed() -> None:
    links = " ".join(f"fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }}" for n in range(150))
    text = f"{{ ...f0 }} {links} fragment f150 on Query {{ viewer {{ tenant }} }}"
    assert code_of(text) == "QUERY_TOO_COMPLEX"


def test_a_chain_of_fragments_longer_than_the_stack() -> None:
    links = " ".join(f"fragment f{n} on Query {{ ...f{n + 1} }}" for n in range(5_000))
    text = f"{{ ...f0 }} {links} fragment f5000 on Query {{ viewer {{ tenant }} }}"
    document = parse_within(text, replace(LIMITS, max_tokens=50_000, max_document_bytes=1_000_000))
    assert check_document(document, replace(LIMITS, max_fields=50_000)) == []
    assert check_cost(SCHEMA, document, None, {}, LIMITS) == []


def test_fields_that_overlap_are_counted_through_what_holds_them() -> None:
    text = '{ session(id: "x") { ' + "turns { reply { id } } " * 102 + " } }"
    assert code_of(text) == "QUERY_TOO_COMPLEX"
    assert code_of(text.replace("turns { reply { id } } " * 102, "turns { reply { id } } " * 40)) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{ ...f } fragment f on Query { ...g } fragment g on Query { ...f }", "contains itself"),
        ("{ viewer { tenant } } fragment f on Query { ...f }", "contains itself"),
        ("{ ...f } fragment f on Query { a } fragment f on Query { b }", "two fragments f"),
        ("{ " + "a" * 201 + " }", "a name of 201 characters"),
    ],
)
def test_what_is_refused_before_validation(text: str, words: str) -> None:
    (error,) = errors_of(text)
    assert words in error.message
    assert error.extensions == {"code": "BAD_USER_INPUT"}
