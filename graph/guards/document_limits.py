"""Limits of a document (depth, fields, aliases, cost), checked before graphql-core's validation, which is quadratic."""

from __future__ import annotations

from collections.abc import Mapping

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    MaxIntrospectionDepthRule,
    OperationDefinitionNode,
    OperationType,
    get_operation_ast,
    specified_rules,
    validate,
)
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from db.errors import BadUserInput, Forbidden, QueryTooComplex, VoxLoomError
from graph.guards.costs import cost_of, page_sizes
from graph.guards.fragments import fragments_of, innermost_first, operations_of, reachable
from graph.guards.overlaps import overlaps
from graph.guards.refusals import refusal
from graph.guards.repetition import repeats_lists
from graph.guards.size import Measure, measure
from graph.limits import INTROSPECTION_DEPTH, DocumentLimits

_Part = OperationDefinitionNode | FragmentDefinitionNode

#: Pairs of fields that graphql-core may compare: about ten milliseconds.
_MAX_OVERLAPS = 5_000

#: Operations in one document, of which one is run.
_MAX_OPERATIONS = 50

#: Validation stops after this many errors: each costs time for its suggestions.
_MAX_ERRORS = 10

_RULES = (*specified_rules, MaxIntrospectionDepthRule, MaybeNullValidationRule, OneOfInputValidationRule)


def check_operation(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation_name: str | None,
    variables: Mapping[str, object] | None,
    limits: DocumentLimits,
) -> list[GraphQLError]:
    """The errors of an operation before it runs: limits of the document, then its cost, then its validation.

    The order bounds the time: validation is quadratic in parts of a document that the limits bound.
    """
    return (
        check_document(document, limits)
        or check_cost(schema, document, operation_name, variables, limits)
        or validate_within(schema, document)
    )


def check_document(document: DocumentNode, limits: DocumentLimits) -> list[GraphQLError]:
    """At most one error, for the first limit that is exceeded. The document need not be valid.

    Fragments count wherever they are spread and are visited once: linear time.
    """
    try:
        fragments = fragments_of(document)
        ordered = innermost_first(fragments)
    except GraphQLError as error:
        return [error]
    measures: dict[str, Measure] = {}
    for fragment in ordered:
        measures[fragment.name.value] = measure(fragment.selection_set, measures)
    operations = len(operations_of(document))
    if operations > _MAX_OPERATIONS:
        message = f"The document has {operations} operations; at most {_MAX_OPERATIONS} are allowed."
        return [refusal(QueryTooComplex(message))]
    nodes = 0
    roots = _roots(document, fragments)
    for part in roots:
        found = measure(part.selection_set, measures)
        nodes += found.nodes
        fault = _fault(found, nodes, limits)
        if fault is not None:
            return [refusal(fault, part)]
    pairs = 0
    for part in roots:
        pairs += overlaps(part.selection_set, fragments, _MAX_OVERLAPS - pairs)
        if pairs > _MAX_OVERLAPS:
            return [refusal(QueryTooComplex(f"The document selects the same fields over {_MAX_OVERLAPS} times."), part)]
    return []


def validate_within(schema: GraphQLSchema, document: DocumentNode) -> list[GraphQLError]:
    """Validates with graphql-core's and Strawberry's rules, up to ten errors. Call `check_document` first."""
    return validate(schema, document, _RULES, max_errors=_MAX_ERRORS)


def check_cost(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation_name: str | None,
    variables: Mapping[str, object] | None,
    limits: DocumentLimits,
) -> list[GraphQLError]:
    """At most one error: for a page size or an estimated cost above its limit."""
    operation = get_operation_ast(document, operation_name)
    if (
        operation is not None
        and operation.operation is OperationType.SUBSCRIPTION
        and repeats_lists(schema, document, operation_name)
    ):
        message = "An event may not repeat a session's lists for each element of a list."
        return [refusal(QueryTooComplex(message), operation)]
    for field, name, size in page_sizes(document, operation_name, variables):
        if size > limits.max_page_size:
            return [refusal(BadUserInput(f"{name} must be from 1 to {limits.max_page_size}."), field)]
    cost = cost_of(schema, document, operation_name, variables)
    if cost > limits.max_cost:
        message = f"The response may have an estimated {_written(cost)} objects; at most {limits.max_cost} are allowed."
        return [refusal(QueryTooComplex(message + " Ask for shorter pages or fewer nested lists."))]
    return []


def _roots(document: DocumentNode, fragments: dict[str, FragmentDefinitionNode]) -> list[_Part]:
    """The operations and the unused fragments, which validation visits too."""
    operations = operations_of(document)
    used = reachable(operations, fragments)
    return [*operations, *(each for name, each in fragments.items() if name not in used)]


def _fault(found: Measure, nodes: int, limits: DocumentLimits) -> VoxLoomError | None:
    if found.introspections and not limits.introspection:
        return Forbidden("Introspection is switched off on this server.")
    for what, is_there, limit in (
        ("levels of fields", found.depth, limits.max_depth),
        ("levels of fields in an introspection query", found.introspection_depth, INTROSPECTION_DEPTH),
        ("fields, fragments included", nodes, limits.max_fields),
        ("aliases", found.aliases, limits.max_aliases),
        ("aliases within an introspection", found.introspection_aliases, 0),
        ("root fields in an operation", found.fields, limits.max_root_fields),
    ):
        if is_there > limit:
            return QueryTooComplex(f"The document has {_written(is_there)} {what}; at most {limit} are allowed.")
    return None


def _written(number: int) -> str:
    """The number as text; nested fragments may make it astronomically large, which Python refuses to print."""
    return str(number) if number < 10**9 else "more than 1000000000"
