"""Heard ledger: never says more than was played, and only grows."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.enums import PlaybackSource
from inference.live.ledger import HeardLedger

ACKS = PlaybackSource.ACKS
_words = st.lists(st.text(alphabet="abcdé", min_size=1, max_size=9), max_size=8).map(" ".join)
_pieces = st.lists(st.tuples(_words, st.floats(1, 5_000)), max_size=8)
_numbers = st.floats(allow_nan=True, allow_infinity=True) | st.floats(-100, 50_000)


def ledger(*pieces: tuple[str, float]) -> HeardLedger:
    made = HeardLedger()
    for text, ms in pieces:
        made.sent(text, ms)
    return made


def test_without_an_acknowledgement_nothing_was_heard() -> None:
    reply = ledger(("Your bill is paid.", 1_200))
    playback = reply.playback(interrupted=False)
    assert (playback.heard_text, playback.heard_ms, playback.total_ms) == ("", 0, 1_200)
    assert playback.source is PlaybackSource.NONE


def test_text_is_cut_by_characters_and_rounded_down_to_a_word() -> None:
    reply = ledger(("one two three four", 1_800), ("five six", 800))
    heard = []
    for ms in (0, 299, 300, 699, 700, 1_299, 1_300, 1_799, 1_800, 2_199, 2_200, 2_600):
        reply.played(ms, ACKS)
        heard.append(reply.heard_text())
    assert heard == [
        "",
        "",
        "one",
        "one",
        "one two",
        "one two",
        "one two three",
        "one two three",
        "one two three four",
        "one two three four",
        "one two three four five",
        "one two three four five six",
    ]
    assert reply.complete


def test_more_acknowledged_than_sent_counts_as_sent() -> None:
    reply = ledger(("Hello there.", 500))
    assert reply.played(9_999, PlaybackSource.TRUNCATE)
    reply.sent("And more.", 500)
    assert (reply.heard_ms, reply.heard_text()) == (500, "Hello there.")
    assert not reply.complete


@pytest.mark.parametrize("ms", [math.nan, math.inf, -math.inf, -1.0])
def test_what_is_no_duration_is_ignored(ms: float) -> None:
    reply = ledger(("Hello there.", 500))
    assert not reply.played(ms, ACKS)
    assert reply.heard_ms == 0
    assert not reply.reported


def test_a_truncate_event_replaces_what_the_clock_counted() -> None:
    reply = ledger(("one two three four", 1_800))
    reply.played(1_500, PlaybackSource.CLOCK)
    assert reply.played(800, PlaybackSource.TRUNCATE)
    assert not reply.played(1_800, PlaybackSource.CLOCK)
    playback = reply.playback(interrupted=True)
    assert (playback.heard_text, playback.heard_ms, playback.source) == ("one two", 800, PlaybackSource.TRUNCATE)


def test_a_source_of_none_acknowledges_nothing() -> None:
    reply = ledger(("Hello there.", 500))
    assert not reply.played(500, PlaybackSource.NONE)
    assert reply.heard_text() == ""


@given(pieces=_pieces, acks=st.lists(_numbers, max_size=8))
def test_never_more_than_was_played_and_only_growing(pieces: list[tuple[str, float]], acks: list[float]) -> None:
    reply = HeardLedger()
    waiting = list(pieces)
    heard_before, played = "", 0.0
    for ack in acks:
        if waiting:
            reply.sent(*waiting.pop(0))
        sent = reply.total_ms
        reply.played(ack, ACKS)
        if math.isfinite(ack):
            played = max(played, min(ack, sent))
        assert reply.heard_ms <= played
        text = reply.heard_text()
        assert text.startswith(heard_before)
        said = [word for piece, _ in pieces for word in re.findall(r"\S+", piece)]
        assert text.split() == said[: len(text.split())]  # whole words, from the beginning
        assert len(text) <= _most_characters(pieces, played)
        heard_before = text


def _most_characters(pieces: list[tuple[str, float]], played: float) -> float:
    """Characters that can have been heard after ``played`` ms, with the spaces between pieces."""
    characters, left = 0.0, played
    for text, ms in pieces:
        share = min(1.0, left / ms)
        characters += len(text) * share + 1
        left -= ms
        if left <= 0:
            break
    return characters


def test_after_a_backchannel_the_clock_goes_on_from_where_the_truncate_was() -> None:
    ledger = HeardLedger()
    ledger.sent("One two three four.", 1_000)
    assert ledger.played(600, PlaybackSource.CLOCK)
    assert ledger.played(500, PlaybackSource.TRUNCATE)
    assert not ledger.played(700, PlaybackSource.CLOCK)
    ledger.resumed()
    assert ledger.played(700, PlaybackSource.CLOCK)
    assert (ledger.heard_ms, ledger.playback(interrupted=False).source) == (700, PlaybackSource.CLOCK)
