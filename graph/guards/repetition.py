"""Finds selections that repeat a session's lists for each element of a list: the response size is a product.

All other selections are linear in the stored rows. The number of lists that an operation selects, by aliases, is
bounded here too.
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

#: Lists that an operation may select (root fields times lists below them) before its objects are counted. A whole
#: conversation selects about ten.
_MAX_LISTS = 60

#: Pages whose entries are sessions.
_PAGES_OF_SESSIONS = ("SessionConnection", "SessionEdge")

#: Types that lead back to their session and of which a session has several.
_ELEMENTS = ("Turn", "CrmRecord")


def repeats_lists(schema: GraphQLSchema, document: DocumentNode, operation_name: str | None) -> bool:
    """Whether an operation selects a session's lists within a list (turns { session { messages } }), or too many lists.

    The document must have passed `check_document`, which refuses fragment cycles.
    """
    operation = get_operation_ast(document, operation_name)
    if operation is None:
        return False
    search = _Search(schema, fragments_of(document))
    if search.finds(operation.selection_set, schema.get_root_type(operation.operation), False, False):
        return True
    # A fragment's lists are counted once, though several root fields may use it.
    return search.lists * max(1, len(operation.selection_set.selections)) > _MAX_LISTS


class _Search:
    def __init__(self, schema: GraphQLSchema, fragments: dict[str, FragmentDefinitionNode]) -> None:
        self._schema = schema
        self._fragments = fragments
        self._seen: set[tuple[str, bool, bool]] = set()
        #: List fields found so far.
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
