"""Recognition of a caller's turn by Whisper while it is spoken: partial words, segments, final words."""

from __future__ import annotations

import asyncio
import copy
import threading
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from db.errors import EngineUnavailable
from db.logs import retrieve_exception
from inference.audio.vad import SpeechDetector
from inference.cancellation import outlast_cancellation
from inference.engines.whisper.decoding import PieceDecoder, Stopped, WhisperModel
from inference.engines.whisper.live_audio import LiveAudio, Piece
from inference.engines.whisper.partials import PARTIAL_SECONDS, LocalAgreement, quick_words
from inference.engines.whisper.windowing import BEAMS, LanguageTracker, joined, segment_of
from inference.lane import Lane, Priority
from inference.ports import SAMPLE_RATE, Samples, Segment, Transcript

T = TypeVar("T")

#: Seconds after which no further attempt at a doubtful piece begins: a caller waits.
_PATIENCE = 0.6

#: Seconds: partial words that waited longer come half as often, down to a quarter; and a wait after which they are
#: dropped if the caller has gone on.
_LONG_WAIT, _STALE = 0.2, 0.5
_SLOWEST = 4


@dataclass(frozen=True, slots=True)
class StreamModels:
    """What a stream recognises with. ``quick``: smaller models for partial words, by language.

    ``new_seconds``: new audio before the next partial words.
    """

    good: WhisperModel[Any]
    detector: SpeechDetector
    quick: Mapping[str, WhisperModel[Any]]
    new_seconds: float
    beams: int = BEAMS


@dataclass(frozen=True, slots=True)
class Heard:
    """A decoded piece. ``tracker``: what is known of the language after it. ``segment``: None without words."""

    segment: Segment | None
    tokens: int
    details: Mapping[str, Any]
    tracker: LanguageTracker


@dataclass(slots=True)
class _Closed:
    """A piece that is closed. ``draft``: its partial words, if no speech follows it in them; ``heard`` once decoded."""

    piece: Piece
    draft: str | None
    heard: Heard | None = None


@dataclass(frozen=True, slots=True)
class _Open:
    """Open speech as it was last decoded: the cut before it, the end of its speech, and what was heard."""

    start: int
    end: int
    heard: tuple[Heard, ...]

    def is_of(self, start: int, pieces: Sequence[Piece]) -> bool:
        """Whether these pieces hold the same speech; the silence after it may be longer."""
        return (self.start, self.end, len(self.heard)) == (start, pieces[-1].speech[-1].end, len(pieces))


