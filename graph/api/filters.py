"""Filters of lists: from GraphQL input to SQL conditions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, false
from sqlalchemy.orm import InstrumentedAttribute

from db.agents.scenarios import SCENARIOS
from db.commands.sessions import MAX_CUSTOMER_ID
from db.errors import BadUserInput, NotFound
from db.ids import parse_id
from db.languages import parse_language
from db.models.conversation import Session
from db.models.work import CrmRecord
from db.validation import validate_text
from graph.api.inputs import CrmRecordFilter, SessionFilter

_MAX_REFERENCE = 40

#: Crockford's base 32: similar letters are read as digits; spaces and hyphens are ignored.
_AS_HEARD = str.maketrans({"O": "0", "I": "1", "L": "1", " ": None, "-": None})


def of_sessions(wanted: SessionFilter | None) -> Iterator[ColumnElement[bool]]:
    """One condition per given value. Raises BadUserInput for a value that no session can have.

    An unknown or malformed id matches nothing.
    """
    if wanted is None:
        return
    if wanted.customer_id is not None:
        yield Session.customer_id == validate_text(wanted.customer_id, "customerId", max_length=MAX_CUSTOMER_ID)
    if wanted.status is not None:
        yield Session.status == wanted.status
    if wanted.channel is not None:
        yield Session.channel == wanted.channel
    if wanted.language is not None:
        yield Session.language == parse_language(wanted.language)
    if wanted.forked_from is not None:
        try:
            yield Session.forked_from_id == parse_id(wanted.forked_from, "session")
        except NotFound:
            yield false()
    yield from _between(Session.created_at, wanted.created_after, wanted.created_before)


def of_crm_records(wanted: CrmRecordFilter | None) -> Iterator[ColumnElement[bool]]:
    """One condition per given value. Raises BadUserInput for a value that no record can have.

    An unknown or malformed session id matches no records. Records of forked sessions are no requests of customers: they
    are listed only if they are asked for, by ``forked`` or by their session.
    """
    forked = None if wanted is None else wanted.forked
    if forked is not None or wanted is None or wanted.session_id is None:
        yield CrmRecord.forked.is_(bool(forked))
    if wanted is None:
        return
    if wanted.customer_id is not None:
        yield CrmRecord.customer_id == validate_text(wanted.customer_id, "customerId", max_length=MAX_CUSTOMER_ID)
    if wanted.session_id is not None:
        try:
            yield CrmRecord.session_id == parse_id(wanted.session_id, "session")
        except NotFound:
            yield false()
    if wanted.reference is not None:
        yield CrmRecord.reference == clean_reference(wanted.reference)
    if wanted.scenario is not None:
        if wanted.scenario not in SCENARIOS:
            raise BadUserInput(f"Unknown scenario: use one of {', '.join(sorted(SCENARIOS))}.")
        yield CrmRecord.scenario == wanted.scenario
    if wanted.priority is not None:
        yield CrmRecord.priority == wanted.priority
    if wanted.status is not None:
        yield CrmRecord.status == wanted.status
    yield from _between(CrmRecord.created_at, wanted.created_after, wanted.created_before)


def clean_reference(given: str) -> str:
    """A record's reference in its stored form (Crockford's base 32). Raises BadUserInput if it cannot be one."""
    clean = validate_text(given, "reference", max_length=_MAX_REFERENCE).upper().translate(_AS_HEARD)
    if not clean.isalnum() or not clean.isascii():
        raise BadUserInput("reference may have letters and digits only.")
    return clean


def _between(
    column: InstrumentedAttribute[datetime], after: datetime | None, before: datetime | None
) -> Iterator[ColumnElement[bool]]:
    if after is not None:
        yield column >= _moment(after, "createdAfter")
    if before is not None:
        yield column < _moment(before, "createdBefore")


def _moment(given: datetime, what: str) -> datetime:
    if given.tzinfo is None:
        raise BadUserInput(f"{what} needs a time zone, as in 2026-01-31T12:00:00Z.")
    try:
        return given.astimezone(UTC)
    except OverflowError:
        raise BadUserInput(f"{what} is out of range.") from None
