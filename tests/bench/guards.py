"""CPU time of document guards, those of libraries too: ``python -m tests.bench.guards``, a few seconds.

CPU time of one call, the least of several, for documents that are refused and for one that is accepted. What a library
has no counterpart of is validated by graphql-core, which is what the guard spares.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

from graphql import GraphQLError, parse, validate
from strawberry.extensions import max_aliases, query_depth_limiter

from graph.api.schema import schema
from graph.guards.document_limits import check_document, validate_within
from graph.guards.tokens import parse_within
from graph.limits import DocumentLimits
from tests.bench.report import table
from tests.bench.selections import COMMON

_LIMITS = DocumentLimits()
_SCHEMA = schema.graphql_schema


def _ms(call: Callable[[], object], times: int = 5) -> str:
    least = float("inf")
    for _ in range(times):
        begin = time.process_time()
        with suppress(GraphQLError):
            call()
        least = min(least, time.process_time() - begin)
    return f"{least * 1000:.2f}"


def _bomb(depth: int) -> str:
    """Fragments that each spread the next one twice: 2**depth aliases."""
    spreads = "".join(f"fragment f{each} on Query {{ ...f{each + 1} ...f{each + 1} }} " for each in range(depth))
    return f"query q {{ ...f0 }} {spreads} fragment f{depth} on Query {{ a: __typename }}"


def _parsed(name: str, text: str) -> list[str]:
    def theirs() -> object:
        return parse(text, max_lexical_tokens=_LIMITS.max_tokens, max_comments=_LIMITS.max_tokens)

    return [name, _ms(lambda: parse_within(text, _LIMITS)), "parse(max_lexical_tokens, max_comments)", _ms(theirs)]


def _checked(name: str, text: str, rival: str, theirs: Callable[[], object]) -> list[str]:
    document = parse(text)
    return [name, _ms(lambda: check_document(document, _LIMITS)), rival, _ms(theirs, times=1)]


def _rows() -> list[list[str]]:
    deep = query_depth_limiter.create_validator(_LIMITS.max_depth, None)
    aliases = max_aliases.create_validator(_LIMITS.max_aliases)
    bomb, twice, usual = _bomb(16), "{" + "viewer { tenant } " * 300 + "}", COMMON["voxloom"]
    spread, repeated, common = parse(bomb), parse(twice), parse(usual)
    return [
        _parsed("49,000 tokens", "{" + " a" * 49_000 + "}"),
        _parsed("49,000 comments", "#\n" * 49_000 + "{ a }"),
        _parsed("49,000 brackets", "{a" * 49_000),
        _parsed("a number of 90,000 digits", "{ a(b: " + "9" * 90_000 + ") }"),
        _checked("fragments spread 2^16 times", bomb, "QueryDepthLimiter", lambda: validate(_SCHEMA, spread, [deep])),
        _checked("the same", bomb, "MaxAliasesLimiter", lambda: validate(_SCHEMA, spread, [aliases])),
        _checked("one field 300 times", twice, "none: validate()", lambda: validate_within(_SCHEMA, repeated)),
        _parsed("accepted: a whole conversation", usual),
        _checked("the same", usual, "QueryDepthLimiter", lambda: validate(_SCHEMA, common, [deep])),
    ]


if __name__ == "__main__":
    print(table(("document", "guard, ms", "library", "ms"), _rows()))  # noqa: T201
