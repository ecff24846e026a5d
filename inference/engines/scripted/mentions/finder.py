"""Finds the mentions of an utterance, format by format."""

from __future__ import annotations

import datetime as dt
import re

from db.agents.definition import AgentDefinition
from inference.engines.scripted.entities import find_entities
from inference.engines.scripted.lexicon import lexicon
from inference.engines.scripted.values import NOTHING_ASKED, Expectation, Mention

#: Only the beginning is read, which bounds the time that a hostile text can cost.
MAX_CHARS = 2000

_NAMES = frozenset({"person_name", "email", "postal_address"})


def find_mentions(
    text: str,
    language: str,
    agent: AgentDefinition,
    expected: Expectation = NOTHING_ASKED,
    today: dt.date | None = None,
) -> tuple[Mention, ...]:
    """The values in ``text``, in their order; none overlap. Nothing is inferred that was not said.

    ``expected``: what the last reply asked for; decides the meaning of bare values. ``today``: for relative dates.
    """
    found = find_entities(text[:MAX_CHARS], lexicon(language))
    values = [
        ("person_name", found.name, "name"),
        ("phone", found.phone, "phone"),
        ("account_id", found.account_id, "account_id"),
        ("email", found.email, None),
        ("postal_address", found.address, None),
        ("number", found.number, None),
    ]
    mentions = [_place(text, form, value, field) for form, value, field in values if value]
    return tuple(sorted((each for each in mentions if each), key=lambda each: each.start))


def mask(text: str, mentions: tuple[Mention, ...]) -> str:
    """The text with ``NAME`` and ``NUMBER`` in place of its mentions, for the intent classifier."""
    pieces: list[str] = []
    at = 0
    for each in sorted(mentions, key=lambda each: each.start):
        if each.start < at or each.format in {"enum", "text"}:
            continue
        pieces += [text[at : each.start], "NAME" if each.format in _NAMES else "NUMBER"]
        at = each.end
    return "".join([*pieces, text[at:]])


def _place(text: str, form: str, value: str, field: str | None) -> Mention | None:
    joined = r"\W*".join(re.escape(ch) for ch in value if ch.isalnum())
    match = re.search(joined, text[:MAX_CHARS], re.IGNORECASE)
    return Mention(form, value, match.start(), match.end(), field) if match else None
