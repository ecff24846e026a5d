"""Operations and fragments of a document; topological order of fragments, so that each is visited once."""

from __future__ import annotations

from collections.abc import Iterator

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from db.errors import BadUserInput
from graph.guards.refusals import refusal


def fragments_of(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    """The fragments by name. Raises GraphQLError for a duplicate name."""
    found: dict[str, FragmentDefinitionNode] = {}
    for each in document.definitions:
        if isinstance(each, FragmentDefinitionNode):
            if each.name.value in found:
                raise refusal(BadUserInput(f"There are two fragments {each.name.value}."), each)
            found[each.name.value] = each
    return found


def operations_of(document: DocumentNode) -> list[OperationDefinitionNode]:
    return [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]


def selections(
    selection_set: SelectionSetNode | None,
) -> Iterator[FieldNode | FragmentSpreadNode | InlineFragmentNode]:
    """All selections at any depth, without following fragment spreads."""
    open_sets = [] if selection_set is None else [selection_set]
    while open_sets:
        for each in open_sets.pop().selections:
            if isinstance(each, FragmentSpreadNode):
                yield each
            elif isinstance(each, FieldNode | InlineFragmentNode):
                yield each
                if each.selection_set is not None:
                    open_sets.append(each.selection_set)


def spreads_in(selection_set: SelectionSetNode | None) -> list[FragmentSpreadNode]:
    return [each for each in selections(selection_set) if isinstance(each, FragmentSpreadNode)]


def innermost_first(fragments: dict[str, FragmentDefinitionNode]) -> list[FragmentDefinitionNode]:
    """Each fragment after those that it spreads (topological order). Raises GraphQLError for a cycle.

    An iterative depth-first search: a chain of fragments may exceed Python's recursion limit.
    """
    done: list[FragmentDefinitionNode] = []
    finished: set[str] = set()
    for start in fragments.values():
        if start.name.value in finished:
            continue
        way = {start.name.value: iter(spreads_in(start.selection_set))}
        while way:
            name, rest = next(reversed(way.items()))
            spread = next(rest, None)
            if spread is None:
                del way[name]
                finished.add(name)
                done.append(fragments[name])
                continue
            inner = spread.name.value
            if inner in way:
                raise refusal(BadUserInput(f"The fragment {inner} contains itself."), spread)
            if inner in fragments and inner not in finished:
                way[inner] = iter(spreads_in(fragments[inner].selection_set))
    return done


def reachable(
    operations: list[OperationDefinitionNode], fragments: dict[str, FragmentDefinitionNode]
) -> dict[str, FragmentDefinitionNode]:
    """The fragments that operations use, directly or through other fragments."""
    found: dict[str, FragmentDefinitionNode] = {}
    ahead = [each.selection_set for each in operations]
    while ahead:
        for spread in spreads_in(ahead.pop()):
            name = spread.name.value
            if name in fragments and name not in found:
                found[name] = fragments[name]
                ahead.append(fragments[name].selection_set)
    return found
