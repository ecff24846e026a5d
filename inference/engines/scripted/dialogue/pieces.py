"""Numbers and codes that the customer says in pieces, over several messages: a first piece is not filed alone."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from inference.engines.scripted.dialogue.conditions import corrects
from inference.engines.scripted.dialogue.known_values import field_of, known_values
from inference.engines.scripted.dialogue.limits import Unfit
from inference.engines.scripted.dialogue.state import DialogueState, FirstPiece
from inference.engines.scripted.lexicon import fold
from inference.engines.scripted.mentions import Piece, Which, find_piece, is_code, joined_code
from inference.engines.scripted.values import Expectation, Reaction, Understanding
from inference.engines.scripted.wording.asked import IDENTITY_FORMATS

#: Formats of numbers that may be pieces of one.
_MAY_BE_PIECES = frozenset({"account_id", "number", "text"})


def with_pieces(
    state: DialogueState, understood: Understanding, expected: Expectation, values: dict[str, str]
) -> dict[str, str]:
    """The values of an utterance: a first piece is kept for later, and one that follows is joined to it."""
    if state.piece is not None and known_values(state).get(state.piece.field):
        state.piece = None
    name = state.piece.field if state.piece else _asked(state, expected)
    piece = _piece(understood)
    if name is None or piece is None:
        return values
    others = {other: value for other, value in values.items() if _signs(piece.value) not in _signs(value)}
    put = _put(state, name, piece, understood, asked=name in expected.fields)
    if put is None:
        return values
    if put.complete:
        state.piece = None
        return {**others, name: put.value}
    state.turn.piece = name
    state.turn.piece_again = state.piece is not None and _signs(state.piece.value) == _signs(put.value)
    state.piece = FirstPiece(name, put.value)
    return others


def note_incomplete(state: DialogueState, unfit: Iterable[Unfit]) -> None:
    """Keeps a code that lacks something of its form: it may be the first piece of one."""
    for each in unfit:
        if each.rule == "pattern" and is_code(each.value):
            state.piece = FirstPiece(each.name, each.value, told=False)


class _Put(NamedTuple):
    """A number as far as it is known."""

    value: str
    complete: bool


def _put(state: DialogueState, name: str, piece: Piece, understood: Understanding, *, asked: bool) -> _Put | None:
    """The number with this piece; None if it is no piece of it."""
    first = state.piece
    if piece.which is Which.WHOLE:
        return _joined(state, name, piece.value)
    if piece.which is Which.FIRST:
        return _Put(piece.value, complete=False)
    if first is None or (piece.which is Which.BARE and not asked):
        return None
    if piece.which is Which.BARE:
        before, said = _signs(first.value), _signs(piece.value)
        anew = corrects(understood) or understood.reaction is Reaction.NO
        if anew or said.startswith(before):
            again = said == before or not (said.startswith(before) or len(said) > len(before) + 1)
            return _Put(piece.value, complete=False) if again else None
    put = _joined(state, name, first.value, piece.value)
    return put if put.complete or first.told else None


def _joined(state: DialogueState, name: str, *pieces: str) -> _Put:
    """The pieces as one number. One whose form is known is complete if it has it."""
    field = None if name in IDENTITY_FORMATS else field_of(state, name)
    if field is None or "pattern" not in field.json_schema:
        return _Put("".join(pieces), complete=True)
    code = joined_code(pieces, field)
    return _Put(code or "".join(pieces), complete=code is not None)


def _asked(state: DialogueState, expected: Expectation) -> str | None:
    """The field that was asked for and whose value may be said in pieces: an account, or a code of a form."""
    known = known_values(state)
    asked = zip(expected.fields, expected.formats, strict=True)
    for name, form in sorted(asked, key=lambda each: each[0] in IDENTITY_FORMATS):
        field = None if name in IDENTITY_FORMATS else field_of(state, name)
        formed = field is not None and form is None and "pattern" in field.json_schema
        if (form == "account_id" or formed) and not known.get(name):
            return name
    return None


def _piece(understood: Understanding) -> Piece | None:
    """The piece of a number that is said, where it is no amount, day or the like."""
    text = understood.text.strip(" .,!?")
    piece = find_piece(understood.text, understood.language)
    if piece is None:
        return Piece(Which.BARE, text, ()) if is_code(text) else None
    inside = [
        each for each in understood.mentions for start, end in piece.spans if each.start < end and start < each.end
    ]
    other = any(each.retracted or each.format not in _MAY_BE_PIECES for each in inside)
    return None if other else piece


def _signs(value: str) -> str:
    """Letters and digits alone."""
    return re.sub(r"[\W_]", "", fold(value))
