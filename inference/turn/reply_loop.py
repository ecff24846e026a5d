"""The written half of an answer: rounds of the language model and its tools, until there is a reply."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import aclosing

from db.agents.scenarios import SCENARIOS
from db.enums import Stage
from db.turns.values import Failure, FinishedCall
from inference.lender import Lender
from inference.ports import ChatModel, ChatRequest, Journal, TextDelta, ToolBox, ToolRequest, UserSaid
from inference.turn.call_meter import StageError
from inference.turn.inputs import TurnWork
from inference.turn.limits import Limits
from inference.turn.sentences import SentenceSplitter
from inference.turn.stages import llm, tool
from inference.turn.timing import TurnClock

#: Rounds of model and tools in one turn: a model that wants more of them is going in circles.
_MAX_ROUNDS = 6

#: Deltas that come closer together than this are written as one.
_DELTA_SECONDS = 0.1

#: The reply on its way to be spoken; null behind the last sentence.
Sentences = asyncio.Queue[str | None]


class Writer:
    """Writes the reply of one attempt. Tools that were used stay used, whichever engine goes on after a failure."""

    def __init__(self, work: TurnWork, *, toolbox: ToolBox, journal: Journal, clock: TurnClock, limits: Limits) -> None:
        self._work = work
        self._toolbox = toolbox
        self._journal = journal
        self._clock = clock
        self._limits = limits
        self._used = list(work.used)
        self._pending = list(work.pending)

    async def write(self, text: str, language: str, engine: Lender[ChatModel], sentences: Sentences) -> None:
        """Puts the reply into ``sentences``, a null behind the last, when its whole text is in the journal."""
        splitter = SentenceSplitter()
        if self._work.reply is not None:
            for sentence in (*splitter.feed(self._work.reply), *splitter.flush()):
                await sentences.put(sentence)
            await sentences.put(None)
            return
        offers = {
            spec.name: tool.ToolOffer(server, spec)
            for server, spec in await self._toolbox.tools()
            if spec.name not in SCENARIOS or spec.name in self._work.persona.scenarios
        }
        while self._pending:
            await self._use(self._pending[0], offers, begun=True)
            del self._pending[0]
        await self._journal.stage_started(Stage.LLM, engine.info)
        written = ""
        tools = tuple(offer.spec for offer in offers.values())
        for _ in range(_MAX_ROUNDS):
            history = (*self._work.history, UserSaid(text), *self._used)
            request = ChatRequest(history, self._work.persona, language, tools, self._work.known)
            wishes, said, call = await self._round(request, engine, splitter, sentences)
            written += said
            await self._journal.call_finished(call, ends_stage=not wishes)
            if not wishes:
                break
            for wish in wishes:
                await self._use(wish, offers, begun=False)
        else:
            raise StageError(Failure("ENGINE_UNAVAILABLE", "The model asked for tools without end.", Stage.LLM))
        if not written.strip():
            raise StageError(Failure("ENGINE_UNAVAILABLE", "The model gave no reply.", Stage.LLM))
        for sentence in splitter.flush():
            await sentences.put(sentence)
        await self._journal.reply_ready(written.strip(), language)  # before the end of speech, which is part of it
        await sentences.put(None)

    async def _round(
        self,
        request: ChatRequest,
        engine: Lender[ChatModel],
        splitter: SentenceSplitter,
        sentences: Sentences,
    ) -> tuple[list[ToolRequest], str, FinishedCall]:
        """One round of the model: what it wants, what it said, and the call."""
        wishes: list[ToolRequest] = []
        said, unsent, sent_at = "", "", float("-inf")
        call: FinishedCall | None = None
        items = llm.reply(request, engine=engine, limits=self._limits, clock=self._clock)
        async with aclosing(items):
            async for item in items:
                if isinstance(item, TextDelta):
                    said += item.text
                    unsent += item.text
                    for sentence in splitter.feed(item.text):
                        await sentences.put(sentence)
                    if self._clock.now() - sent_at >= _DELTA_SECONDS:
                        await self._journal.reply_delta(unsent)
                        self._clock.mark_first("text")
                        unsent, sent_at = "", self._clock.now()
                elif isinstance(item, ToolRequest):
                    wishes.append(item)
                else:
                    call = item
        assert call is not None
        if unsent:
            await self._journal.reply_delta(unsent)
        return wishes, said, call

    async def _use(self, request: ToolRequest, offers: Mapping[str, tool.ToolOffer], *, begun: bool) -> None:
        """Runs one tool; what it answered is part of the history from now on, whichever engine goes on."""
        offer = offers.get(request.name)
        if offer is None and begun:
            offer = tool.lost_offer(request)
        if offer is None:
            raise StageError(
                Failure("ENGINE_UNAVAILABLE", "The model asked for a tool that does not exist.", Stage.TOOL)
            )
        used = await tool.run_tool(
            request,
            number=len(self._used),
            begun=begun,
            offer=offer,
            toolbox=self._toolbox,
            journal=self._journal,
            limits=self._limits,
            clock=self._clock,
        )
        self._used.append(used)
