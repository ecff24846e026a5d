"""The client's playback buffer: in order, silence between, and how much of an item was played when it is cut."""

from __future__ import annotations

from graph.cli.call.playout import BYTES_PER_SECOND, Playout


def test_audio_comes_in_order_and_silence_where_there_is_none() -> None:
    playout = Playout()
    playout.add("a", b"\1\1\1\1")
    playout.add("b", b"\2\2")
    assert playout.pull(2) == b"\1\1"
    assert playout.playing
    assert playout.pull(6) == b"\1\1\2\2\0\0"
    assert not playout.playing
    assert playout.played_bytes == 6


def test_a_cut_names_the_item_that_plays_and_what_was_played_of_it() -> None:
    playout = Playout()
    assert playout.stop() is None
    second = bytes(BYTES_PER_SECOND)
    playout.add("a", second)
    playout.add("b", second)
    playout.pull(BYTES_PER_SECOND + BYTES_PER_SECOND // 4)
    assert playout.stop() == ("b", 250)
    assert playout.pull(2) == b"\0\0"
    assert playout.stop() is None
