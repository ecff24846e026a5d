"""Plans of compiled subscriptions: the session or turn to follow, and the serialization of its events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from uuid import UUID

from cachetools import LRUCache
from graphql import FieldNode, GraphQLObjectType
from strawberry import Schema

from db.enums import EventType
from db.errors import VoxLoomError
from db.ids import parse_id
from graph.compiled.live.event_writer import EventWriter
from graph.compiled.reads.arguments import Arguments
from graph.compiled.reads.objects import Writer
from graph.compiled.reads.selection import Operation, Unsupported

_MAX_VARIANTS = 16
_NUMBERS = count()


class Selection:
    """The selected fields of each event type, and their writers. ``number``: unique, for cache keys."""

    def __init__(self, schema: Schema, writer: Writer, key: str, nodes: Sequence[FieldNode]) -> None:
        self.number = next(_NUMBERS)
        self._schema = schema._schema
        self._writer = writer
        self._head = f'{{"data":{{"{key}":'
        self._nodes = nodes
        self._writers: dict[EventType, EventWriter] = {}
        for each in EventType:  # unsupported fields are found before a subscription starts
            self._writers[each] = self._write(each)

    def of(self, kind: EventType) -> EventWriter:
        return self._writers[kind]

    def _write(self, kind: EventType) -> EventWriter:
        shown = self._schema.type_map[kind.value]
        assert isinstance(shown, GraphQLObjectType)
        return EventWriter(self._head, self._writer, shown, self._nodes)


@dataclass(frozen=True, slots=True)
class Following:
    """A subscription to a session's or turn's events, with its arguments."""

    selection: Selection
    session_id: UUID | None
    turn_id: UUID | None
    after_seq: int


class EventPlan:
    """A compiled subscription, from a document that is valid and within all limits."""

    def __init__(self, schema: Schema, operation: Operation) -> None:
        self._schema = schema
        self._operation = operation
        self._arguments = Arguments(schema, operation)
        self._selections: LRUCache[object, Selection] = LRUCache(_MAX_VARIANTS)

    def following(self, variables: Mapping[str, object]) -> Following:
        """The subscription with these variables. Raises Unsupported if Strawberry must run it."""
        coerced = self._arguments.variables(variables)
        switched = self._arguments.switched(coerced)
        root = self._schema._schema.subscription_type
        assert root is not None
        selected = self._operation.fields(root, [self._operation.node.selection_set], switched)
        if len(selected) != 1:
            raise Unsupported("root fields")
        ((key, nodes),) = selected.items()
        arguments = self._arguments.of(root, nodes, coerced)
        form = tuple(sorted(switched.items()))
        selection = self._selections.get(form)
        if selection is None:
            writer = Writer(self._operation, switched)
            selection = self._selections[form] = Selection(self._schema, writer, key, nodes)
        try:
            if nodes[0].name.value == "sessionEvents":
                return Following(selection, parse_id(arguments["session_id"], "session"), None, arguments["after_seq"])
            return Following(selection, None, parse_id(arguments["turn_id"], "turn"), arguments["after_seq"])
        except VoxLoomError as error:
            raise Unsupported(error.code) from None
