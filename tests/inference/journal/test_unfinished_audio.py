"""The audio of a call's turn that has not ended, in segments: which of them nothing needs any more."""

from __future__ import annotations

import numpy as np

from inference.journal.record_parts import UnfinishedAudio
from inference.ports import SAMPLE_RATE, Samples


def seconds(count: float) -> Samples:
    return np.zeros(int(SAMPLE_RATE * count), np.float32)


def test_a_turn_needs_its_own_segments_and_not_those_of_what_follows() -> None:
    audio = UnfinishedAudio(0, 0)
    assert [found and found.number for found in (audio.add(seconds(1)), audio.add(seconds(0.4)))] == [1, None]
    last = audio.end_at(1_400)
    assert last is not None
    audio.add(seconds(1))
    assert (last.number, audio.covered(1_400)) == (2, 2)


def test_clearing_what_is_being_said_keeps_an_utterance_that_is_not_stored_yet() -> None:
    audio = UnfinishedAudio(0, 0)
    audio.add(seconds(1))
    audio.end_at(1_000)
    audio.add(seconds(1))
    audio.add(seconds(0.5))
    assert audio.cleared() == 0
    assert audio.covered(1_000) == 1  # it is stored
    assert audio.cleared() == 2


def test_clearing_drops_all_if_nothing_else_was_said() -> None:
    audio = UnfinishedAudio(0, 0)
    audio.add(seconds(1))
    audio.add(seconds(0.5))
    assert (audio.cleared(), audio.take()) == (1, None)


def test_a_new_connection_knows_which_utterances_are_not_stored_yet() -> None:
    before, after = UnfinishedAudio(0, 0), UnfinishedAudio(2_000, 1)
    before.add(seconds(1))
    before.end_at(1_000)
    before.add(seconds(1))  # its segment was not written any more
    before.end_at(2_000)
    after.follow_on(before)
    assert (after.covered(1_000), after.covered(2_000)) == (1, 1)
