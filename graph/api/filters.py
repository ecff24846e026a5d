"""Filters of lists: from GraphQL input to SQL conditions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, false
from sqlalchemy.orm import InstrumentedAttribute

from db.agents.references import as_stored
from db.commands.sessions import MAX_CUSTOMER_ID
from db.errors import BadUserInput, NotFound
from db.ids import parse_id
from db.languages import parse_language
from db.models.conversation import Session
from db.models.work import CrmRecord
from db.validation import validate_text
from graph.api.inputs import CrmRecordFilter, SessionFilter

_MAX_REFERENCE = 40

#: ``db.agents.identifier.Identifier``. Records of archived agents and earlier versions can be found too.
_NAME = re.compile("[a-z][a-z0-9_]{0,63}", re.ASCII)


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
        if _NAME.fullmatch(wanted.scenario) is None:
            raise BadUserInput("scenario is the name of a scenario: lower-case letters, digits and _, 1 to 64.")
        yield CrmRecord.scenario == wanted.scenario
    if wanted.priority is not None:
        yield CrmRecord.priority == wanted.priority
    if wanted.status is not None:
        yield CrmRecord.status == wanted.status
    yield from _between(CrmRecord.created_at, wanted.created_after, wanted.created_before)


def clean_reference(given: str) -> str:
    """A record's reference in its stored form. Raises BadUserInput if it cannot be one."""
    clean = as_stored(validate_text(given, "reference", max_length=_MAX_REFERENCE))
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
