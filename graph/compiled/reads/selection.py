"""Field collection for validated operations (GraphQL specification, "CollectFields")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLIncludeDirective,
    GraphQLObjectType,
    GraphQLSkipDirective,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    get_directive_values,
    get_operation_ast,
    print_ast,
)
from graphql.execution.values import VariableValues


class Unsupported(Exception):
    """The operation cannot be compiled; the request falls back to Strawberry and the resolvers."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a validated document."""

    node: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]

    @classmethod
    def of(cls, document: DocumentNode, name: str | None) -> Operation | None:
        """The operation by name, or the only one; None if it is missing or ambiguous."""
        node = get_operation_ast(document, name)
        if node is None:
            return None
        fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
        return cls(node, fragments)

    def switches(self) -> frozenset[str]:
        """The variables that @skip and @include may use: all Booleans."""
        return frozenset(
            each.variable.name.value
            for each in self.node.variable_definitions or ()
            if print_ast(each.type).removesuffix("!") == "Boolean"
        )

    def fields(
        self, kind: GraphQLObjectType, sets: Sequence[SelectionSetNode], switched: Mapping[str, bool]
    ) -> dict[str, list[FieldNode]]:
        """The selected fields of an object of type ``kind``, by response key, in response order."""
        found: dict[str, list[FieldNode]] = {}
        visited: set[str] = set()
        for each in sets:
            self._collect(kind, each, switched, found, visited)
        return found

    def _collect(
        self,
        kind: GraphQLObjectType,
        selected: SelectionSetNode,
        switched: Mapping[str, bool],
        found: dict[str, list[FieldNode]],
        visited: set[str],
    ) -> None:
        for node in selected.selections:
            if node.directives and not _included(node, switched):
                continue
            if isinstance(node, FieldNode):
                found.setdefault((node.alias or node.name).value, []).append(node)
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                if condition is None or _applies(condition.name.value, kind):
                    self._collect(kind, node.selection_set, switched, found, visited)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in visited:
                visited.add(node.name.value)
                fragment = self.fragments[node.name.value]
                if _applies(fragment.type_condition.name.value, kind):
                    self._collect(kind, fragment.selection_set, switched, found, visited)


def inner(nodes: Sequence[FieldNode]) -> list[SelectionSetNode]:
    """The selection sets of fields with the same response key, which merge."""
    return [node.selection_set for node in nodes if node.selection_set is not None]


def _applies(condition: str, kind: GraphQLObjectType) -> bool:
    return condition == kind.name or any(each.name == condition for each in kind.interfaces)


def _included(node: SelectionNode, switched: Mapping[str, bool]) -> bool:
    variables = VariableValues({}, dict(switched))
    skip = get_directive_values(GraphQLSkipDirective, node, variables)
    include = get_directive_values(GraphQLIncludeDirective, node, variables)
    return not (skip and skip["if"]) and (include is None or include["if"])
