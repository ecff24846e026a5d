"""Query cost analysis: estimates the number of objects in a response before the operation runs.

After IBM's cost directives (https://ibm.github.io/graphql-specs/cost-spec.html), with list sizes from the schema: a
page has ``first`` or ``last`` entries; any other list counts as short, since a session's own rows bound it. Where a
session's lists are repeated (``graph.guards.repetition``), objects are counted while the response is built.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

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
    Undefined,
    ValueNode,
    VariableNode,
    get_named_type,
    get_operation_ast,
    is_composite_type,
    is_list_type,
    is_non_null_type,
)

from graph.guards.fragments import fragments_of, innermost_first, reachable, selections
from graph.limits import DEFAULT_PAGE_SIZE

#: Assumed entries of a list without paging, such as the messages of a session.
LIST_SIZE = 5

_SIZES = ("first", "last")


class _Cost(NamedTuple):
    """Objects: ``fixed``, and ``each_entry`` for each entry of the enclosing page."""

    fixed: int = 0
    each_entry: int = 0

    def plus(self, other: _Cost) -> _Cost:
        return _Cost(self.fixed + other.fixed, self.each_entry + other.each_entry)


def cost_of(
    schema: GraphQLSchema, document: DocumentNode, operation_name: str | None, variables: Mapping[str, object] | None
) -> int:
    """The estimated number of objects in an operation's response; 0 if the operation is ambiguous.

    Leaves and introspection cost nothing (`check_document` bounds introspection), and neither do fields that the schema
    does not have, so the document need not be validated. Raises GraphQLError for a fragment cycle.
    """
    operation = get_operation_ast(document, operation_name)
    if operation is None:
        return 0
    fragments = reachable([operation], fragments_of(document))
    return _OperationCost(schema, operation, variables or {}).total(innermost_first(fragments))


def page_sizes(
    document: DocumentNode, operation_name: str | None, variables: Mapping[str, object] | None
) -> list[tuple[FieldNode, str, int]]:
    """Each field of an operation with a page size: the field, the argument (``first`` or ``last``) and its value."""
    operation = get_operation_ast(document, operation_name)
    if operation is None:
        return []
    given = _variables_of(operation, variables or {})
    sizes = ((field, name, _number(value, given)) for field, name, value in _size_arguments(document, operation))
    return [(field, name, size) for field, name, size in sizes if size is not None]


def depends_on_variables(document: DocumentNode, operation: OperationDefinitionNode) -> bool:
    """Whether the operation's cost or a page size in it depends on its variables."""
    return any(isinstance(value, VariableNode) for _, _, value in _size_arguments(document, operation))


def _size_arguments(
    document: DocumentNode, operation: OperationDefinitionNode
) -> list[tuple[FieldNode, str, ValueNode]]:
    return [
        (field, argument.name.value, argument.value)
        for part in (operation, *reachable([operation], fragments_of(document)).values())
        for field in selections(part.selection_set)
        if isinstance(field, FieldNode)
        for argument in field.arguments or ()
        if argument.name.value in _SIZES
    ]


class _OperationCost:
    """Computes the cost of one operation with one set of variables."""

    def __init__(
        self, schema: GraphQLSchema, operation: OperationDefinitionNode, variables: Mapping[str, object]
    ) -> None:
        self._schema = schema
        self._operation = operation
        self._variables = _variables_of(operation, variables)
        self._fragments: dict[str, _Cost] = {}

    def total(self, innermost_first: list[FragmentDefinitionNode]) -> int:
        for fragment in innermost_first:
            on = self._schema.get_type(fragment.type_condition.name.value)
            self._fragments[fragment.name.value] = self._of(fragment.selection_set, on)
        found = self._of(self._operation.selection_set, self._schema.get_root_type(self._operation.operation))
        return found.fixed + found.each_entry * DEFAULT_PAGE_SIZE

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
        is_list = is_list_field(field.type)
        size = self._size(node, field)
        if is_list and "pageInfo" not in fields:
            return _Cost(fixed=(1 + inner.fixed + inner.each_entry * DEFAULT_PAGE_SIZE) * size)
        whole = 1 + inner.fixed + inner.each_entry * size
        return _Cost(each_entry=whole) if is_list else _Cost(fixed=whole)

    def _size(self, node: FieldNode, field: GraphQLField) -> int:
        """The number of entries of a page or list, from its arguments."""
        pages = "first" in field.args and field.args["first"].default_value is not Undefined
        default = field.args["first"].default_value if pages else None
        usual = default if isinstance(default, int) else LIST_SIZE if is_list_field(field.type) else DEFAULT_PAGE_SIZE
        given = {each.name.value: each.value for each in node.arguments or ()}
        for name in reversed(_SIZES):  # last overrides the default of first
            value = given.get(name) if name in field.args else None
            size = None if value is None else _number(value, self._variables)
            if size is not None:
                return max(0, size)
        return usual


def _variables_of(operation: OperationDefinitionNode, given: Mapping[str, object]) -> dict[str, int]:
    """The integer variables, with defaults applied."""
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


def is_list_field(kind: GraphQLOutputType) -> bool:
    """Whether a field of this type has a list for its value."""
    return is_list_type(kind.of_type if is_non_null_type(kind) else kind)
