"""Search in conversations: words that either side said, and what CRM records hold, in Postgres.

The functions and their indexes are those of the migration 0016. A word is found by its beginning or by its stem, in
whichever messages and records of a session it stands; a session is found if it has all words. Account numbers,
telephone numbers and references are found in one piece too, however they are written.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, CompoundSelect, Select, cast, false, func, intersect, select, union
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.sql.elements import SQLColumnExpression

from db.agents.references import as_stored
from db.models.conversation import Message
from db.models.work import CrmRecord
from db.validation import validate_text

MAX_SEARCH = 200

#: Words that count; a longer text is found by its first ones.
MAX_WORDS = 8

_MIN_IDENTIFIER = 4

_SPLIT = re.compile(r"[\s!-/:-@\[-`{-~\u2019]+")  # white space and the punctuation of ASCII
_NO_IDENTIFIER = re.compile("[^a-z0-9]")

_Ids = Select[UUID] | CompoundSelect[UUID]


@dataclass(frozen=True, slots=True)
class Search:
    """A search. ``words``: a session must have all. ``identifiers``: a tsquery of what is found in one piece, or ""."""

    words: tuple[str, ...]
    identifiers: str


def parse_search(text: str) -> Search:
    """Raises BadUserInput for a text that is too long, blank, or not storable.

    Without words and identifiers it finds nothing.
    """
    validate_text(text, "search", max_length=MAX_SEARCH)
    words = dict.fromkeys(word for word in _SPLIT.split(text.lower()) if any(each.isalnum() for each in word))
    squeezed = dict.fromkeys(_NO_IDENTIFIER.sub("", each.lower()) for each in (text, as_stored(text)))
    identifiers = [each for each in squeezed if len(each) >= _MIN_IDENTIFIER and any(map(str.isdigit, each))]
    return Search(tuple(words)[:MAX_WORDS], " | ".join(identifiers))


def has_said(
    session_id: SQLColumnExpression[UUID],
    words: Sequence[ColumnElement[str]],
    identifiers: ColumnElement[str] | None,
) -> ColumnElement[bool]:
    """SQL: whether a session has all ``words``, or one of the ``identifiers``; false without any.

    The ids are found by the indexes first, those of other tenants too: the caller's condition on the tenant drops them.
    """
    found: list[_Ids] = []
    if words:
        found.append(intersect(*map(_with_word, words)) if len(words) > 1 else _with_word(words[0]))
    if identifiers is not None:
        found.append(_in_records(cast(identifiers, TSQUERY)))
    if not found:
        return false()
    return session_id.in_(union(*found) if len(found) > 1 else found[0])


def _with_word(word: ColumnElement[str]) -> CompoundSelect[UUID]:
    query = func.voxloom_word_query(word)
    message = Message.__table__.alias()
    said = func.voxloom_said_words(message.c.text, message.c.language)
    return union(select(message.c.session_id).where(said.op("@@")(query)), _in_records(query))


def _in_records(query: ColumnElement[str]) -> Select[UUID]:
    record = CrmRecord.__table__.alias()
    columns = (getattr(record.c, name) for name in ("reference", "name", "phone", "account_id", "query", "details"))
    return select(record.c.session_id).where(func.voxloom_record_words(*columns).op("@@")(query))
