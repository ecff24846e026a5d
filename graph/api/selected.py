"""Names of the fields that a request selects of an object, for resolvers that read no more than is asked for."""

from __future__ import annotations

from collections.abc import Iterable

from strawberry.types.nodes import SelectedField, Selection

from graph.api.context import Info


def selected_names(info: Info) -> set[str]:
    """The fields selected directly below the field being resolved, in fragments too, also skipped ones."""
    return {name for field in info.selected_fields for name in _names(field.selections)}


def _names(selections: Iterable[Selection]) -> Iterable[str]:
    for each in selections:
        if isinstance(each, SelectedField):
            yield each.name
        else:
            yield from _names(each.selections)
