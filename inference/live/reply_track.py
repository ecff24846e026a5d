"""Where a reply's audio was played, on the call's clock: what the assistant's channel of a recording is made from.

The caller's side is taken to play without a gap from when audio was sent; its reports of playback correct that.
Positions and times are samples at 16 kHz: of the reply's audio, and of the call's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from db.enums import PlaybackSource
from inference.ports import SAMPLE_RATE, Samples

#: Reports of a reply that plays already come through queues and a network: smaller deviations are theirs.
_JITTER = SAMPLE_RATE * 120 // 1000

#: Deviations of the first report that are not worth a correction.
_EXACT = SAMPLE_RATE // 100


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A piece of a reply as it was synthesized: float32 mono at ``rate`` Hz. ``at``: its position in the reply."""

    at: int
    samples: Samples
    rate: int

    @property
    def end(self) -> int:
        return self.at + samples_at_16k(self.samples.size, self.rate)


@dataclass(frozen=True, slots=True)
class Fragment:
    """Part of a piece, from ``start`` to ``end`` of its samples at 16 kHz, that is heard from ``at`` of the call."""

    at: int
    piece: Piece
    start: int
    end: int


@dataclass(slots=True, eq=False)
class _Span:
    """Time in which the reply plays without a gap: from ``at`` of the call, ``length`` samples from ``position``."""

    at: int
    position: int
    length: int

    @property
    def end(self) -> int:
        return self.at + self.length

    def cut(self, at: int) -> None:
        self.length = max(0, min(self.length, at - self.at))


class ReplyTrack:
    """The playback of one reply. ``written``: time up to which the recording is made, which nothing changes any more.

    ``now``: the call's time, in every method.
    """

    def __init__(self) -> None:
        self.written = 0
        self._pieces: list[Piece] = []
        self._spans: list[_Span] = []
        self._total = 0
        self._paused: int | None = None
        self._confirmed = 0
        #: Whether no report has come since it began, or went on.
        self._unsure = True

    @property
    def over(self) -> bool:
        """Whether nothing that is known of it now will be heard from ``written`` on."""
        return self._paused is None and all(span.end <= self.written for span in self._spans)

    def sent(self, now: int, samples: Samples, rate: int) -> None:
        """The next piece was sent."""
        piece = Piece(self._total, samples, rate)
        self._pieces.append(piece)
        before, self._total = self._total, piece.end
        if self._paused is None:
            self._play(now, before)

    def _play(self, now: int, position: int) -> None:
        """The reply plays from ``position`` on, now or when what was sent before has been played."""
        last = self._spans[-1] if self._spans else None
        if last is not None and last.end >= now and last.position + last.length == position:
            last.length += self._total - position
        elif self._total > position:
            at = now if last is None else max(now, last.end)
            self._spans.append(_Span(at, position, self._total - position))

    def pause(self, now: int) -> None:
        """The caller's side holds the playback."""
        if self._paused is None:
            self._paused = self._position(now)
            self._stop(now)

    def resume(self, now: int) -> None:
        """It plays on."""
        if self._paused is not None:
            position, self._paused = self._paused, None
            self._go_on(now, position)

    def cut(self, now: int) -> None:
        """It plays no more."""
        self._stop(now)
        self._paused = None

    def again(self, now: int, position: int) -> None:
        """All from ``position`` on is sent again, to a caller who is back."""
        self.cut(now)
        self._go_on(now, min(position, self._total))

    def _go_on(self, now: int, position: int) -> None:
        self._confirmed, self._unsure = position, True
        self._play(now, position)

    def played(self, now: int, position: int, source: PlaybackSource) -> None:
        """The caller's side reports that it has played up to ``position``."""
        if source is PlaybackSource.TRUNCATE:
            self._end_at(position)
        elif self._paused is None:
            self._correct(now, min(position, self._total), exact=source is PlaybackSource.MARKS)

    def _end_at(self, position: int) -> None:
        """The playback ended there; it may go on from there."""
        for span in self._spans:
            span.cut(max(self.written, span.at + max(0, position - span.position)))
        if self._paused is not None:
            self._paused = min(position, self._total)

    def _correct(self, now: int, position: int, *, exact: bool) -> None:
        span = next((each for each in reversed(self._spans) if each.position <= position), None)
        if span is None:
            return
        late = now - (span.at + position - span.position)
        if position == span.position and late < 0:
            return  # it waits to begin
        if position >= self._total and late > 0 and not exact:
            return  # it may have ended earlier: a clock says only that it has
        if abs(late) > (_EXACT if self._unsure else _JITTER):
            if late > 0 or self._unsure:
                self._shift(span, late)
            else:
                span.cut(now)
                self._spans.append(_Span(now, position, self._total - position))
        self._confirmed = max(self._confirmed, position)
        self._unsure = self._unsure and position == span.position

    def _shift(self, span: _Span, late: int) -> None:
        """What was not confirmed of the span, and is not written, is played so much later; later spans give way."""
        confirmed = max(span.position, self._confirmed, span.position + self.written - span.at)
        done = min(confirmed - span.position, span.length)
        number = self._spans.index(span)
        free = span.at + done if done else self._spans[number - 1].end if number else 0
        rest = _Span(max(span.at + done + late, free, self.written), span.position + done, span.length - done)
        span.cut(span.at + done)
        after, free = [rest], rest.end
        for each in self._spans[number + 1 :]:
            each.at = max(each.at, free)
            free = each.end
            after.append(each)
        self._spans[number + 1 :] = after
        self._spans = [each for each in self._spans if each.length]

    def _position(self, now: int) -> int:
        """The position that plays at a time, or plays next."""
        for span in self._spans:
            if now < span.end:
                return span.position + max(0, now - span.at)
        return self._spans[-1].position + self._spans[-1].length if self._spans else self._total

    def _stop(self, now: int) -> None:
        for span in self._spans:
            span.cut(max(now, self.written) if span.at < self.written else now)
        self._spans = [each for each in self._spans if each.length]

    def write(self, end: int) -> Iterator[Fragment]:
        """What is heard from ``written`` to ``end``, which is written then."""
        start, self.written = self.written, end
        for span in self._spans:
            first, last = max(start, span.at), min(end, span.end)
            for piece in self._pieces if first < last else ():
                # From the call's time to the piece's own samples.
                offset = span.position - span.at - piece.at
                begins, ends = max(0, first + offset), min(piece.end - piece.at, last + offset)
                if begins < ends:
                    yield Fragment(begins - offset, piece, begins, ends)
        self._spans = [each for each in self._spans if each.end > end]


def samples_at_16k(size: int, rate: int) -> int:
    """How many samples a piece has when it is resampled to 16 kHz."""
    return round(size * SAMPLE_RATE / rate)
