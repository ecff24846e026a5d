"""The error codes as Markdown, from the classes of ``db/errors.py`` and their docstrings."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import getdoc

from db.errors import VoxLoomError
from graph.wire.negotiation import GRAPHQL_RESPONSE, status_of

_HEAD = f"""# Error codes

Every error of an answer has its code in `extensions.code`, and a message that says what is wrong and what would
be right. *HTTP status*: with `Accept: {GRAPHQL_RESPONSE}`, of an answer that was not executed; plain
`application/json` is answered with 200. *Retry*: `extensions.retryAfterSeconds` says when to try again. An error
without a code of its own is `INTERNAL`: its message has an id (`extensions.errorId`) under which the log has more.

| code | HTTP status | retry | meaning |
|---|---|---|---|
"""

_TAIL = """
`PERSISTED_QUERY_NOT_FOUND` is Apollo's: the server does not know the document of this hash; send its text again.

## Websocket close codes

| code | meaning |
|---|---|
| 1008 | too many messages before `connection_ack` |
| 1009 | a message that is too large, or of too many frames |
| 1013 | the server can take no more for now: try again later |
| 4400 | a message that breaks the protocol |
| 4401 | an operation before `connection_ack` |
| 4403 | the API key is missing or wrong, was revoked or has expired |
| 4408 | no `connection_init` in time |
| 4409 | an operation with the id of one that is open |
| 4429 | a second `connection_init` |
"""


def errors_page() -> str:
    """The page. The first class of a code in ``db/errors.py`` describes it."""
    first: dict[str, type[VoxLoomError]] = {}
    for error in _subclasses(VoxLoomError):
        if error.__module__ == "db.errors" and not error.__name__.startswith("_"):
            first.setdefault(error.code, error)
    rows = (f"| `{code}` | {_status(code)} | {_retry(error)} | {_words(error)} |\n" for code, error in first.items())
    return _HEAD + "".join(rows) + _TAIL


def _subclasses(of: type[VoxLoomError]) -> Iterator[type[VoxLoomError]]:
    for each in of.__subclasses__():
        yield each
        yield from _subclasses(each)


def _status(code: str) -> int:
    return status_of(GRAPHQL_RESPONSE, {"errors": [{"extensions": {"code": code}}]})


def _retry(error: type[VoxLoomError]) -> str:
    return "yes" if "retry_after_seconds" in error.__init__.__code__.co_varnames else ""


def _words(error: type[VoxLoomError]) -> str:
    words = getdoc(error) if error.__doc__ else None
    assert words, f"{error.__name__} has no docstring"
    return " ".join(words.split()).replace("|", "\\|")
