"""Selections in which a session's lists are repeated for the elements of a list: their size is a product.

All other selections are linear: their answer is as large as what is stored, times the fields that are selected. How
often a list may be selected, by aliases, is bounded here too.
"""

from __future__ import annotations

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionSetNode,
    get_named_type,
    get_operation_ast,
)

from graph.guards.costs import is_list_field
from graph.guards.fragments import fragments_of

#: Lists that an operation may select, root fields times lists below them, before their objects are counted. A whole
#: conversation, with the lists of its messages and turns, selects about ten.
_MAX_LISTS = 60

#: Each edge or node of these pages is another session.
_PAGES_OF_SESSIONS = ("SessionConnection", "SessionEdge")

#: Where a session is reached from an element that is not the only one of its session.
_ELEMENTS = ("Turn", "CrmRecord")


def repeats_lists(schema: GraphQLSchema, document: DocumentNode, operation_name: str | None) -> bool:
    """Whether an operation reads a session's lists within a list (turns { session { messages } }), or very often.

    The document must be within the limits of `check_document`, which refuses fragments that contain themselves.
    """
    operation = get_operation_ast(document, operation_name)
    if operation is None:
        return False
    search = _Search(schema, fragments_of(document))
    if search.finds(operation.selection_set, schema.get_root_type(operation.operation), False, False):
        return True
    # A fragment's lists are counted once, and root fields may share it.
    return search.lists * max(1, len(operation.selection_set.selections)) > _MAX_LISTS


class _Search:
    def __init__(self, schema: GraphQLSchema, fragments: dict[str, FragmentDefinitionNode]) -> None:
        self._schema = schema
        self._fragments = fragments
        self._seen: set[tuple[str, bool, bool]] = set()
        #: List fields that were met so far.
        self.lists = 0

    def finds(self, selected: SelectionSetNode, parent: object, in_list: bool, repeated: bool) -> bool:
        """``in_list``: below a list. ``repeated``: below a session that was reached from within a list."""
        if not isinstance(parent, GraphQLObjectType | GraphQLInterfaceType):
            return False
        for each in selected.selections:
            found = False
            if isinstance(each, FieldNode):
                found = self._finds_in_field(each, parent, in_list, repeated)
            elif isinstance(each, InlineFragmentNode):
                condition = each.type_condition
                on = parent if condition is None else self._schema.get_type(condition.name.value)
                found = self.finds(each.selection_set, on, in_list, repeated)
            elif isinstance(each, FragmentSpreadNode):
                found = self._finds_in_fragment(each.name.value, in_list, repeated)
            if found:
                return True
        return False

    def _finds_in_fragment(self, name: str, in_list: bool, repeated: bool) -> bool:
        fragment = self._fragments.get(name)
        if fragment is None or (name, in_list, repeated) in self._seen:
            return False
        self._seen.add((name, in_list, repeated))
        on = self._schema.get_type(fragment.type_condition.name.value)
        return self.finds(fragment.selection_set, on, in_list, repeated)

    def _finds_in_field(
        self, node: FieldNode, parent: GraphQLObjectType | GraphQLInterfaceType, in_list: bool, repeated: bool
    ) -> bool:
        field = parent.fields.get(node.name.value)
        if field is None or node.selection_set is None:
            return False
        kind = get_named_type(field.type)
        is_list = is_list_field(field.type)
        if is_list and repeated:
            return True
        self.lists += is_list
        if kind.name == "Session" and parent.name in _ELEMENTS:
            repeated = repeated or in_list
        elif kind.name in ("Session", "SessionEdge") and parent.name in _PAGES_OF_SESSIONS:
            is_list = False
        return self.finds(node.selection_set, kind, in_list or is_list, repeated)
