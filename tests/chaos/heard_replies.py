"""What callers heard of the replies to their turns, and whether any of it came before its turn's commit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from tests.chaos.call_record import CallTurn
from tests.chaos.callers import Caller
from tests.chaos.engines import numbers_of, reply_to
from tests.chaos.line import Item, Line

Numbers = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Heard:
    """An item of a reply to these utterances.

    ``told``: when the caller was told on this connection, before the item's sound, that a turn with these numbers is
    stored. ``returned``: whether the call had a connection before, whose reply may be sent again.
    """

    session_id: str
    numbers: Numbers
    item: Item
    starts: bool
    told: datetime | None = None
    returned: bool = False


def heard_by(caller: Caller) -> list[Heard]:
    """The items of replies that the caller heard; the rest of a reply, in an item of its own, has no number."""
    found: list[Heard] = []
    numbers: Numbers = ()
    for call in caller.calls:
        for place, line in enumerate(call.lines):
            for item in line.items.values():
                own = numbers_of(item.text)
                text = item.text.strip()
                if own:
                    numbers = own
                elif not (numbers and text in reply_to(_words(numbers))):
                    continue  # a greeting, or the reply to a backchannel; audio that is sent again may have no text yet
                found.append(Heard(call.session_id, numbers, item, bool(own), _told(line, numbers, item), place > 0))
    return found


def _told(line: Line, numbers: Numbers, item: Item) -> datetime | None:
    same = (each.at for each in line.accepted if numbers_of(each.text) == numbers)
    return min((at for at in same if item.at is not None and at <= item.at), default=None)


def _words(numbers: Numbers) -> str:
    return " ".join(f"number {number}" for number in numbers)


def by_numbers(turns: Iterable[CallTurn]) -> dict[tuple[str, Numbers], CallTurn]:
    """The turns by session and the utterances in them."""
    return {(turn.session_id, numbers_of(turn.asked)): turn for turn in turns if numbers_of(turn.asked)}


def before_commit(turns: Sequence[CallTurn], heard: Sequence[Heard]) -> list[str]:
    """Replies of which sound came before the commit of the words that they answer."""
    turn_of = by_numbers(turns)
    wrong = set()
    for each in heard:
        if each.item.at is None:
            continue
        turn = turn_of.get((each.session_id, each.numbers)) or _with_more_words(turns, each)
        if turn is None or turn.committed is None or not _is_after(each, each.item.at, turn):
            wrong.add(f"{each.session_id}: {each.numbers}")
    return sorted(wrong)


def _is_after(heard: Heard, at: datetime, turn: CallTurn) -> bool:
    """Whether the sound came after a commit of the turn that had these words.

    The commits before the last one are known by their first alone. One of them had these words if the turn has more by
    now, or if a sound without words reopened it.
    """
    assert turn.committed is not None
    if at >= turn.committed:
        return True
    if not turn.reopened or turn.begun is None:
        return False
    if numbers_of(turn.asked) != heard.numbers:
        return turn.begun <= at
    if heard.told is None:  # on the connection before, which lost the event, or has it: the reply is sent again
        return heard.returned and turn.begun <= at
    return turn.begun <= heard.told <= at


def _with_more_words(turns: Sequence[CallTurn], heard: Heard) -> CallTurn | None:
    """The turn whose words begin with these, as it was reopened since, or whose reply does, which was cut short."""
    for turn in turns:
        if turn.session_id != heard.session_id:
            continue
        reopened = turn.reopened and numbers_of(turn.asked)[: len(heard.numbers)] == heard.numbers
        cut = not heard.item.completed and reply_to(turn.asked).startswith(heard.item.text.strip())
        if reopened or (cut and heard.starts):
            return turn
    return None
