"""Measures a selection with its fragments: depth, fields, aliases. Each fragment is measured once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from graphql import FieldNode, FragmentSpreadNode, InlineFragmentNode, SelectionSetNode

_INTROSPECTION = ("__schema", "__type")


@dataclass(slots=True)
class Measure:
    """Counts of a selection. ``depth`` excludes fields of __schema and __type, ``introspection_depth`` does not."""

    depth: int = 0
    introspection_depth: int = 0
    #: Fields, spreads and inline fragments.
    nodes: int = 0
    aliases: int = 0
    #: Fields at the selection's first level.
    fields: int = 0
    introspections: int = 0
    #: Aliases within __schema and __type, and of __schema.
    introspection_aliases: int = 0

    def take(self, inner: Measure) -> None:
        """Adds the counts of a part of the same selection."""
        self.depth = max(self.depth, inner.depth)
        self.introspection_depth = max(self.introspection_depth, inner.introspection_depth)
        self.nodes += inner.nodes
        self.aliases += inner.aliases
        self.fields += inner.fields
        self.introspections += inner.introspections
        self.introspection_aliases += inner.introspection_aliases


def measure(selection_set: SelectionSetNode | None, fragments: Mapping[str, Measure]) -> Measure:
    """Measures a selection set. ``fragments``: measures of the fragments. The bracket limit bounds the recursion."""
    found = Measure()
    for each in selection_set.selections if selection_set is not None else ():
        found.nodes += 1
        if isinstance(each, FieldNode):
            _field(found, each, measure(each.selection_set, fragments) if each.selection_set else Measure())
        elif isinstance(each, FragmentSpreadNode):
            found.take(fragments.get(each.name.value, Measure()))
        elif isinstance(each, InlineFragmentNode):
            found.take(measure(each.selection_set, fragments))
    return found


def _field(found: Measure, field: FieldNode, inner: Measure) -> None:
    within = max(inner.depth, inner.introspection_depth)
    aliased = field.alias is not None
    found.fields += 1
    found.nodes += inner.nodes
    found.aliases += inner.aliases + aliased
    found.introspections += inner.introspections
    found.introspection_aliases += inner.introspection_aliases
    if field.name.value in _INTROSPECTION:
        found.introspections += 1
        found.introspection_depth = max(found.introspection_depth, 1 + within)
        found.introspection_aliases += inner.aliases + (aliased and field.name.value == "__schema")
        found.depth = max(found.depth, 1)
    else:
        found.depth = max(found.depth, 1 + inner.depth)
        if inner.introspection_depth:
            found.introspection_depth = max(found.introspection_depth, 1 + inner.introspection_depth)
