"""Filters of lists: from GraphQL input to conditions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import ge, lt
from typing import Any

from sqlalchemy import ColumnElement, Text, false, func, literal_column
from sqlalchemy.orm import InstrumentedAttribute

from db.agents.references import as_stored
from db.commands.sessions import MAX_CUSTOMER_ID
from db.errors import BadUserInput, NotFound
from db.ids import parse_id
from db.languages import parse_language
from db.models.conversation import Session
from db.models.work import CrmRecord
from db.sessions import summary
from db.sessions.search import Search, has_said, parse_search
from db.validation import validate_text
from graph.api.conditions import Condition, Holds, compare
from graph.api.declared import Columns, Expression
from graph.api.fields import over_columns
from graph.api.inputs import CrmRecordFilter, SessionFilter

_MAX_AGENT = 100
_MAX_REFERENCE = 40

#: ``db.agents.identifier.Identifier``. Records of archived agents and earlier versions can be found too.
_NAME = re.compile("[a-z][a-z0-9_]{0,63}", re.ASCII)


def of_sessions(wanted: SessionFilter | None) -> Iterator[Condition]:
    """One condition per given value. Raises BadUserInput for a value that no session can have.

    An unknown or malformed id matches nothing.
    """
    if wanted is None:
        return
    if wanted.search is not None:
        yield _said(parse_search(wanted.search))
    if wanted.customer_id is not None:
        yield compare(Session.customer_id, _customer_id(wanted.customer_id))
    if wanted.agent is not None:
        yield compare(Session.persona, validate_text(wanted.agent, "agent", max_length=_MAX_AGENT))
    if wanted.status is not None:
        yield compare(Session.status, wanted.status)
    if wanted.outcome is not None:
        yield Condition(_has_outcome, ((wanted.outcome, summary.OUTCOME),))
    if wanted.failed is not None:
        yield Condition(Holds(over_columns(summary.has_failed), wanted.failed))
    if wanted.live_now is not None:
        yield Condition(Holds(over_columns(summary.is_live), wanted.live_now))
    if wanted.evals is not None:
        yield Condition(Holds(_is_eval, wanted.evals))
    if wanted.channel is not None:
        yield compare(Session.channel, wanted.channel)
    if wanted.language is not None:
        yield compare(Session.language, parse_language(wanted.language))
    if wanted.forked_from is not None:
        yield _by_id(Session.forked_from_id, wanted.forked_from, "session")
    yield from _between(Session.created_at, wanted.created_after, wanted.created_before)


def of_crm_records(wanted: CrmRecordFilter | None) -> Iterator[Condition]:
    """One condition per given value. Raises BadUserInput for a value that no record can have.

    An unknown or malformed session id matches no records. Records of forked sessions are no requests of customers: they
    are listed only if they are asked for, by ``forked`` or by their session.
    """
    forked = None if wanted is None else wanted.forked
    if forked is not None or wanted is None or wanted.session_id is None:
        yield Condition(_is_forked if forked else _is_not_forked)
    if wanted is None:
        return
    if wanted.customer_id is not None:
        yield compare(CrmRecord.customer_id, _customer_id(wanted.customer_id))
    if wanted.session_id is not None:
        yield _by_id(CrmRecord.session_id, wanted.session_id, "session")
    if wanted.reference is not None:
        yield compare(CrmRecord.reference, clean_reference(wanted.reference))
    if wanted.scenario is not None:
        if _NAME.fullmatch(wanted.scenario) is None:
            raise BadUserInput("scenario is the name of a scenario: lower-case letters, digits and _, 1 to 64.")
        yield compare(CrmRecord.scenario, wanted.scenario)
    if wanted.priority is not None:
        yield compare(CrmRecord.priority, wanted.priority)
    if wanted.status is not None:
        yield compare(CrmRecord.status, wanted.status)
    yield from _between(CrmRecord.created_at, wanted.created_after, wanted.created_before)


def clean_reference(given: str) -> str:
    """A record's reference in its stored form. Raises BadUserInput if it cannot be one."""
    clean = as_stored(validate_text(given, "reference", max_length=_MAX_REFERENCE))
    if not clean.isalnum() or not clean.isascii():
        raise BadUserInput("reference may have letters and digits only.")
    return clean


def _customer_id(given: str) -> str:
    return validate_text(given, "customerId", max_length=MAX_CUSTOMER_ID)


# Any: a column of any type.
def _by_id(attribute: InstrumentedAttribute[Any], given: str, what: str) -> Condition:
    try:
        return compare(attribute, parse_id(given, what))
    except NotFound:
        return Condition(_nothing)


def _nothing(columns: Columns, values: Sequence[Expression]) -> ColumnElement[bool]:
    return false()


def _is_forked(columns: Columns, values: Sequence[Expression]) -> ColumnElement[bool]:
    return columns.forked.is_(True)


def _is_not_forked(columns: Columns, values: Sequence[Expression]) -> ColumnElement[bool]:
    return columns.forked.is_(False)  # as in the index of references


def _is_eval(columns: Columns) -> ColumnElement[bool]:
    return func.coalesce(func.jsonb_exists(columns["metadata"], literal_column("'eval'")), false())


def _has_outcome(columns: Columns, values: Sequence[Expression]) -> ColumnElement[bool]:
    (wanted,) = values
    return over_columns(summary.outcome)(columns) == wanted


@dataclass(frozen=True, slots=True)
class _Said:
    """A search with this number of words, and with identifiers or not."""

    words: int
    identifiers: bool

    def __call__(self, columns: Columns, values: Sequence[Expression]) -> ColumnElement[bool]:
        return has_said(columns.id, values[: self.words], values[self.words] if self.identifiers else None)


def _said(search: Search) -> Condition:
    values = [*search.words, search.identifiers] if search.identifiers else search.words
    return Condition(_Said(len(search.words), bool(search.identifiers)), tuple((each, Text()) for each in values))


def _between(
    column: InstrumentedAttribute[datetime], after: datetime | None, before: datetime | None
) -> Iterator[Condition]:
    if after is not None:
        yield compare(column, _moment(after, "createdAfter"), ge)
    if before is not None:
        yield compare(column, _moment(before, "createdBefore"), lt)


def _moment(given: datetime, what: str) -> datetime:
    if given.tzinfo is None:
        raise BadUserInput(f"{what} needs a time zone, as in 2026-01-31T12:00:00Z.")
    try:
        return given.astimezone(UTC)
    except OverflowError:
        raise BadUserInput(f"{what} is out of range.") from None
