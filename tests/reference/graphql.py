"""The GraphQL schema as Markdown, a page per kind of type, from ``graph/schema.graphql``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    build_schema,
    get_named_type,
    is_specified_scalar_type,
    print_ast,
)

_SCHEMA = Path(__file__).parents[2] / "graph" / "schema.graphql"

#: The page of each kind of type, in the order in which a type is looked for.
_PAGES: tuple[tuple[str, type[GraphQLNamedType]], ...] = (
    ("types.md", GraphQLObjectType),
    ("interfaces.md", GraphQLInterfaceType),
    ("inputs.md", GraphQLInputObjectType),
    ("enums.md", GraphQLEnumType),
    ("scalars.md", GraphQLScalarType),
)

_INTRODUCTIONS = {
    "types.md": "Types\n\nThe objects that answers consist of, events among them.",
    "interfaces.md": "Interfaces\n\nSelect further fields by a fragment on a type that implements the interface.",
    "inputs.md": "Inputs\n\nThe objects that arguments consist of.",
    "enums.md": "Enums",
    "scalars.md": "Scalars\n\nBeside GraphQL's own: Int, Float, String, Boolean, ID.",
}


def graphql_pages() -> dict[str, str]:
    """Each page by its path below ``docs/reference/``."""
    schema = build_schema(_SCHEMA.read_text())
    roots = {
        "queries.md": ("Queries", schema.query_type),
        "mutations.md": ("Mutations", schema.mutation_type),
        "subscriptions.md": ("Subscriptions", schema.subscription_type),
    }
    pages = {name: _root_page(title, kind) for name, (title, kind) in roots.items() if kind is not None}
    operations = {kind.name for _, kind in roots.values() if kind is not None}
    for name, kind in _PAGES:
        found = [
            each
            for each in schema.type_map.values()
            if isinstance(each, kind)
            and each.name not in operations
            and not each.name.startswith("__")
            and not is_specified_scalar_type(each)
        ]
        pages[name] = _type_page(_INTRODUCTIONS[name], sorted(found, key=lambda each: each.name), schema)
    return {f"graphql/{name}": page for name, page in pages.items()}


def _root_page(title: str, root: GraphQLObjectType) -> str:
    parts = [f"# {title}"]
    for name, field in root.fields.items():
        parts += [f"## {name}", _text(field.description), f"Returns {_type(field)}."]
        if field.args:
            parts.append(_table(("argument", "type", "default", "meaning"), _rows(field.args)))
    return _joined(parts)


def _type_page(introduction: str, types: Iterable[GraphQLNamedType], schema: GraphQLSchema) -> str:
    parts = [f"# {introduction}"]
    for each in types:
        parts += [f"## {each.name}", _text(each.description), *_details(each, schema)]
    return _joined(parts)


def _details(kind: GraphQLNamedType, schema: GraphQLSchema) -> list[str]:
    if isinstance(kind, GraphQLEnumType):
        return [_table(("value", "meaning"), [(f"`{name}`", _cell(v.description)) for name, v in kind.values.items()])]
    if isinstance(kind, GraphQLInputObjectType):
        one_of = ["Exactly one of the fields is given."] if kind.is_one_of else []
        return [*one_of, _table(("field", "type", "default", "meaning"), _rows(kind.fields))]
    if isinstance(kind, GraphQLScalarType):
        return [f"Specified by <{kind.specified_by_url}>."] if kind.specified_by_url else []
    assert isinstance(kind, GraphQLObjectType | GraphQLInterfaceType)
    related = _links("Implements", kind.interfaces)
    if isinstance(kind, GraphQLInterfaceType):
        related += _links("Implemented by", schema.get_possible_types(kind))
    rows = [(_signature(name, field), _type(field), _cell(field.description)) for name, field in kind.fields.items()]
    return [*related, _table(("field", "type", "meaning"), rows)]


def _signature(name: str, field: GraphQLField) -> str:
    return f"`{name}({', '.join(field.args)})`" if field.args else f"`{name}`"


def _rows(given: Mapping[str, GraphQLArgument] | Mapping[str, GraphQLInputField]) -> list[tuple[str, ...]]:
    return [(f"`{name}`", _type(each), _default(each), _cell(each.description)) for name, each in given.items()]


def _default(given: GraphQLArgument | GraphQLInputField) -> str:
    default = given.default
    return "" if default is None or default.literal is None else f"`{print_ast(default.literal)}`"


def _type(of: GraphQLField | GraphQLArgument | GraphQLInputField) -> str:
    """The type as GraphQL writes it, linked to its page."""
    named = get_named_type(of.type)
    return f"`{of.type}`" if is_specified_scalar_type(named) else f"[`{of.type}`]({_address(named)})"


def _address(kind: GraphQLNamedType) -> str:
    page = next(name for name, of in _PAGES if isinstance(kind, of))
    return f"{page}#{kind.name.lower()}"


def _links(label: str, kinds: Iterable[GraphQLNamedType]) -> list[str]:
    links = [f"[{each.name}]({_address(each)})" for each in sorted(kinds, key=lambda each: each.name)]
    return [f"{label} {', '.join(links)}."] if links else []


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _text(description: str | None) -> str:
    return (description or "").strip()


def _cell(description: str | None) -> str:
    return " ".join(_text(description).split()).replace("|", "\\|")


def _joined(parts: Iterable[str]) -> str:
    return "\n\n".join(filter(None, parts)) + "\n"
