"""Random valid queries over the schema (fuzzing)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLObjectType, get_named_type
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from db.enums import SessionOutcome
from graph.api.schema import schema

SCHEMA = schema.graphql_schema

#: For properties of a running server, which is the same one for all examples.
AGAINST_A_SERVER = settings(
    deadline=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)

_DEPTH = 5
#: Fields that resolvers alone answer.
_NOT_COMPILED = ("events",)
_ROOTS = ("conversation", "session", "turn", "sessions", "crmRecords", "crmRecord")


@dataclass
class Known:
    """Ids that a query may ask for."""

    sessions: list[str]
    turns: list[str]
    cursors: list[str] = field(default_factory=list)
    elements: list[str] = field(default_factory=list)
    records: list[str] = field(default_factory=list)
    references: list[str] = field(default_factory=list)


@dataclass
class Made:
    """A query and its variables."""

    text: str
    variables: dict[str, Any]
    roots: int


class _Writer:
    """Writes one query, drawing what is in it."""

    def __init__(self, draw: st.DrawFn, known: Known) -> None:
        self._draw = draw
        self._known = known
        self.variables: dict[str, Any] = {}
        self.definitions: list[str] = []
        self.fragments: list[str] = []

    def query(self) -> Made:
        roots = [self._root() for _ in range(self._draw(st.integers(1, 2)))]
        text = " ".join(["{", *roots, "}"])
        head = f"query Q({', '.join(self.definitions)}) " if self.definitions else "query Q "
        return Made(" ".join([head + text, *self.fragments]), self.variables, len(roots))

    def _variable(self, kind: str, value: Any) -> str:
        name = f"v{len(self.variables)}"
        self.variables[name] = value
        self.definitions.append(f"${name}: {kind}")
        return f"${name}"

    def _root(self) -> str:
        query = SCHEMA.query_type
        assert query is not None
        name = self._draw(st.sampled_from(_ROOTS))
        alias = self._draw(st.sampled_from(["", "a: ", "b: "]))
        kind = get_named_type(query.fields[name].type)
        assert isinstance(kind, GraphQLObjectType)
        # Two fields of one key must have the same arguments: a key for each.
        alias = f"r{len(self.variables)}_{len(self.fragments)}_{alias.strip(': ') or 'x'}: "
        return f"{alias}{name}{self._arguments(name)} {self._switch()} {self._set(kind, 1)}"

    def _arguments(self, name: str) -> str:
        if name in ("conversation", "session"):
            argument = "sessionId" if name == "conversation" else "id"
            return f"({argument}: {self._id(self._known.sessions)})"
        if name == "turn":
            return f"(id: {self._id(self._known.turns)})"
        if name == "crmRecord":
            which = self._draw(st.sampled_from(["id", "reference"]))
            ids = self._id(self._known.records)
            known = self._variable("String", self._draw(st.sampled_from([*self._known.references, "nope", "-"])))
            return f"(id: {ids})" if which == "id" else f"(reference: {known})"
        given = []
        if self._draw(st.booleans()):
            given.append(f"first: {self._variable('Int!', self._draw(st.sampled_from([1, 2, 3, 100, 0, 101])))}")
        if self._draw(st.booleans()):
            given.append(f"after: {self._variable('String', self._draw(st.sampled_from([*self._known.cursors, 'x'])))}")
        if self._draw(st.integers(0, 2)) == 0:
            given.append(f"last: {self._variable('Int', self._draw(st.sampled_from([1, 2, 3, 100, 0, 101, None])))}")
        if self._draw(st.integers(0, 2)) == 0:
            known = self._draw(st.sampled_from([*self._known.cursors, "x"]))
            given.append(f"before: {self._variable('String', known)}")
        if self._draw(st.booleans()):
            kind = "SessionFilter" if name == "sessions" else "CrmRecordFilter"
            given.append(f"filter: {self._variable(kind, self._filter(kind))}")
        return f"({', '.join(given)})" if given else ""

    def _id(self, ids: list[str]) -> str:
        chosen = self._draw(
            st.sampled_from([*ids, *ids, "019344a0-0000-7000-8000-000000000000", "none", ids[0].upper()])
        )
        return self._variable("ID!", chosen) if self._draw(st.booleans()) else f'"{chosen}"'

    def _filter(self, kind: str) -> dict[str, Any] | None:
        shared: dict[str, st.SearchStrategy[Any]] = {
            "customerId": st.sampled_from(["c-1", "c-2", "nobody", "", None]),
            "createdAfter": st.sampled_from(
                ["2026-01-31T23:59:58Z", "2026-02-01T00:00:00.5+01:00", "2026-01-01T00:00:00"]
            ),
            "createdBefore": st.sampled_from(["2026-02-03T00:00:00Z", None]),
        }
        filters: dict[str, dict[str, st.SearchStrategy[Any]]] = {
            "SessionFilter": {
                "status": st.sampled_from(["OPEN", "ENDED", None]),
                "channel": st.sampled_from(["WEB", "PHONE"]),
                "language": st.sampled_from(["en", "es-mx", "??"]),
                "search": st.sampled_from(
                    ["plain", "Zoë", "ünïc drop", *self._known.references, "+1-555", "-", "", "\0"]
                ),
                "agent": st.sampled_from(["billing_agent", "nobody", ""]),
                "outcome": st.sampled_from([each.value for each in SessionOutcome]),
                "failed": st.sampled_from([True, False, None]),
                "liveNow": st.sampled_from([True, False, None]),
                "forkedFrom": st.sampled_from([*self._known.sessions, "none"]),
            },
            "CrmRecordFilter": {
                "sessionId": st.sampled_from([*self._known.sessions, "none"]),
                "scenario": st.sampled_from(["billing", "nope"]),
                "reference": st.sampled_from([*self._known.references, "nope", "?"]),
                "priority": st.sampled_from(["LOW", "HIGH"]),
                "status": st.sampled_from(["DONE", "FAILED"]),
                "forked": st.sampled_from([True, False, None]),
            },
        }
        own = filters[kind]
        chosen: dict[str, Any] | None = self._draw(st.none() | st.fixed_dictionaries({}, optional={**shared, **own}))
        return chosen

    def _switch(self) -> str:
        if self._draw(st.integers(0, 9)) > 0:
            return ""
        name = self._draw(st.sampled_from(["skip", "include"]))
        value = self._draw(st.booleans())
        # What leaves everything out leaves an empty answer, which is well tried too.
        text = self._variable("Boolean!", value) if self._draw(st.booleans()) else str(value).lower()
        return f"@{name}(if: {text})"

    def _set(self, kind: GraphQLObjectType, depth: int) -> str:
        names = ["__typename", *(each for each in kind.fields if each not in _NOT_COMPILED)]
        if depth >= _DEPTH:
            names = [each for each in names if each == "__typename" or _is_leaf(kind, each)] or ["__typename"]
        chosen = self._draw(st.lists(st.sampled_from(names), min_size=1, max_size=5))
        return "{ " + " ".join(self._selection(kind, each, depth, place) for place, each in enumerate(chosen)) + " }"

    def _selection(self, kind: GraphQLObjectType, name: str, depth: int, place: int) -> str:
        text = self._field(kind, name, depth, place)
        way = self._draw(st.integers(0, 11))
        if way == 0:
            return f"... on {kind.name} {self._switch()} {{ {text} }}"
        if way == 1:
            return f"... {self._switch()} {{ {text} }}"
        if way == 2:
            fragment = f"F{len(self.fragments)}"
            self.fragments.append("")
            self.fragments[int(fragment[1:])] = f"fragment {fragment} on {kind.name} {{ {text} }}"
            return f"...{fragment} {self._switch()}"
        return text

    def _field(self, kind: GraphQLObjectType, name: str, depth: int, place: int) -> str:
        alias = self._draw(st.sampled_from(["", "", f"x{place}: "]))
        if name == "__typename" or _is_leaf(kind, name):
            return f"{alias}{name} {self._switch()}"
        inside = get_named_type(kind.fields[name].type)
        assert isinstance(inside, GraphQLObjectType)
        arguments = ""
        if "last" in kind.fields[name].args and self._draw(st.integers(0, 2)) == 0:
            # Two fields of one key must have the same arguments: a key for each.
            alias, arguments = f"w{len(self.variables)}_{len(self.fragments)}_{place}: ", self._window()
        return f"{alias}{name}{arguments} {self._switch()} {self._set(inside, depth + 1)}"

    def _window(self) -> str:
        sizes = st.sampled_from([1, 2, 3, 100, 0, 101, None])
        given = []
        for name in self._draw(st.sampled_from([("first",), ("last",), ("last",), ("first", "last"), ()])):
            given.append(f"{name}: {self._variable('Int', self._draw(sizes))}")
        for name in self._draw(st.sampled_from([("after",), ("before",), ("after", "before"), ()])):
            known = self._draw(st.sampled_from([*self._known.elements, self._known.turns[0], "none"]))
            given.append(
                f"{name}: {self._variable('ID', known)}" if self._draw(st.booleans()) else f'{name}: "{known}"'
            )
        return f"({', '.join(given)})" if given else ""


def _is_leaf(kind: GraphQLObjectType, name: str) -> bool:
    return not isinstance(get_named_type(kind.fields[name].type), GraphQLObjectType)


def queries(known: Known) -> st.SearchStrategy[Made]:
    """Valid queries about what is known, and about what is not there."""

    @st.composite
    def made(draw: st.DrawFn) -> Made:
        return _Writer(draw, known).query()

    return made()
