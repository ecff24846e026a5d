"""Coercion of variables and arguments of a compiled query, to the values that resolvers would get."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    visit,
)
from graphql.execution.values import VariableValues, get_argument_values, get_variable_values
from strawberry import Schema
from strawberry.types.arguments import convert_arguments
from strawberry.types.field import StrawberryField

from db.errors import VoxLoomError
from graph.api.declared import Related, declared
from graph.api.windows import Window
from graph.compiled.reads.selection import Operation, Unsupported


class Arguments:
    """Reads the arguments of one operation's root fields. ``switches``: the variables of @skip and @include."""

    def __init__(self, schema: Schema, operation: Operation) -> None:
        self._schema = schema
        self._operation = operation
        self._switches = operation.switches()
        self._windows = _windows_of(schema._schema, operation)

    def variables(self, given: Mapping[str, object]) -> VariableValues:
        """The coerced variables with defaults. Raises Unsupported for values of wrong types."""
        definitions = self._operation.node.variable_definitions or ()
        coerced = get_variable_values(self._schema._schema, definitions, dict(given))
        if isinstance(coerced, list):
            raise Unsupported("variables")
        return coerced

    def windows(self, variables: VariableValues) -> list[tuple[FieldNode, Window]]:
        """The nested lists with arguments, and the window that each asks for. Raises Unsupported for invalid ones."""
        try:
            return [(node, Window.of(**get_argument_values(field, node, variables))) for node, field in self._windows]
        except VoxLoomError as error:
            raise Unsupported(error.code) from None

    def switched(self, variables: VariableValues) -> dict[str, bool]:
        """The values of the switches."""
        try:
            return {name: variables.coerced[name] for name in self._switches}
        except KeyError:
            raise Unsupported("a switch without a value") from None

    # Any: graphql-core has coerced each argument to its own type.
    def of(self, root: GraphQLObjectType, nodes: Sequence[FieldNode], variables: VariableValues) -> dict[str, Any]:
        """The arguments of a root field, by their Python names."""
        field = root.fields[nodes[0].name.value]
        definition: StrawberryField = field.extensions["strawberry-definition"]
        return convert_arguments(
            get_argument_values(field, nodes[0], variables),
            definition.arguments,
            scalar_registry=self._schema.schema_converter.scalar_registry,
            config=self._schema.config,
        )


def _windows_of(schema: GraphQLSchema, operation: Operation) -> list[tuple[FieldNode, GraphQLField]]:
    found = _Windows(TypeInfo(schema))
    for part in (operation.node, *operation.fragments.values()):
        visit(part, TypeInfoVisitor(found.types, found))
    return found.fields


class _Windows(Visitor):
    def __init__(self, types: TypeInfo) -> None:
        super().__init__()
        self.types = types
        self.fields: list[tuple[FieldNode, GraphQLField]] = []

    def enter_field(self, node: FieldNode, *_: object) -> None:
        field = self.types.get_field_def()
        related = None if field is None else declared(field)
        if field is not None and node.arguments and isinstance(related, Related) and related.windows:
            self.fields.append((node, field))
