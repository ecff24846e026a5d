"""Fakes of a live call's surroundings: words as audio, a recogniser that reads them, a record in memory, a speaker.

``spoken("my bill is wrong")`` is audio whose amplitude names its words; ``FakeVoiceDetector`` and ``FakeRecognizer``
find speech and words in it, also after a way through 16-bit PCM. So a test may cut, join and resend audio at will.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

import numpy as np

from db.agents.builtin import builtin_agents
from db.enums import CallEndReason, Prompt, TurnStatus
from db.turns.live_values import LiveTiming, Playback
from db.turns.values import Claim
from inference.audio.vad import FRAME
from inference.live.caller_events import ReplyAudio, ToCaller
from inference.live.ports import CallerGone, CallState, HeardTurn, Reopened
from inference.ports import (
    SAMPLE_RATE,
    AssistantMessage,
    AttemptJournal,
    EngineInfo,
    HistoryItem,
    JournalLost,
    Samples,
    Speech,
    Superseded,
    TextDelta,
    Transcript,
    UserMessage,
)
from inference.turn.inputs import TurnInputs
from tests.inference.turn.journal import MemoryJournal

# --- words as audio -----------------------------------------------------------------------------------------

_QUIET, _FIRST, _STEP = 0.05, 0.1, 0.002
_WORD_FRAMES = 8  # 256 ms: seven of the word, one of silence, which is no pause
_WINDOW_FRAMES = 120  # of a partial decode
_vocabulary: dict[str, int] = {}


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * SAMPLE_RATE / FRAME) * FRAME, np.float32)


def spoken(text: str) -> Samples:
    """Audio of the words, 0.256 s each, 16 kHz."""
    return np.concatenate([np.zeros(0, np.float32), *(_word(each) for each in text.split())])


def noise(seconds: float) -> Samples:
    """Sound that counts as speech and has no words."""
    return np.full(silence(seconds).size, 0.08, np.float32)


def _word(word: str) -> Samples:
    code = _vocabulary.setdefault(word, len(_vocabulary))
    samples = np.full(_WORD_FRAMES * FRAME, _FIRST + code * _STEP, np.float32)
    samples[-FRAME:] = 0
    return samples


def words_in(samples: Samples) -> str:
    """The words of audio that ``spoken`` made; a word counts if half of it is there."""
    by_code = {code: word for word, code in _vocabulary.items()}
    codes = np.where(samples >= _FIRST - _STEP / 2, np.rint((samples - _FIRST) / _STEP), -1).astype(int)
    starts = np.flatnonzero(np.diff(codes, prepend=-2))
    lengths = np.diff(starts, append=codes.size)
    long = lengths >= _WORD_FRAMES * FRAME // 2
    return " ".join(by_code[code] for code in codes[starts[long]].tolist() if code in by_code)


class FakeVoiceDetector:
    """A ``SpeechStream``: what is not quiet is speech."""

    def feed(self, frame: Samples) -> float:
        return 0.9 if float(np.abs(frame).max()) > _QUIET else 0.1


# --- recognition --------------------------------------------------------------------------------------------


class FakeStream:
    """A RecognitionStream."""

    def __init__(self, engine: FakeRecognizer) -> None:
        self._engine = engine
        self._heard: list[Samples] = []
        self._seen = 0
        self.pauses = 0
        self.closed = False

    @property
    def samples(self) -> int:
        """The number of samples that it holds."""
        return sum(each.size for each in self._heard)

    def feed(self, samples: Samples) -> None:
        assert not self.closed
        self._heard.append(samples)

    async def partial(self) -> str | None:
        await asyncio.sleep(self._engine.partial_seconds)
        heard = len(self._heard)
        if heard == self._seen:
            return None
        self._seen = heard
        return self._engine.read(np.concatenate(self._heard[-_WINDOW_FRAMES:]))

    def pause(self) -> None:
        self.pauses += 1

    async def final(self) -> Transcript:
        self._engine.finals += 1
        await asyncio.sleep(self._engine.final_seconds)
        if self._engine.errors:
            raise self._engine.errors.pop(0)
        text = self._engine.read(np.concatenate([np.zeros(0, np.float32), *self._heard]))
        return Transcript(text, self._engine.language if text else None, output_tokens=len(text.split()))

    async def close(self) -> None:
        self.closed = True


class FakeRecognizer:
    """A StreamingTranscriber. ``errors``: raised by the next finals, one each. ``streams``: all that were begun.

    ``read``: the words of audio.
    """

    def __init__(
        self,
        *,
        final_seconds: float = 0.0,
        partial_seconds: float = 0.0,
        language: str = "en",
        read: Callable[[Samples], str] = words_in,
    ) -> None:
        self.info = EngineInfo("fake", "words")
        self.concurrency = 8
        self.final_seconds, self.partial_seconds, self.language = final_seconds, partial_seconds, language
        self.read = read
        self.errors: list[Exception] = []
        self.finals = 0
        self.streams: list[FakeStream] = []

    async def load(self) -> None:
        """Nothing to load."""

    async def close(self) -> None:
        """Nothing to free."""

    def listen(self, *, language: str | None, among: Sequence[str] = ()) -> FakeStream:
        self.streams.append(FakeStream(self))
        return self.streams[-1]


# --- the caller's connection --------------------------------------------------------------------------------


class FakeSpeaker:
    """A CallerSpeaker that keeps what it is sent. ``gone``: the connection is lost."""

    def __init__(self) -> None:
        self.events: list[ToCaller] = []
        self.gone = False

    async def send(self, event: ToCaller) -> None:
        if self.gone:
            raise CallerGone
        self.events.append(event)

    def all(self, *kinds: type) -> list[ToCaller]:
        return [each for each in self.events if isinstance(each, kinds)]

    def audio_ms(self, reply_id: UUID) -> float:
        """The duration of a reply's audio so far."""
        pieces = [each for each in self.events if isinstance(each, ReplyAudio) and each.reply_id == reply_id]
        return sum(each.samples.size / each.sample_rate * 1000 for each in pieces)


