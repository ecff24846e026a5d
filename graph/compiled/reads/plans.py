"""Query plans: a validated operation compiled to one SQL statement, cached by its document."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import cast
from uuid import UUID

from cachetools import LRUCache
from graphql import DocumentNode, FieldNode, GraphQLError, GraphQLObjectType, OperationType, is_non_null_type
from strawberry import Schema

from graph.compiled.reads.arguments import Arguments
from graph.compiled.reads.objects import Part, Writer
from graph.compiled.reads.roots import ROOTS, Bound
from graph.compiled.reads.selection import Operation, Unsupported
from graph.compiled.reads.statements import Statement, is_of_session, write_many, write_session
from graph.guards.costs import depends_on_variables
from graph.guards.document_limits import check_cost
from graph.guards.repetition import repeats_lists
from graph.limits import DocumentLimits

#: Statements per operation: one for each text that its switches (@skip, @include) and arguments make.
_MAX_VARIANTS = 16

#: Operations with a plan, least recently used evicted.
_MAX_PLANS = 500


#: From variables to the errors of the cost limit.
CostCheck = Callable[[Mapping[str, object]], Sequence[GraphQLError]]

_NUMBERS = count()


@dataclass(frozen=True, slots=True)
class Variant:
    """One compiled form of an operation.

    ``frame``: the JSON around the root fields. ``nullable``: for each root field, whether it may be null.
    """

    statement: Statement
    frame: tuple[bytes, ...]
    nullable: tuple[bool, ...]
    has_urls: bool
    is_of_session: bool

    def assemble(self, texts: Sequence[bytes | None]) -> bytes | None:
        """The response body; None if a non-null root field is null, an error that resolvers report."""
        pieces = [self.frame[0]]
        for text, nullable, after in zip(texts, self.nullable, self.frame[1:], strict=False):
            if text is None and not nullable:
                return None
            pieces += [b"null" if text is None else text, after]
        return b"".join(pieces)


@dataclass(frozen=True, slots=True)
class Request:
    """A plan with variables. ``values``: bound values, without the key's hash and the URL signature's.

    ``identity``: unique, for cache keys. ``session_id``: set if the request is about one session.
    """

    variant: Variant
    values: dict[str, object]
    identity: str
    session_id: UUID | None


class Plan:
    """A compiled query, from a document that is valid and within all limits."""

    def __init__(self, schema: Schema, operation: Operation, costs: CostCheck | None) -> None:
        query = schema._schema.query_type
        assert query is not None
        self._query = query
        self._operation = operation
        self._costs = costs
        self._arguments = Arguments(schema, operation)
        self._number = next(_NUMBERS)
        self._variants: LRUCache[object, Variant] = LRUCache(_MAX_VARIANTS)

    def request(self, variables: Mapping[str, object]) -> Request:
        """The request with these variables. Raises Unsupported if resolvers must answer."""
        if self._costs is not None and self._costs(variables):
            raise Unsupported("cost")
        coerced = self._arguments.variables(variables)
        switched = self._arguments.switched(coerced)
        selected = self._roots(switched)
        bound = {}
        for number, (key, nodes) in enumerate(selected.items()):
            root = ROOTS.get(nodes[0].name.value)
            if root is not None:
                bound[key] = root.bind(self._arguments.of(self._query, nodes, coerced)).named(f"root_{number}_")
        windows = self._arguments.windows(coerced)
        parts = {id(node): Part(f"list_{number}_", window) for number, (node, window) in enumerate(windows)}
        form = (
            tuple(sorted(switched.items())),
            tuple(each.form for each in bound.values()),
            tuple(tuple(window.values()) for _, window in windows),
        )
        variant = self._variants.get(form)
        if variant is None:
            variant = self._variants[form] = self._write(Writer(self._operation, switched, parts), selected, bound)
        values = {each.prefix + name: value for each in bound.values() for name, value in each.values.items()}
        values |= {each.prefix + name: value for each in parts.values() for name, value in each.window.values().items()}
        session_id = cast("UUID", next(iter(values.values()))) if variant.is_of_session else None
        # A str caches its hash; every request looks it up.
        identity = repr((self._number, form, tuple(values.items())))
        return Request(variant, values, identity, session_id)

    def _roots(self, switched: Mapping[str, bool]) -> dict[str, list[FieldNode]]:
        selected = self._operation.fields(self._query, [self._operation.node.selection_set], switched)
        names = {nodes[0].name.value for nodes in selected.values()} - {"__typename"}
        if not names or not names <= ROOTS.keys():
            raise Unsupported("root fields")
        return selected

    def _write(
        self, writer: Writer, selected: Mapping[str, Sequence[FieldNode]], bound: Mapping[str, Bound]
    ) -> Variant:
        read = {key: nodes for key, nodes in selected.items() if key in bound}
        if is_of_session(read):
            ((key, nodes),) = read.items()
            statement = write_session(writer, self._query, nodes, bound[key])
        else:
            statement = write_many(writer, self._query, read, bound)
        frame = ['{"data":{']
        for number, key in enumerate(selected):
            frame[-1] += f'{"," if number else ""}"{key}":'
            if key in read:
                frame.append("")
            else:
                frame[-1] += f'"{self._query.name}"'
        frame[-1] += "}}"
        return Variant(
            statement,
            frame=tuple(each.encode() for each in frame),
            nullable=tuple(_is_nullable(self._query, nodes[0].name.value) for nodes in read.values()),
            has_urls=writer.has_urls,
            is_of_session=is_of_session(read),
        )


def _is_nullable(query: GraphQLObjectType, name: str) -> bool:
    """Whether a root field without a row is null instead of an error."""
    return not (is_non_null_type(query.fields[name].type) or ROOTS[name].required)


@dataclass(slots=True)
class Plans:
    """LRU cache of plans of admitted operations."""

    schema: Schema
    limits: DocumentLimits
    _plans: LRUCache[tuple[str, str | None], Plan] = field(default_factory=lambda: LRUCache(_MAX_PLANS))

    def admit(self, text: str, name: str | None, document: DocumentNode) -> None:
        """Compiles an operation whose document Strawberry has parsed and validated, within the limits."""
        if (text, name) in self._plans:
            return
        operation = Operation.of(document, name)
        if operation is None or operation.node.operation is not OperationType.QUERY:
            return
        if repeats_lists(self.schema._schema, document, name):
            return  # resolvers count its objects against a budget
        costs: CostCheck | None = None
        if depends_on_variables(document, operation.node):
            costs = partial(self._costs, document, name)
        self._plans[text, name] = Plan(self.schema, operation, costs)

    def _costs(
        self, document: DocumentNode, name: str | None, variables: Mapping[str, object]
    ) -> Sequence[GraphQLError]:
        return check_cost(self.schema._schema, document, name, variables, self.limits)

    def get(self, text: str, name: str | None) -> Plan | None:
        return self._plans.get((text, name))
