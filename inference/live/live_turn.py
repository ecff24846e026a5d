"""A turn of a live call, from the end of what was said to the last sound of its reply.

Its final words, one commit, the reply to the caller's side. Nothing of the reply leaves before the commit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from uuid import UUID

import numpy as np

from db.audio.encoded import EncodedAudio
from db.enums import TurnStatus
from db.ids import new_id
from db.logs import retrieve_exception
from db.turns.live_values import LiveTiming
from db.turns.values import Claim, Failure
from inference.audio.wav import encode_wav
from inference.live.context import CallContext
from inference.live.draft_turn import DraftTurn
from inference.live.ports import HeardTurn, ReplyStatus, TurnCommitted
from inference.live.speculation import Speculation
from inference.live.spoken_reply import SpokenReply
from inference.live.utterance import Recognized, Utterance
from inference.ports import SAMPLE_RATE, RecognitionStream, Samples, Speech, Superseded, TextDelta, Transcript
from inference.turn.call_meter import close

_WAV = "audio/wav"


@dataclass(frozen=True, slots=True)
class Typed:
    """A typed message, or DTMF digits."""

    text: str
    digits: bool = False


class LiveTurn:
    """Runs in a task of its own, begun by ``start``.

    ``typed`` and ``utterance``: what was said. ``speculation``: its final words and reply, begun in the pause.
    ``reopens``: the turn with which the caller went on. ``recognized``: the final words, if they are known.
    ``required``: a turn even without words, since the client asked for it. ``after``: ends when the turn before this
    one is closed in the record.
    """

    def __init__(
        self,
        context: CallContext,
        typed: Sequence[Typed],
        utterance: Utterance | None,
        *,
        speculation: Speculation | None = None,
        reopens: LiveTurn | None = None,
        recognized: Recognized | None = None,
        required: bool = False,
        after: Awaitable[object] | None = None,
    ) -> None:
        self._context = context
        self._typed = tuple(typed)
        self.utterance = utterance
        self._speculation = speculation
        self._reopens = reopens
        self._recognized = recognized
        self._required = required
        self._after = after
        own = utterance.message_id if utterance else new_id()
        self.turn_id: UUID = reopens.turn_id if reopens else new_id()
        self.message_id: UUID = reopens.message_id if reopens else own
        self.reply = SpokenReply(context.outbox, self.turn_id, context.now)
        self.ended_at = context.now()
        self.text = ""
        self.language: str | None = None
        self.claim: Claim | None = None
        #: ``committed``: the record has it. ``silent``: nothing was said. ``written``: the reply is complete.
        #: ``heard``: the caller has heard some of it.
        self.committed = self.silent = self.written = self.speculative = self.heard = False
        #: What ended the turn's task, if that concerns the call: the engine's error, Superseded or JournalLost.
        self.error: Exception | None = None
        self._committing: asyncio.Task[None] | None = None
        self._settled = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    # --- what was said ------------------------------------------------------------------------------------

    @property
    def stream(self) -> RecognitionStream | None:
        """The recognition that has heard all of the turn."""
        return None if self.utterance is None else self.utterance.whole or self.utterance.stream

    @property
    def samples(self) -> Samples:
        before = self._reopens.samples if self._reopens else np.zeros(0, np.float32)
        return before if self.utterance is None else np.concatenate([before, self.utterance.samples])

    @property
    def live(self) -> LiveTiming:
        """The turn's times, as far as they are known."""
        reply, utterance = self.reply, self.utterance
        if utterance is None:
            at = round(self.ended_at * 1000)
            return LiveTiming(at, at)
        started = self._reopens.live if self._reopens else utterance.live

        def since_speech(at: float | None) -> float | None:
            return None if at is None else round((at - utterance.ended_at) * 1000, 1)

        return replace(
            utterance.live,
            speech_started_ms=started.speech_started_ms,
            first_audio_sent_ms=since_speech(reply.first_sent),
            first_heard_ms=since_speech(reply.first_heard),
            speculative=self.speculative,
        )

    # --- its course ---------------------------------------------------------------------------------------

    def start(self) -> asyncio.Task[None]:
        self._task = asyncio.create_task(self._run(), name=f"live-turn-{self.turn_id}")
        self._task.add_done_callback(retrieve_exception)
        return self._task

    @property
    def running(self) -> bool:
        return self._task is not None and not self._task.done()

    async def _run(self) -> None:
        draft: DraftTurn | None = None
        try:
            recognized, draft = await self._hear()
            if self._after is not None:
                await self._after
            self._committing = asyncio.create_task(self._commit(recognized))
            await asyncio.shield(self._committing)
            if self.committed and not self.reply.stopped:
                self.speculative = draft is not None
                draft, kept = None, draft
                await self._answer(kept)
        except asyncio.CancelledError:
            if self._committing is not None:  # whether the turn is stored must be known
                await asyncio.wait({self._committing})
            raise
        except Exception as error:
            self.error = error
        finally:
            self._settled.set()
            if draft is not None:
                await draft.discard()

    async def _hear(self) -> tuple[Recognized | None, DraftTurn | None]:
        """The final words of the utterance, and the draft of the reply that was begun in the pause."""
        utterance, stream = self.utterance, self.stream
        if utterance is None or stream is None:
            return None, None
        if self._recognized is not None:
            return self._recognized, None
        if self._speculation is not None and not self._typed:
            with suppress(Exception):  # the engine failed, and is asked again
                return await self._speculation.take()
        elif self._speculation is not None:
            await self._speculation.discard()
        try:
            return await self._context.recognition.final(stream, self.samples.size), None
        except Exception as error:
            if self._reopens is None or not self._reopens.committed:
                raise
            self.error = error  # what was said before is answered all the same
            return None, None

    async def _commit(self, recognized: Recognized | None) -> None:
        """Stores the turn, whatever becomes of its reply; sets ``committed`` or ``silent``."""
        self._understand(recognized)
        if not self.text and not self._required:
            self.silent = True
            return
        reopened = False
        if self._reopens is not None and self._reopens.committed:
            if self._reopens.claim is not None:
                heard = await self._heard(recognized)
                self.claim = await self._context.record.reopen_turn(self._reopens.claim, heard)
                reopened = self.claim is not None
            if not reopened:  # it has ended in the meantime: a turn of its own, with the new words alone
                recognized = await self._on_its_own()
                if not self.text:
                    self.silent = True
                    return
        if not reopened:
            self.claim = await self._context.record.begin_turn(await self._heard(recognized))
        self.committed = True
        self._settled.set()
        await self._context.outbox.send(
            TurnCommitted(self.message_id, self.turn_id, self.text, self.language, reopened)
        )

    def _understand(self, recognized: Recognized | None) -> None:
        words = recognized.transcript.text.strip() if recognized else ""
        self.language = recognized.transcript.language if recognized else None
        if not words and self._reopens is not None:  # it was no more than a sound
            self.text, self.language = self._reopens.text, self._reopens.language
        else:
            self.text = " ".join(each for each in (*(each.text for each in self.typed), words) if each)

    @property
    def typed(self) -> tuple[Typed, ...]:
        return ((*self._reopens.typed, *self._typed)) if self._reopens else self._typed

    async def _on_its_own(self) -> Recognized | None:
        """Makes this a turn of its own instead of more of the one before."""
        assert self.utterance is not None
        self._reopens = None
        self.turn_id, self.message_id = new_id(), self.utterance.message_id
        self.reply = SpokenReply(self._context.outbox, self.turn_id, self._context.now)
        recognized = await self._context.recognition.final(self.utterance.stream, self.utterance.fed)
        self._understand(recognized)
        return recognized

    async def _heard(self, recognized: Recognized | None) -> HeardTurn:
        audio = None
        if self.utterance is not None:
            samples = self.samples
            data = await asyncio.to_thread(encode_wav, samples, SAMPLE_RATE)
            audio = EncodedAudio(data, _WAV, max(1, round(samples.size / SAMPLE_RATE * 1000)), SAMPLE_RATE)
        transcript = recognized.transcript if recognized else Transcript("", None)
        return HeardTurn(
            self.turn_id,
            self.message_id,
            replace(transcript, text=self.text),
            self.live,
            audio,
            recognized.call if recognized else None,
            digits=bool(self.typed) and all(each.digits for each in self.typed) and audio is None,
        )

    async def _answer(self, draft: DraftTurn | None) -> None:
        """The reply, by this process or, if it has not got the turn, as another one makes it."""
        record = self._context.record
        if self.claim is None:
            await self._follow()
            return
        if draft is None:
            inputs = await record.next_inputs(self.claim if self._reopens else None)
            draft = DraftTurn(self._context.setup, replace(inputs, text=self.text), now=record.now())
        try:
            failure = await draft.keep(self.claim, record.journal(self.claim), self.reply)
        except Superseded:  # the turn was cancelled, or belongs to a later attempt
            if not self.reply.stopped:
                await self.reply.reply_restarted()
                await self._follow()
            return
        await self._finish(failure)

    async def _follow(self) -> None:
        status: TurnStatus | None = None
        items = self._context.record.follow(self.turn_id)
        try:
            async for item in items:
                if isinstance(item, TextDelta):
                    await self.reply.reply_text(item.text)
                elif isinstance(item, Speech):
                    await self.reply.reply_piece(item)
                else:
                    status = item
        finally:
            await close(items)
        if status is TurnStatus.CANCELLED:
            self.reply.stopped = True
        failed = status is not TurnStatus.COMPLETED
        await self._finish(Failure("INTERNAL", "The turn did not complete.") if failed else None)

    async def _finish(self, failure: Failure | None) -> None:
        self.written = True
        if self.reply.stopped:
            return
        if failure is None:
            await self.reply.finish(ReplyStatus.COMPLETED)
        else:
            await self.reply.finish(ReplyStatus.FAILED, failure.code, failure.message)

    # --- its end ------------------------------------------------------------------------------------------

    async def stop(self, *, clear: bool = True) -> None:
        """Nothing more of the reply is sent; the caller's side drops what it has not played."""
        self.reply.stopped = True
        if clear:
            await self.reply.clear()
        await self.reply.finish(ReplyStatus.INTERRUPTED)

    async def close_interrupted(self) -> None:
        """Ends a turn that was stopped, with what was heard of its reply. What was said is stored in any case."""
        await self._settled.wait()
        if self.committed:
            playback = self.reply.ledger.playback(interrupted=True)
            await self._context.record.interrupted(self.turn_id, playback, self.live)
        await self._end()

    async def withdraw(self) -> None:
        """The caller goes on: ends the attempt at a turn that was stopped; before its commit without a trace."""
        if self._committing is not None:
            await self._settled.wait()
        await self._end()

    async def stored(self) -> None:
        """Returns when what was said is in the record, or there was nothing."""
        await self._settled.wait()

    async def wait(self, seconds: float | None = None) -> None:
        """Returns when the turn's end is in the record, it has failed, or so many seconds have passed."""
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=seconds)

    async def _end(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        if self._speculation is not None and self._committing is None:
            await self._speculation.discard()

    async def dispose(self) -> None:
        """Closes the recognition; the turn cannot be reopened any more."""
        if self.utterance is not None:
            await self.utterance.close()
        if self._reopens is not None:
            await self._reopens.dispose()
