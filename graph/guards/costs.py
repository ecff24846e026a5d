"""What a query may cost, estimated before it runs: the number of objects in its answer.

The idea is that of IBM's cost directives (https://ibm.github.io/graphql-specs/cost-spec.html), with sizes known from
the schema itself: a page is as long as its ``first``, any other list is taken to be a short conversation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    is_composite_type,
    is_list_type,
    is_non_null_type,
)

from graph.guards.fragments import chosen, fragments_of, innermost_first, reachable, selections

#: Entries of a list that has no pages, such as the messages of a session.
LIST_SIZE = 20

_FIRST = "first"


class _Cost(NamedTuple):
    """``fixed``, and ``each_entry`` more for every entry of the page that this is in."""

    fixed: int = 0
    each_entry: int = 0

    def plus(self, other: _Cost) -> _Cost:
        return _Cost(self.fixed + other.fixed, self.each_entry + other.each_entry)


def cost_of(
    schema: GraphQLSchema, document: DocumentNode, operation_name: str | None, variables: Mapping[str, Any] | None
) -> int:
    """How many objects the answer of an operation may hold, by estimate; 0 if there is no such operation.

    Leaves cost nothing, and neither does introspection, which `check_document` bounds. What is not in the schema costs
    nothing, so the document need not have been validated. Raises GraphQLError for fragments that contain themselves.
    """
    operation = chosen(document, operation_name)
    if operation is None:
        return 0
    fragments = reachable([operation], fragments_of(document))
    return _OperationCost(schema, operation, variables or {}).total(innermost_first(fragments))


def page_sizes(
    document: DocumentNode, operation_name: str | None, variables: Mapping[str, Any] | None
) -> list[tuple[FieldNode, int]]:
    """Every field of an operation that is asked for a page, with the size of the page."""
    operation = chosen(document, operation_name)
    if operation is None:
        return []
    given = _variables_of(operation, variables or {})
    sizes = ((field, _number(value, given)) for field, value in _first_arguments(document, operation))
    return [(field, size) for field, size in sizes if size is not None]


def depends_on_variables(document: DocumentNode, operation: OperationDefinitionNode) -> bool:
    """Whether the operation's cost, or the size of a page in it, is another one with other variables."""
    return any(isinstance(value, VariableNode) for _, value in _first_arguments(document, operation))


def _first_arguments(document: DocumentNode, operation: OperationDefinitionNode) -> list[tuple[FieldNode, ValueNode]]:
    return [
        (field, argument.value)
        for part in (operation, *reachable([operation], fragments_of(document)).values())
        for field in selections(part.selection_set)
        if isinstance(field, FieldNode)
        for argument in field.arguments or ()
        if argument.name.value == _FIRST
    ]


class _OperationCost:
    """The costs within one operation, under one set of variables."""

    def __init__(self, schema: GraphQLSchema, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> None:
        self._schema = schema
        self._operation = operation
        self._variables = _variables_of(operation, variables)
        self._fragments: dict[str, _Cost] = {}

    def total(self, innermost_first: list[FragmentDefinitionNode]) -> int:
        for fragment in innermost_first:
            on = self._schema.get_type(fragment.type_condition.name.value)
            self._fragments[fragment.name.value] = self._of(fragment.selection_set, on)
        found = self._of(self._operation.selection_set, self._schema.get_root_type(self._operation.operation))
        return found.fixed + found.each_entry * LIST_SIZE

    def _of(self, selection_set: SelectionSetNode, parent: object) -> _Cost:
        found = _Cost()
        for each in selection_set.selections:
            if isinstance(each, FieldNode):
                found = found.plus(self._field(each, parent))
            elif isinstance(each, FragmentSpreadNode):
                found = found.plus(self._fragments.get(each.name.value, _Cost()))
            elif isinstance(each, InlineFragmentNode):
                condition = each.type_condition
                on = parent if condition is None else self._schema.get_type(condition.name.value)
                found = found.plus(self._of(each.selection_set, on))
        return found

    def _field(self, node: FieldNode, parent: object) -> _Cost:
        fields = parent.fields if isinstance(parent, GraphQLObjectType | GraphQLInterfaceType) else {}
        field = fields.get(node.name.value)
        if field is None or node.selection_set is None:
            return _Cost()
        kind = get_named_type(field.type)
        if not is_composite_type(kind):
            return _Cost()
        inner = self._of(node.selection_set, kind)
        whole = 1 + inner.fixed + inner.each_entry * self._page_size(node, field)
        if not _is_list(field.type):
            return _Cost(fixed=whole)
        return _Cost(each_entry=whole) if "pageInfo" in fields else _Cost(fixed=whole * LIST_SIZE)

    def _page_size(self, node: FieldNode, field: GraphQLField) -> int:
        argument = field.args.get(_FIRST)
        if argument is None:
            return LIST_SIZE
        for given in node.arguments or ():
            if given.name.value == _FIRST:
                size = _number(given.value, self._variables)
                return LIST_SIZE if size is None else max(0, size)
        return argument.default_value if isinstance(argument.default_value, int) else LIST_SIZE


def _variables_of(operation: OperationDefinitionNode, given: Mapping[str, Any]) -> dict[str, int]:
    """The numbers among the variables, with their defaults."""
    found: dict[str, int] = {}
    for definition in operation.variable_definitions or ():
        name = definition.variable.name.value
        value = given.get(name) if name in given else _number(definition.default_value, {})
        if isinstance(value, int) and not isinstance(value, bool):
            found[name] = value
    return found


def _number(value: ValueNode | None, variables: Mapping[str, int]) -> int | None:
    if isinstance(value, IntValueNode):
        return int(value.value)
    if isinstance(value, VariableNode):
        return variables.get(value.name.value)
    return None


def _is_list(kind: GraphQLOutputType) -> bool:
    return is_list_type(kind.of_type if is_non_null_type(kind) else kind)
