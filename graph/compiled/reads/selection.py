"""What an operation selects of an object (GraphQL specification, "CollectFields"), after it was validated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from graphql import (
    BooleanValueNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    Visitor,
    visit,
)


class Unsupported(Exception):
    """This layer does not know it: a slower one does."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a validated document."""

    node: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]

    @classmethod
    def of(cls, document: DocumentNode, name: str | None) -> Operation | None:
        """The operation of that name, or the only one; null if there is none or it is not clear which."""
        operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
        named = [each for each in operations if name is None or (each.name is not None and each.name.value == name)]
        if len(named) != 1:
            return None
        fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
        return cls(named[0], fragments)

    def switches(self) -> frozenset[str]:
        """The variables on which it depends what is selected."""
        found = _Switches()
        for part in (self.node, *self.fragments.values()):
            visit(part, found)
        return frozenset(found.names)

    def fields(
        self, kind: GraphQLObjectType, sets: Sequence[SelectionSetNode], switched: Mapping[str, bool]
    ) -> dict[str, list[FieldNode]]:
        """The fields selected of an object of ``kind``, by response key, in the order of the answer."""
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
            if not _included(node.directives or (), switched):
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
    """The selection sets of fields that share a response key."""
    return [node.selection_set for node in nodes if node.selection_set is not None]


def _applies(condition: str, kind: GraphQLObjectType) -> bool:
    return condition == kind.name or any(each.name == condition for each in kind.interfaces)


def _included(directives: Sequence[DirectiveNode], switched: Mapping[str, bool]) -> bool:
    for directive in directives:
        name = directive.name.value
        if name not in ("skip", "include"):
            raise Unsupported(name)
        (argument,) = directive.arguments or ()
        value = argument.value
        if isinstance(value, VariableNode):
            given = switched[value.name.value]
        elif isinstance(value, BooleanValueNode):
            given = value.value
        else:
            raise Unsupported(name)
        if given is (name == "skip"):
            return False
    return True


class _Switches(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_directive(self, node: DirectiveNode, *_: object) -> None:
        for argument in node.arguments or ():
            if isinstance(argument.value, VariableNode):
                self.names.add(argument.value.name.value)
