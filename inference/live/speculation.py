"""Speculation: work begun at the first pause, before it is sure that the caller has finished.

The work is final words, reply and first speech. It writes nothing, runs no tool and sends nothing. If the caller goes
on, it is discarded.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from db.logs import retrieve_exception
from inference.live.context import CallContext
from inference.live.draft_turn import DraftTurn
from inference.live.utterance import Recognized, Utterance


class Speculation:
    """The work for one pause. ``take`` or ``discard`` ends it. Must be made in the event loop.

    ``words``: the final words, once they are known. ``on_words``: called then.
    """

    def __init__(self, context: CallContext, utterance: Utterance, on_words: Callable[[], None]) -> None:
        self.words: str | None = None
        self._on_words = on_words
        self._context = context
        self._utterance = utterance
        self._draft: DraftTurn | None = None
        self._task = asyncio.create_task(self._work(), name="speculation")
        self._task.add_done_callback(retrieve_exception)

    async def _work(self) -> Recognized:
        context, utterance = self._context, self._utterance
        recognized = await context.recognition.final(utterance.stream, utterance.fed)
        text = recognized.transcript.text.strip()
        self.words = text
        self._on_words()
        if text:
            inputs = await context.inputs(text, recognized.transcript.language)
            self._draft = DraftTurn(context.setup, inputs, now=context.record.now())
        return recognized

    async def take(self) -> tuple[Recognized, DraftTurn | None]:
        """The final words, and the draft of the reply; None if there are no words. Raises what the work raised."""
        try:
            return await asyncio.shield(self._task), self._draft
        except BaseException:
            await self.discard()
            raise

    async def discard(self) -> None:
        """The caller has gone on."""
        self._task.cancel()
        await asyncio.wait({self._task})
        if self._draft is not None:
            await self._draft.discard()
