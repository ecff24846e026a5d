"""Where a reply's audio was played: reports of playback, pauses, interruptions, audio that is sent again."""

from __future__ import annotations

import numpy as np

from db.enums import PlaybackSource
from inference.live.reply_track import ReplyTrack
from inference.ports import Samples

ACKS, CLOCK, MARKS = PlaybackSource.ACKS, PlaybackSource.CLOCK, PlaybackSource.MARKS


def ms(milliseconds: float) -> int:
    return round(milliseconds * 16)


def numbered(milliseconds: float, start: float = 0.0) -> Samples:
    """Audio whose samples are their positions in milliseconds."""
    return (np.arange(ms(milliseconds)) / 16 + start).astype(np.float32)


def heard(track: ReplyTrack, until: float, since: float = 0.0) -> Samples:
    """What is heard, as positions in the reply; -1 where it is silent."""
    whole: Samples = np.full(ms(until), -1, np.float32)
    track.written = ms(since)
    for each in track.write(ms(until)):
        part = each.piece.samples[each.start : each.end]
        assert (whole[each.at : each.at + part.size] == -1).all(), "nothing is heard over itself"
        whole[each.at : each.at + part.size] = part
    return whole


def plays(whole: Samples, at: float) -> float:
    """The position that is heard at a time of the call, -1 for silence."""
    return float(whole[ms(at)])


def sent(now: float = 1000.0, length: float = 2000.0) -> ReplyTrack:
    track = ReplyTrack()
    track.sent(ms(now), numbered(length), 16_000)
    return track


def test_without_reports_it_plays_from_when_it_was_sent_and_without_a_gap() -> None:
    track = sent(length=500)
    track.sent(ms(1200), numbered(500, 500), 16_000)
    track.sent(ms(3000), numbered(500, 1000), 16_000)  # the voice was slow
    whole = heard(track, 4000)
    assert [plays(whole, at) for at in (999, 1000, 1499, 1500, 1999, 2001, 3000, 3499, 3501)] == [
        -1,
        0,
        499,
        500,
        999,
        -1,
        1000,
        1499,
        -1,
    ]


def test_the_first_report_places_it_exactly() -> None:
    for source in (ACKS, CLOCK, MARKS):
        track = sent()
        track.played(ms(1100), 0, source)
        track.played(ms(1400), ms(250), source)  # 150 ms on the way
        whole = heard(track, 4000)
        assert [plays(whole, at) for at in (1149, 1150, 2150, 3149, 3151)] == [-1, 0, 1000, 1999, -1]


def test_jitter_of_later_reports_moves_nothing() -> None:
    track = sent()
    for at, position in ((1200, 200), (1400, 330), (1500, 560), (1900, 800), (2200, 1200)):
        track.played(ms(at), ms(position), ACKS)
    whole = heard(track, 3000)
    np.testing.assert_array_equal(whole[ms(1000) :], numbered(2000))


def test_a_playback_that_stalls_is_silent_from_where_it_was_confirmed() -> None:
    track = sent()
    track.played(ms(1500), ms(500), ACKS)
    track.played(ms(2500), ms(1000), ACKS)
    whole = heard(track, 4000)
    assert [plays(whole, at) for at in (1499, 1600, 1999, 2000, 2500, 3499, 3501)] == [499, -1, -1, 500, 1000, 1999, -1]


def test_that_a_clock_has_reached_the_end_does_not_say_when() -> None:
    track = sent(length=500)
    track.played(ms(2500), ms(500), CLOCK)
    assert plays(heard(track, 3000), 1100) == 100


def test_a_mark_at_the_end_says_when() -> None:
    track = sent(length=500)
    track.played(ms(1700), ms(500), MARKS)
    whole = heard(track, 3000)
    assert [plays(whole, at) for at in (1199, 1200, 1699, 1701)] == [-1, 0, 499, -1]


def test_a_pause_holds_it_and_it_goes_on_where_it_was() -> None:
    track = sent()
    track.played(ms(1400), ms(400), ACKS)
    track.pause(ms(1600))
    track.sent(ms(1700), numbered(1000, 2000), 16_000)
    track.resume(ms(2100))
    track.played(ms(2150), ms(600), ACKS)  # it has not gone on
    track.played(ms(2300), ms(750), ACKS)
    whole = heard(track, 5000)
    assert [plays(whole, at) for at in (1599, 1601, 2149, 2150, 3551, 4549, 4551)] == [599, -1, -1, 600, 2001, 2999, -1]


def test_an_interruption_cuts_it() -> None:
    track = sent()
    track.pause(ms(1600))
    track.cut(ms(1900))
    track.played(ms(1950), ms(550), PlaybackSource.TRUNCATE)  # where the client says that it was
    whole = heard(track, 5000)
    assert [plays(whole, at) for at in (1549, 1551, 1600, 2500)] == [549, -1, -1, -1]


def test_what_is_written_is_not_changed() -> None:
    track = sent()
    first = list(track.write(ms(1500)))
    track.played(ms(1800), ms(600), ACKS)  # 200 ms behind
    rest = list(track.write(ms(4000)))
    assert [(each.at, each.start, each.end) for each in first] == [(ms(1000), 0, ms(500))]
    assert [(each.at, each.start, each.end) for each in rest] == [(ms(1700), ms(500), ms(2000))]
    assert track.over


def test_audio_that_is_sent_again_plays_from_there() -> None:
    track = sent()
    track.played(ms(1500), ms(500), ACKS)
    track.again(ms(1600), ms(300))
    track.played(ms(1900), ms(400), ACKS)
    whole = heard(track, 5000)
    assert [plays(whole, at) for at in (1599, 1700, 1799, 1800, 3499, 3501)] == [599, -1, -1, 300, 1999, -1]