class WhisperStream:
    """Implements ``inference.ports.RecognitionStream``. Its state belongs to the event loop, the models to the lane."""

    def __init__(self, models: StreamModels, lane: Lane, language: str | None, among: Sequence[str]) -> None:
        """Raises EngineUnavailable for an unknown language."""
        if language is not None and language not in models.good.languages:
            raise EngineUnavailable(f"The speech recognition model does not know the language {language!r}.")
        expected = (language,) if language else tuple(each for each in among if each in models.good.languages)
        self._models = models
        self._lane = lane
        self._language = language
        self._expected = expected or models.good.languages
        self._first_tracker = LanguageTracker(self._expected, given=language is not None)
        self._audio = LiveAudio(models.detector)
        self._closed: list[_Closed] = []
        self._closing: asyncio.Task[None] | None = None
        self._words = LocalAgreement()
        self._shown = ""
        self._partial_end = 0
        #: How much longer than usual the caller speaks before the next partial words.
        self._slower = 1
        self._open: _Open | None = None
        self._stop = threading.Event()
        self._open_stop = threading.Event()

    def feed(self, samples: Samples) -> None:
        """See ``ports.RecognitionStream``."""
        self._audio.feed(samples)

    def pause(self) -> None:
        """See ``ports.RecognitionStream``. Closes what precedes half a second of silence, now or later."""
        self._close_segments()

    async def partial(self) -> str | None:
        """See ``ports.RecognitionStream``. Waits for a segment that was just closed within speech.

        None as well while the lane has more urgent work, and for words that waited until they were old.
        """
        if self._audio.end - self._partial_end < self._models.new_seconds * self._slower * SAMPLE_RATE:
            return None
        self._partial_end = self._audio.end
        self._close_segments()
        if self._lane.busy:
            return None
        start, samples = self._audio.start, self._audio.latest(PARTIAL_SECONDS)
        if samples is not None:
            whole = samples.size < PARTIAL_SECONDS * SAMPLE_RATE
            language = self._spoken()
            model = self._models.quick.get(language or "", self._models.good)
            decode = partial(quick_words, model, samples, language, self._expected, self._stop)
            text = await self._run(Priority.PARTIAL, self._unless_stale(decode), abandon=True)
            if text is None or start != self._audio.start:  # it is stale, or was closed in the meantime
                return None
            self._shown = self._words.add(text, whole=whole) if text else self._shown
        if self._closing is not None and any(_words_of(each) is None for each in self._closed):
            await asyncio.shield(self._closing)
        before = [_words_of(each) for each in self._closed]
        return " ".join(each for each in [*before, self._shown] if each) or None

    def _unless_stale(self, decode: Callable[[], str]) -> Callable[[], str | None]:
        """The decode of partial words as a job of the lane, which notes how long it waited for its start."""
        asked, heard = time.monotonic(), self._audio.end

        def run() -> str | None:
            waited = time.monotonic() - asked
            self._slower = min(2 * self._slower, _SLOWEST) if waited > _LONG_WAIT else max(1, self._slower // 2)
            return None if waited > _STALE and self._audio.end > heard else decode()

        return run

    async def final(self) -> Transcript:
        """See ``ports.RecognitionStream``. Decodes only what follows the last long pause, unless that was done."""
        self._close_segments()
        await self._decode_urgently()
        heard = [each.heard for each in self._closed if each.heard is not None]
        heard += await self._decode_open(heard[-1].tracker if heard else self._first_tracker)
        return self._transcript(heard)

    async def close(self) -> None:
        """See ``ports.RecognitionStream``."""
        self._stop.set()
        self._open_stop.set()
        if self._closing is not None:
            self._closing.cancel()
            await outlast_cancellation(self._closing)

    # --- segments -------------------------------------------------------------------------------------------

    def _close_segments(self) -> None:
        """Takes what precedes a pause out of the open audio, and decodes it in the background."""
        start = self._audio.start
        pieces, everything = self._audio.cut()
        if not pieces:
            return
        ahead, self._open = self._open, None
        known = ahead is not None and ahead.is_of(start, pieces)
        for number, piece in enumerate(pieces):
            last = number == len(pieces) - 1
            draft = (self._shown if last else "") if everything and self._shown else None
            self._closed.append(_Closed(piece, draft, ahead.heard[number] if known and ahead else None))
        self._words, self._shown = LocalAgreement(), ""
        if not known and (self._closing is None or self._closing.done()):
            self._begin(Priority.PARTIAL)

    def _begin(self, priority: Priority) -> asyncio.Task[None]:
        self._closing = asyncio.create_task(self._decode_closed(priority), name="segments")
        self._closing.add_done_callback(retrieve_exception)
        return self._closing

    async def _decode_closed(self, priority: Priority) -> None:
        tracker = self._first_tracker
        for each in self._closed:  # grows meanwhile
            if each.heard is None:

                def decode(each: _Closed = each, tracker: LanguageTracker = tracker) -> None:
                    each.heard = self._decode(each.piece, tracker, self._stop)  # kept even if nobody waits any more

                await self._run(priority, decode, abandon=False)
            assert each.heard is not None
            tracker = each.heard.tracker

    async def _decode_urgently(self) -> None:
        """Decodes the closed segments that are not yet; the background's job is begun anew unless it runs already."""
        if self._closing is not None and not self._closing.done():
            self._closing.cancel()
            await outlast_cancellation(self._closing)
        if any(each.heard is None for each in self._closed):
            await asyncio.shield(self._begin(Priority.FINAL))

    async def _decode_open(self, tracker: LanguageTracker) -> tuple[Heard, ...]:
        start, pieces = self._audio.start, self._audio.pieces()
        if not pieces:
            return ()
        if self._open is not None and self._open.is_of(start, pieces):
            return self._open.heard
        heard: list[Heard] = []
        self._open_stop = stop = threading.Event()
        try:
            for piece in pieces:
                decode = partial(self._decode, piece, heard[-1].tracker if heard else tracker, stop)
                # Alone: what was abandoned when the caller went on ends before the next begins.
                heard.append(await self._run(Priority.FINAL, decode, abandon=True, alone=self))
        finally:
            stop.set()  # an abandoned decode makes no further attempt
        found = tuple(heard)
        if start == self._audio.start:
            self._open = _Open(start, pieces[-1].speech[-1].end, found)
        return found

    async def _run(
        self, priority: Priority, work: Callable[[], T], *, abandon: bool, alone: Hashable | None = None
    ) -> T:
        try:
            return await self._lane.run(priority, work, abandon=abandon, alone=alone)
        except Stopped:
            raise EngineUnavailable("The recognition of this turn was closed.") from None

    def _decode(self, piece: Piece, tracker: LanguageTracker, stop: threading.Event) -> Heard:
        """In a thread of the lane."""
        after = copy.copy(tracker)
        decoder = PieceDecoder(
            self._models.good, piece.samples, stop, trimmed=True, beams=self._models.beams, patience=_PATIENCE
        )
        decoded = after.decode(decoder)
        dropped = decoder.details["dropped"]
        segment = None if dropped else segment_of(decoded, piece.region, list(piece.speech))
        return Heard(segment, decoded.tokens, decoder.details, after)

    # --- words ----------------------------------------------------------------------------------------------

    def _spoken(self) -> str | None:
        """The language for partial words; None while it is not known."""
        if self._language is not None:
            return self._language
        heard = [each.heard for each in self._closed if each.heard is not None]
        return heard[-1].tracker.language if heard and heard[-1].tracker.found else None

    def _transcript(self, heard: Sequence[Heard]) -> Transcript:
        segments = [each.segment for each in heard if each.segment is not None]
        tracker = heard[-1].tracker if heard else self._first_tracker
        language = tracker.language if tracker.found is not None else self._language
        text = joined(segments, language)
        details: dict[str, Any] = {"pieces": [dict(each.details) for each in heard]}
        if tracker.found is not None:
            details["language_probability"] = tracker.found.probability
        if not heard:
            details["skipped"] = "no speech"
        return Transcript(
            text,
            language,
            tuple(segments),
            output_tokens=sum(each.tokens for each in heard),
            unexpected_language=tracker.other if text else None,
            details=details,
        )


def _words_of(closed: _Closed) -> str | None:
    if closed.heard is None:
        return closed.draft
    return closed.heard.segment.text if closed.heard.segment else ""
