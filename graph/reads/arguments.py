"""Variables and arguments of an operation, as its resolvers would get them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graphql import FieldNode, GraphQLObjectType
from graphql.execution.values import VariableValues, get_argument_values, get_variable_values
from strawberry import Schema
from strawberry.types.arguments import convert_arguments
from strawberry.types.field import StrawberryField

from graph.reads.selection import Operation, Unsupported


class Arguments:
    """Reads the arguments of one operation's root fields. ``switches``: the variables that change its selection."""

    def __init__(self, schema: Schema, operation: Operation) -> None:
        self._schema = schema
        self._operation = operation
        self._switches = operation.switches()

    def variables(self, given: Mapping[str, Any]) -> VariableValues:
        """The variables with their defaults. Raises Unsupported for what does not fit their types."""
        definitions = self._operation.node.variable_definitions or ()
        coerced = get_variable_values(self._schema._schema, definitions, dict(given))
        if isinstance(coerced, list):
            raise Unsupported("variables")
        return coerced

    def switched(self, variables: VariableValues) -> dict[str, bool]:
        """The values of the switches."""
        try:
            return {name: variables.coerced[name] for name in self._switches}
        except KeyError:
            raise Unsupported("a switch without a value") from None

    def of(self, root: GraphQLObjectType, nodes: Sequence[FieldNode], variables: VariableValues) -> dict[str, Any]:
        """The arguments of a root field, by their names in Python."""
        field = root.fields[nodes[0].name.value]
        definition: StrawberryField = field.extensions["strawberry-definition"]
        return convert_arguments(
            get_argument_values(field, nodes[0], variables),
            definition.arguments,
            scalar_registry=self._schema.schema_converter.scalar_registry,
            config=self._schema.config,
        )
