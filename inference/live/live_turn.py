"""A turn of a live call, from the end of what was said to the last sound of its reply.

Its final words, one commit, the reply to the caller's side. Nothing of the reply leaves before the commit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import replace
from uuid import UUID

from db.ids import new_id
from db.logs import retrieve_exception
from db.turns.live_values import LiveTiming
from db.turns.values import Claim
from inference.live.caller_events import ReplyStatus, TurnCommitted
from inference.live.context import CallContext
from inference.live.draft_turn import DraftTurn
from inference.live.followed_reply import follow_reply
from inference.live.ports import HeardTurn
from inference.live.said import Said, encoded
from inference.live.speculation import Speculation
from inference.live.spoken_reply import SpokenReply
from inference.live.utterance import Recognized, Utterance
from inference.ports import RecognitionStream, Samples, Superseded, Transcript


class LiveTurn:
    """Runs in a task of its own, begun by ``start``.

    ``speculation``: final words and reply, begun in the pause. ``reopens``: the turn with which the caller went on.
    ``recognized``: the final words, if they are known. ``required``: a turn even without words, since the client asked
    for it. ``after``: ends when the turn before this one is closed in the record.
    """

    def __init__(
        self,
        context: CallContext,
        said: Said,
        *,
        speculation: Speculation | None = None,
        reopens: LiveTurn | None = None,
        recognized: Recognized | None = None,
        required: bool = False,
        after: Awaitable[object] | None = None,
    ) -> None:
        self._context = context
        self.said = said
        self.utterance = said.utterance
        self._speculation = speculation
        self._reopens = reopens
        self._recognized = recognized
        self._required = required
        self._after = after
        own = self.utterance.message_id if self.utterance else new_id()
        self.turn_id: UUID = reopens.turn_id if reopens else new_id()
        self.message_id: UUID = reopens.message_id if reopens else own
        self.reply = SpokenReply(context.outbox, context.tape, self.turn_id, context.now)
        self.ended_at = context.now()
        self.text = ""
        self.language: str | None = None
        self.claim: Claim | None = None
        #: ``committed``: the record has it. ``written``: the reply is complete.
        self.committed = self.written = self.speculative = False
        #: What ended the turn's task, or was not understood of what was said: an engine's error, Superseded or
        #: JournalLost.
        self.error: Exception | None = None
        self._joined = False
        #: The turn with which the caller went on, after this one has become a turn of its own.
        self._left: LiveTurn | None = None
        self._noted = False
        self._announcement: TurnCommitted | None = None
        self._committing: asyncio.Task[None] | None = None
        self._settled = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    # --- what was said ------------------------------------------------------------------------------------

    @property
    def stream(self) -> RecognitionStream | None:
        """The recognition of the turn's last utterance, with what it went on with."""
        return None if self.utterance is None else self.utterance.whole or self.utterance.stream

    @property
    def samples(self) -> Samples:
        return self.all_said.samples

    @property
    def all_said(self) -> Said:
        """What was said in all attempts at the turn, however often the caller went on with it."""
        return self.said if self._reopens is None else self.said.after(self._reopens.all_said)

    @property
    def live(self) -> LiveTiming:
        """The turn's times, as far as they are known."""
        reply, utterance = self.reply, self.utterance
        if utterance is None:
            at = round(self.ended_at * 1000)
            return LiveTiming(at, at)
        started = self._reopens.live if self._reopens else self.said.utterances[0].live

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
            if self._after is not None and self._reopens is not None:
                await self._after
            self._join()
            recognized, draft = await self._hear()
            if self._after is not None:
                await self._after
            self._committing = asyncio.create_task(self._commit(recognized), name="commit-live-turn")
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
        """The final words of the last utterance or its whole, and the draft of the reply begun in the pause."""
        utterance, stream = self.utterance, self.stream
        for earlier in self.said.utterances:
            if earlier is not utterance and not earlier.continued:
                await self._final(earlier)
        if utterance is None or stream is None or self._recognized is not None:
            return self._recognized, None
        if self._speculation is not None:
            with suppress(Exception):  # the engine failed, and is asked again
                return await self._speculation.take()
        return await self._recognize(stream, self.samples.size), None

    async def _recognize(self, stream: RecognitionStream, samples: int) -> Recognized | None:
        """Final words; None if the engine fails, whose error is kept: what else was said is answered all the same."""
        try:
            return await self._context.recognition.final(stream, samples)
        except Exception as error:
            self.error = error
            return None

    async def _final(self, utterance: Utterance) -> Recognized | None:
        """The final words of one utterance by itself, which are kept with it."""
        recognized = await self._recognize(utterance.stream, utterance.fed)
        if recognized is not None:
            utterance.words = recognized.transcript.text.strip()
        return recognized

    def _join(self) -> None:
        """The turn with which the caller went on is closed: its recognition hears the rest of the utterance.

        If it was not stored, this one stores all of it.
        """
        before = self._reopens
        if before is None or self._joined:
            return
        self._joined = True
        if not before.committed:
            before._join()
            self.said, self._reopens, self._left = self.said.after(before.said), before._reopens, before._left
        self._become(before.turn_id, before.message_id)  # it may have become a turn of its own in the meantime
        if self.utterance is not None and before.stream is not None:
            self.utterance.whole = before.stream
            self.utterance.whole.feed(self.utterance.samples)

    def _become(self, turn_id: UUID, message_id: UUID) -> None:
        """Nothing of the reply has been sent yet."""
        self.turn_id, self.message_id = turn_id, message_id
        self.reply.turn_id = turn_id

    async def _commit(self, recognized: Recognized | None) -> None:
        """Stores the turn, whatever becomes of its reply; without effect if nothing was said."""
        before = self._reopens
        self.language = recognized.transcript.language if recognized else None
        words = recognized.transcript.text.strip() if recognized else ""
        if before is not None and not words:  # it was no more than a sound
            self.text, self.language = f"{before.text} {self.said.text('')}".strip(), before.language
        else:
            self.text = self.all_said.text(words)
        reopened = False
        if before is not None:
            if before.claim is not None:
                heard, claim = await self._heard(recognized), before.claim
                found = await self._context.write(lambda record: record.reopen_turn(claim, heard))
                if found is not None:
                    reopened, self.claim = True, found.claim
            if not reopened:  # it has ended in the meantime
                recognized = await self._on_its_own()
        if not self.text and (self.error is not None or not self._required):
            return
        if not reopened:
            heard = await self._heard(recognized)
            self.claim = await self._context.write(lambda record: record.begin_turn(heard))
        self.committed = True
        self._settled.set()
        self._announcement = TurnCommitted(self.message_id, self.turn_id, self.text, self.language, reopened)
        await self.announce()

    async def announce(self, *, again: bool = False) -> None:
        """Tells the caller's side of the commit, once: a caller whose connection was lost then hears it on return."""
        announcement, outbox = self._announcement, self._context.outbox
        if announcement is not None and await outbox.send(
            announcement, unless=lambda: self._announcement is None, again=again
        ):
            self._announcement = None

    async def _on_its_own(self) -> Recognized | None:
        """Makes this a turn of its own, with the new words alone, instead of more of the one before."""
        assert self.utterance is not None
        self._left, self._reopens = self._reopens, None
        self._become(new_id(), self.utterance.message_id)
        recognized: Recognized | None = None
        for utterance in self.said.utterances:
            recognized = await self._final(utterance)
            if utterance is not self.utterance:
                utterance.continued = False  # no recognition has heard it together with those after it
        self.utterance.whole = None
        self.text = self.said.text_apart()
        self.language = recognized.transcript.language if recognized else None
        return recognized

    async def _heard(self, recognized: Recognized | None) -> HeardTurn:
        transcript = recognized.transcript if recognized else Transcript("", self.language)
        return HeardTurn(
            self.turn_id,
            self.message_id,
            replace(transcript, text=self.text),
            self.live,
            await encoded(self.samples),
            recognized.call if recognized else None,
            digits=self.all_said.digits,
        )

    async def _answer(self, draft: DraftTurn | None) -> None:
        """The reply, by this process or, if it has not got the turn, as another one makes it."""
        record, reply = self._context.record, self.reply
        try:
            if self.claim is None:
                failure = await follow_reply(record, self.turn_id, reply)
            else:
                draft = draft or await self._begin(self.claim)
                failure = await draft.keep(self.claim, record.journal(self.claim), reply)
        except Superseded:  # the turn was cancelled, or belongs to a later attempt
            if reply.stopped:
                return
            await reply.reply_restarted()
            failure = await follow_reply(self._context.record, self.turn_id, reply)
        self.written = True
        if failure is None:
            await reply.finish(ReplyStatus.COMPLETED)
        else:
            await reply.finish(ReplyStatus.FAILED, failure.code, failure.message)

    async def _begin(self, claim: Claim) -> DraftTurn:
        inputs = await self._context.inputs(self.text, self.language, reopened=claim if self._reopens else None)
        return DraftTurn(self._context.setup, inputs, now=self._context.record.now())

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
            await self._context.write(lambda record: record.interrupted(self.turn_id, playback, self.live))
        await self._end()
        await self.dispose()

    async def close_finished(self) -> None:
        """The reply has been played."""
        await self.note_heard(interrupted=False)
        await self.dispose()

    async def note_playback(self) -> None:
        """Records that the caller has begun to hear the reply, once."""
        if not self._noted and self.reply.first_heard is not None:
            self._noted = True
            await self._context.record.playback_started(self.turn_id)

    async def note_heard(self, *, interrupted: bool) -> None:
        """Records what was heard of the reply, whose turn goes on or has ended."""
        if self.committed:
            playback = self.reply.ledger.playback(interrupted=interrupted)
            await self._context.write(lambda record: record.playback_finished(self.turn_id, playback, self.live))

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
        await self.said.close()
        for before in (self._reopens, self._left):
            if before is not None:
                await before.dispose()
