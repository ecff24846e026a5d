"""Compiled reads whose SQL Postgres refuses: a resolver answers in their place, so that clients see no error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from db.logs import error_fields

#: SQLSTATEs of statements that are wrong, whatever the rows: syntax, types, unknown columns and functions.
_WRONG = ("42601", "42703", "42804", "42846", "42883")


@contextmanager
def no_wrong_statement() -> Iterator[None]:
    """Fails if a compiled read within the context had wrong SQL."""
    found: list[dict[str, str]] = []

    def noted(error: BaseException) -> dict[str, str]:
        fields = error_fields(error)
        if fields.get("sqlstate") in _WRONG:
            found.append(fields)
        return fields

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("graph.http.fast_path.error_fields", noted)
        yield
    assert not found, "Postgres refused the SQL of a compiled read"