# --- the record ---------------------------------------------------------------------------------------------


@dataclass(slots=True)
class FakeTurn:
    """A turn in the record. ``texts``: the user message's text at each commit of the turn."""

    heard: HeardTurn
    attempt: int = 1
    status: TurnStatus = TurnStatus.RUNNING
    playback: Playback | None = None
    live: LiveTiming | None = None
    texts: list[str] = field(default_factory=list)
    journals: list[FakeJournal] = field(default_factory=list)

    @property
    def reply(self) -> str:
        """The reply of the latest attempt, "" if it has none yet."""
        replies = [text for text, _ in self.journals[-1].told("reply_ready")] if self.journals else []
        return replies[-1] if replies else ""


class FakeJournal(MemoryJournal):
    """The journal of one attempt; raises Superseded once there is another or the turn has ended."""

    def __init__(self, turn: FakeTurn) -> None:
        super().__init__()
        self._turn, self._attempt = turn, turn.attempt

    def _note(self, name: str, what: object = None) -> None:
        if self._turn.attempt != self._attempt or self._turn.status.ended:
            raise Superseded
        super()._note(name, what)
        if name == "turn_finished":
            self._turn.status = TurnStatus.COMPLETED if what is None else TurnStatus.FAILED


class FakeRecord:
    """A CallRecord in memory.

    ``steps``: what was written, in order. ``reachable``: while clear, commits wait, as with Postgres away. ``lost``:
    they raise JournalLost. ``superseded``: another connection took the call over. ``busy``: another turn of the
    session is unfinished, so the next turn is QUEUED; ``elsewhere`` is its reply then.
    """

    def __init__(self, state: CallState | None = None, *, language: str = "en") -> None:
        self.state = state or CallState(uuid4(), uuid4(), uuid4(), language, "billing_agent")
        self.turns: dict[UUID, FakeTurn] = {}
        self.steps: list[tuple[str, object]] = []
        self.unfinished: list[Samples] = []
        #: Where the utterances of it have ended, in milliseconds, and how many pieces of it there were then.
        self._ends: list[tuple[int, int]] = []
        #: Segments of the recording of the whole call, by their position: duration in ms, and packets.
        self.recording: dict[int, tuple[int, bytes]] = {}
        self.ended: CallEndReason | None = None
        self.reachable = asyncio.Event()
        self.reachable.set()
        self.lost = self.superseded = self.busy = False
        self.elsewhere: list[TextDelta | Speech | TurnStatus] = []
        self.commit_seconds = 0.0

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.steps]

    @property
    def texts(self) -> list[str]:
        """The texts of the user messages, in order."""
        return [turn.texts[-1] for turn in self.turns.values()]

    def told(self, name: str) -> list[object]:
        return [what for each, what in self.steps if each == name]

    def _note(self, name: str, what: object = None) -> None:
        if self.superseded or self.ended is not None:
            raise Superseded
        if self.lost:
            raise JournalLost
        self.steps.append((name, what))

    async def _commit(self) -> None:
        await asyncio.sleep(self.commit_seconds)
        await self.reachable.wait()

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def next_inputs(self, reopened: Claim | None = None) -> TurnInputs:
        history: list[HistoryItem] = []
        for turn_id, turn in self.turns.items():
            if reopened is not None and turn_id == reopened.turn_id:
                continue
            history.append(UserMessage(turn.texts[-1]))
            heard = turn.playback.heard_text if turn.playback else ""
            if heard:
                history.append(AssistantMessage(heard))
        state = self.state
        return TurnInputs(
            tenant_id=state.tenant_id,
            session_language=state.language,
            earlier_language=None,
            agent=builtin_agents()[state.persona],
            known={},
            history=tuple(history),
            text=None,
            recording=None,
            reply=None,
            spoken=False,
            used=(),
            pending=(),
        )

    async def speech_started(self, at_ms: int) -> None:
        self._note("speech_started", at_ms)

    async def speech_ended(self, at_ms: int) -> None:
        self._note("speech_ended", at_ms)
        self._ends.append((at_ms, len(self.unfinished)))

    async def words(self, text: str) -> None:
        self._note("words", text)

    async def sound(self, samples: Samples) -> None:
        if self.superseded or self.ended is not None:
            raise Superseded
        self.unfinished.append(samples)

    async def clear_sound(self, ended_ms: int | None = None) -> None:
        self._note("clear_sound")
        self._clear(ended_ms)

    def _clear(self, ended_ms: int | None) -> None:
        if ended_ms is None:
            pieces = len(self.unfinished)
        else:
            pieces = max((count for at_ms, count in self._ends if at_ms <= ended_ms), default=0)
        del self.unfinished[:pieces]
        ends = self._ends
        self._ends = [(at_ms, count - pieces) for at_ms, count in ends if ended_ms is not None and at_ms > ended_ms]

    async def prompted(self, prompt: Prompt, text: str) -> None:
        self._note("prompted", (prompt, text))

    async def begin_turn(self, heard: HeardTurn) -> Claim | None:
        await self._commit()
        self._note("begin_turn", heard.transcript.text)
        assert heard.turn_id not in self.turns, "one commit a turn"
        self.turns[heard.turn_id] = turn = FakeTurn(heard, texts=[heard.transcript.text])
        self._clear_of(heard)
        if self.busy or any(not each.status.ended for each in self.turns.values() if each is not turn):
            turn.status = TurnStatus.QUEUED
            return None
        return self._claim(heard.turn_id)

    async def reopen_turn(self, claim: Claim, heard: HeardTurn) -> Reopened | None:
        await self._commit()
        turn = self.turns[claim.turn_id]
        self._note("reopen_turn", heard.transcript.text)
        if turn.status.ended:
            return None
        turn.attempt += 1
        turn.heard = heard
        turn.texts.append(heard.transcript.text)
        self._clear_of(heard)
        return Reopened(self._claim(claim.turn_id))

    def _clear_of(self, heard: HeardTurn) -> None:
        if heard.audio is not None:
            self._clear(heard.live.speech_ended_ms)

    def _claim(self, turn_id: UUID) -> Claim:
        now = self.now()
        turn = self.turns[turn_id]
        return Claim(self.state.tenant_id, self.state.session_id, turn_id, turn.attempt, now, now)

    def journal(self, claim: Claim) -> AttemptJournal:
        turn = self.turns[claim.turn_id]
        turn.journals.append(FakeJournal(turn))
        return turn.journals[-1]

    async def interrupted(self, turn_id: UUID, playback: Playback, live: LiveTiming) -> None:
        await self._commit()
        self._note("interrupted", playback)
        turn = self.turns[turn_id]
        turn.playback, turn.live = playback, live
        if not turn.status.ended:
            turn.status = TurnStatus.CANCELLED

    async def follow(self, turn_id: UUID) -> AsyncIterator[TextDelta | Speech | TurnStatus]:
        for item in self.elsewhere:
            await asyncio.sleep(0)
            yield item

    async def playback_started(self, turn_id: UUID) -> None:
        self._note("playback_started", turn_id)

    async def playback_finished(self, turn_id: UUID, playback: Playback, live: LiveTiming) -> None:
        self._note("playback_finished", playback)
        self.turns[turn_id].playback, self.turns[turn_id].live = playback, live

    async def recorded(self, at_ms: int, duration_ms: int, packets: bytes) -> None:
        await self.reachable.wait()
        if self.superseded:
            raise Superseded
        self.recording[at_ms] = (duration_ms, packets)

    def recording_complete(self) -> None:
        self.steps.append(("recording_complete", None))

    async def dropped(self) -> None:
        self._note("dropped")

    async def end(self, reason: CallEndReason) -> None:
        await self._commit()
        self._note("end", reason)
        self.ended = reason

    def taken_over(self) -> FakeRecord:
        """The same record for a newer connection of the call; this one is superseded."""
        self.superseded = True
        heard = np.concatenate(self.unfinished) if self.unfinished else None
        recorded = max((at + duration for at, (duration, _) in self.recording.items()), default=0)
        newer = FakeRecord(
            replace(
                self.state,
                turns=len(self.turns),
                heard=heard,
                recorded_ms=recorded,
                connection=self.state.connection + 1,
            )
        )
        newer.recording, newer.commit_seconds = self.recording, self.commit_seconds
        newer.turns, newer.steps = self.turns, self.steps
        newer.unfinished, newer._ends = list(self.unfinished), list(self._ends)
        return newer
