"""The caller's audio in order, with silence for what is lost."""

from __future__ import annotations

import pytest

from graph.voice.twilio.jitter_buffer import JitterBuffer
from graph.voice.twilio.messages import Media

_SILENCE = b"\xff" * 160


def frame(chunk: int, at_ms: int | None = None) -> Media:
    return Media(chunk, (chunk - 1) * 20 if at_ms is None else at_ms, bytes([chunk]) * 160)


def heard(audio: bytes) -> list[int]:
    """The chunks of audio, 255 for silence."""
    assert len(audio) % 160 == 0
    return [audio[at] for at in range(0, len(audio), 160)]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ([1, 2, 3], [1, 2, 3]),
        ([1, 3, 2, 4], [1, 2, 3, 4]),
        ([3, 2, 1], [1, 2, 3]),
        ([1, 2, 2, 3, 3], [1, 2, 3]),
        ([1, 2, 4, 5, 6, 7, 8, 9], [1, 2, 255, 4, 5, 6, 7, 8, 9]),
        ([1, 4, 5, 6, 7, 8], [1, 255, 255, 4, 5, 6, 7, 8]),
        ([1, 3, 4, 5, 6, 7, 2, 8], [1, 255, 3, 4, 5, 6, 7, 8]),  # 2 comes too late
        ([5, 6, 7, 8, 9], [5, 6, 7, 8, 9]),  # the stream begins in the middle
    ],
)
def test_audio_is_put_in_order(order: list[int], expected: list[int]) -> None:
    buffer = JitterBuffer()
    assert heard(b"".join(buffer.add(frame(each)) for each in order)) == expected


def test_what_waits_at_the_end_is_not_lost() -> None:
    buffer = JitterBuffer()
    assert heard(buffer.add(frame(1)) + buffer.add(frame(3)) + buffer.add(frame(5))) == [1]
    assert heard(buffer.flush()) == [255, 3, 255, 5]
    assert (buffer.lost, buffer.late) == (2, 0)


def test_a_gap_in_time_is_silence_of_a_second_at_most() -> None:
    buffer = JitterBuffer()
    assert heard(buffer.add(frame(1)) + buffer.add(frame(2, 100))) == [1, 255, 255, 255, 255, 2]
    assert heard(buffer.add(frame(3, 10**9))) == [255] * 50 + [3]
    assert heard(buffer.add(frame(4, 0))) == [4]


def test_few_messages_wait() -> None:
    buffer = JitterBuffer()
    waiting = [len(buffer.add(frame(each))) for each in range(2, 200, 2)]
    assert max(waiting) <= 160 * 3
    assert sum(waiting) // 160 >= 150
