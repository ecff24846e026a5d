"""Cost of the validation rule "Field Selection Merging" (GraphQL specification, section 5.3.2), counted beforehand.

graphql-core compares each pair of fields with the same response name, recursively: quadratic in repeated fields.
"""

from __future__ import annotations

from collections.abc import Mapping

from graphql import FieldNode, FragmentDefinitionNode, FragmentSpreadNode, InlineFragmentNode, SelectionSetNode


def overlaps(
    selection_set: SelectionSetNode | None, fragments: Mapping[str, FragmentDefinitionNode], max_pairs: int
) -> int:
    """The number of pairs, or some number above ``max_pairs`` as soon as there are more.

    Counted as if all fields of one name were merged, whatever their types are. The fragments have no cycles, and what
    they hold when spread is bounded: see `graph.guards.size`.
    """
    pairs = 0
    groups = [[selection_set]]
    while groups:
        for same in _by_name(groups.pop(), fragments).values():
            pairs += len(same) * (len(same) - 1) // 2
            if pairs > max_pairs:
                return pairs
            inner = [each.selection_set for each in same if each.selection_set is not None]
            if inner:
                groups.append(list(inner))
    return pairs


def _by_name(
    together: list[SelectionSetNode | None], fragments: Mapping[str, FragmentDefinitionNode]
) -> dict[str, list[FieldNode]]:
    """The fields of selections that are merged, by their name in the answer; each fragment counts once."""
    found: dict[str, list[FieldNode]] = {}
    spread: set[str] = set()
    ahead = list(together)
    while ahead:
        current = ahead.pop()
        for each in current.selections if current is not None else ():
            if isinstance(each, FieldNode):
                found.setdefault(each.alias.value if each.alias else each.name.value, []).append(each)
            elif isinstance(each, InlineFragmentNode):
                ahead.append(each.selection_set)
            elif isinstance(each, FragmentSpreadNode) and each.name.value not in spread:
                spread.add(each.name.value)
                if each.name.value in fragments:
                    ahead.append(fragments[each.name.value].selection_set)
    return found
