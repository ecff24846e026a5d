"""Lexical limits of a document's text, checked before parsing: bytes, tokens, nesting, length of names and numbers."""

from __future__ import annotations

import re

from graphql import DocumentNode, GraphQLSyntaxError, parse

from db.errors import BadUserInput, QueryTooComplex
from graph.guards.refusals import refusal
from graph.limits import DocumentLimits

#: The lexical tokens of the GraphQL specification (section 2.1) and comments. No alternative backtracks, so the scan is
#: linear in any text; malformed tokens are left for the parser to report.
_TOKEN = re.compile(
    r'"""(?:[^"\\]++|\\(?:""")?+|"(?!""))*+(?:""")?+'
    r'|"(?:[^"\\\n\r]++|\\.)*+"?+'
    r"|\#[^\n\r]*+"
    r"|[A-Za-z_][A-Za-z0-9_]*+"
    r"|[0-9]++(?:\.[0-9]++)?+(?:[eE][+-]?+[0-9]++)?+"
    r"|\.\.\.|[{}\[\]()!$&:=@|]"
)

_MAX_DIGITS = 400
_MAX_NAME = 200


def parse_within(text: str, limits: DocumentLimits) -> DocumentNode:
    """Parses ``text``. Raises GraphQLError with a code for a syntax error or a limit that is exceeded."""
    fault = _fault(text, limits)
    if fault is not None:
        raise refusal(fault)
    try:
        return parse(text)
    except GraphQLSyntaxError as error:
        error.extensions = {"code": BadUserInput.code}
        raise


def _fault(text: str, limits: DocumentLimits) -> QueryTooComplex | BadUserInput | None:
    size = len(text)
    if size * 4 > limits.max_document_bytes:  # UTF-8 has at most 4 bytes a character
        size = len(text.encode(errors="surrogatepass"))
    if size > limits.max_document_bytes:
        return QueryTooComplex(f"The document has {size} bytes; at most {limits.max_document_bytes} are taken.")
    depth = 0
    for tokens, match in enumerate(_TOKEN.finditer(text), start=1):
        piece = match[0]
        if piece in "{[(":
            depth += 1
            if depth > limits.max_brackets:
                return QueryTooComplex(f"The document has more than {limits.max_brackets} levels of brackets.")
        elif piece in "}])":
            depth -= 1
        elif piece[0].isdigit():
            if len(piece) > _MAX_DIGITS:
                return BadUserInput(
                    f"The document has a number of {len(piece)} characters; at most {_MAX_DIGITS} are taken."
                )
        elif len(piece) > _MAX_NAME and piece[0] not in '"#':
            return BadUserInput(f"The document has a name of {len(piece)} characters; at most {_MAX_NAME} are taken.")
        if tokens > limits.max_tokens:
            return QueryTooComplex(f"The document has more than {limits.max_tokens} tokens.")
    return None
