"""The check that no sound of a reply comes before its turn's commit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.chaos.call_record import CallTurn
from tests.chaos.heard_replies import Heard, before_commit
from tests.chaos.line import Item

_BEGIN = datetime(2026, 11, 26, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return _BEGIN + timedelta(seconds=seconds)


def turn(asked: str, *, begun: float, reopened: float | None = None) -> CallTurn:
    times = {"begun": at(begun), "committed": at(begun if reopened is None else reopened)}
    count = int(reopened is not None)
    return CallTurn("t", "s", 1, "COMPLETED", count, asked, None, complete=True, playback=None, events=[], **times)


def heard(text: str, seconds: float, *, told: float | None = None, returned: bool = False, done: bool = True) -> Heard:
    numbers = tuple(int(word) for word in text.rstrip(".?").split() if word.isdigit())
    item = Item(f"You said: {text}", at(seconds), completed=done)
    return Heard("s", numbers, item, True, None if told is None else at(told), returned)


@pytest.mark.parametrize(
    ("stored", "sound"),
    [
        (turn("number 3", begun=1), heard("number 3", 2, told=1.1)),
        # reopened since, with more words, or by a sound that has none
        (turn("number 3 number 4", begun=1, reopened=5), heard("number 3", 2, told=1.1)),
        (turn("number 3", begun=1, reopened=5), heard("number 3", 2, told=1.1)),
        # the connection was lost: with the news of the commit, and in the middle of the reply
        (turn("number 3", begun=1, reopened=5), heard("number 3", 2, returned=True)),
        (turn("number 3 number 6", begun=1), heard("number 3", 2, told=1.1, done=False)),
    ],
)
def test_sound_after_the_commit(stored: CallTurn, sound: Heard) -> None:
    assert before_commit([stored], [sound]) == []


@pytest.mark.parametrize(
    ("stored", "sound"),
    [
        (turn("number 3", begun=3), heard("number 3", 2, told=1.1)),
        (turn("number 4", begun=1), heard("number 3", 2, told=1.1)),
        (turn("number 3", begun=1, reopened=5), heard("number 3", 2)),
        (turn("number 3", begun=1, reopened=5), heard("number 3", 0.5, returned=True)),
        (turn("number 3 number 4", begun=1, reopened=5), heard("number 3", 0.5, told=0.4)),
        (turn("number 3 number 4", begun=1, reopened=5), heard("number 3 number 4", 4, told=5.1)),
    ],
)
def test_sound_before_the_commit(stored: CallTurn, sound: Heard) -> None:
    assert before_commit([stored], [sound]) == ["s: " + str(sound.numbers)]
