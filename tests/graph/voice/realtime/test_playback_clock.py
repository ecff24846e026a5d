"""What a client can have played: never more than was sent, never backwards but for a cut."""

from __future__ import annotations

from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from graph.voice.realtime.playback_clock import PlaybackClock

_A, _B = uuid4(), uuid4()
_steps = st.lists(
    st.tuples(st.sampled_from(["wait", "sent", "freeze", "thaw", "cut", "forget"]), st.floats(0, 3_000), st.booleans()),
    max_size=40,
)


class Time:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def positions(clock: PlaybackClock) -> dict[UUID, float]:
    return {reply: round(ms, 3) for reply, ms in clock.positions()}


def test_a_reply_is_played_in_real_time_behind_the_one_before() -> None:
    time = Time()
    clock = PlaybackClock(time)
    clock.sent(_A, 500)
    clock.sent(_B, 400)
    time.now += 0.1
    assert positions(clock) == {_A: 0, _B: 0}, "the network takes a while"
    time.now += 0.3
    assert positions(clock) == {_A: 300, _B: 0}
    time.now += 0.3
    assert positions(clock) == {_A: 500, _B: 100}
    clock.freeze()
    time.now += 5
    clock.thaw()
    assert positions(clock) == {_A: 500, _B: 100}
    for _ in range(50):
        time.now += 0.1
        clock.positions()
    assert positions(clock) == {_A: 500, _B: 400}
    clock.forget(_A)
    clock.sent(_B, 600)  # the client had run dry
    time.now += 0.2
    assert positions(clock) == {_B: 500}


@given(_steps)
def test_never_more_than_was_sent(steps: list[tuple[str, float, bool]]) -> None:
    time = Time()
    clock = PlaybackClock(time)
    sent: dict[UUID, float] = {}
    for step, ms, first in steps:
        reply = _A if first else _B
        before = positions(clock)
        if step == "wait":
            time.now += ms / 1e3
        elif step == "sent":
            sent[reply] = max(sent.get(reply, 0), ms)
            clock.sent(reply, ms)
        elif step == "cut":
            sent[reply] = min(ms, sent.get(reply, 0))
            clock.cut(reply, sent[reply])
        elif step == "forget":
            clock.forget(reply)
            sent.pop(reply, None)
        else:
            getattr(clock, step)()
        after = positions(clock)
        assert clock.ahead_ms >= -1e-6
        for each, position in after.items():
            assert position <= sent[each] + 1e-3
            if step not in ("cut", "forget"):
                assert position >= before.get(each, 0)
        played = sum(after.values()) - sum(before.get(each, 0) for each in after)
        if step == "wait":
            assert played <= ms + 1e-3


def test_time_in_which_the_process_was_stopped_proves_nothing() -> None:
    time = Time()
    clock = PlaybackClock(time)
    clock.sent(_A, 9_000)
    time.now += 0.3
    assert positions(clock) == {_A: 200}
    time.now += 20  # SIGSTOP, SIGCONT
    assert positions(clock)[_A] <= 700
