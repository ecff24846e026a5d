"""The LLM loop: rounds of the language model and its tool calls until there is a reply."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import aclosing

from db.agents.scenarios import SCENARIOS
from db.enums import Stage
from db.turns.values import Failure, FinishedCall
from inference.lender import Lender
from inference.ports import ChatModel, ChatRequest, Journal, TextDelta, ToolBox, ToolRequest, UserMessage
from inference.turn.call_meter import StageError
from inference.turn.inputs import TurnInputs
from inference.turn.limits import TurnLimits
from inference.turn.reply_relay import ReplyRelay
from inference.turn.sentences import SentenceSplitter
from inference.turn.stages import llm, tool
from inference.turn.timing import TurnClock

#: Rounds of LLM and tools in one turn: a model that asks for more is in a loop.
_MAX_ROUNDS = 6

#: Deltas within this interval are journaled as one event.
_DELTA_SECONDS = 0.1

_NO_EXTERNAL_TOOLS = "This fork of a session calls no tools of external servers (forkSession: externalTools)."


class Sentences(asyncio.Queue[str | None]):
    """Sentences on their way from LLM to TTS; None after the last. ``language``: of the reply, known with the first."""

    def __init__(self, size: int, language: str) -> None:
        super().__init__(size)
        self.language = language


class ReplyLoop:
    """Writes the reply of one attempt. Finished tool calls stay in the history when another engine takes over."""

    def __init__(
        self,
        work: TurnInputs,
        *,
        toolbox: ToolBox,
        journal: Journal,
        clock: TurnClock,
        limits: TurnLimits,
        relay: ReplyRelay | None = None,
    ) -> None:
        self._work = work
        self._toolbox = toolbox
        self._journal = journal
        self._clock = clock
        self._limits = limits
        self._relay = relay
        self._used = list(work.used)
        self._pending = list(work.pending)

    async def run(self, text: str, language: str, engine: Lender[ChatModel], sentences: Sentences) -> None:
        """Writes the reply, its sentences into ``sentences``; None follows when the reply is in the journal."""
        splitter = SentenceSplitter(opening_in=None if self._relay is None else language)
        if self._work.reply is not None:
            if self._relay is not None:
                self._relay.text(self._work.reply)
            sentences.language = self._work.earlier_language or language
            for sentence in (*splitter.feed(self._work.reply), *splitter.flush()):
                await sentences.put(sentence)
            await sentences.put(None)
            return
        offers = {
            spec.name: tool.ToolOffer(server, spec)
            for server, spec in await self._toolbox.tools()
            if spec.name not in SCENARIOS or spec.name in self._work.agent.scenario_names
        }
        while self._pending:
            await self._call_tool(self._pending[0], offers, begun=True)
            del self._pending[0]
        await self._journal.stage_started(Stage.LLM, engine.info)
        written = ""
        tools = tuple(offer.spec for offer in offers.values())
        for _ in range(_MAX_ROUNDS):
            history = (*self._work.history, UserMessage(text), *self._used)
            request = ChatRequest(history, self._work.agent, language, tools, self._work.known)
            requests, said, call = await self._round(request, engine, splitter, sentences)
            written += said
            await self._journal.call_finished(call, ends_stage=not requests)
            if not requests:
                if self._relay is not None:
                    self._relay.details(call.details)
                break
            for tool_request in requests:
                await self._call_tool(tool_request, offers, begun=False)
        else:
            raise StageError(Failure("ENGINE_UNAVAILABLE", "The model asked for tools without end.", Stage.LLM))
        if not written.strip():
            raise StageError(Failure("ENGINE_UNAVAILABLE", "The model gave no reply.", Stage.LLM))
        for sentence in splitter.flush():
            await sentences.put(sentence)
        await self._journal.reply_ready(
            written.strip(), sentences.language
        )  # before the sentinel, so before TTS can end
        await sentences.put(None)

    async def _round(
        self,
        request: ChatRequest,
        engine: Lender[ChatModel],
        splitter: SentenceSplitter,
        sentences: Sentences,
    ) -> tuple[list[ToolRequest], str, FinishedCall]:
        """One round of the model: its tool requests, its text, and the model call."""
        requests: list[ToolRequest] = []
        said, unsent, sent_at = "", "", float("-inf")
        call: FinishedCall | None = None
        items = llm.reply(request, engine=engine, limits=self._limits, clock=self._clock)
        async with aclosing(items):
            async for item in items:
                if isinstance(item, TextDelta):
                    said += item.text
                    sentences.language = item.language or sentences.language
                    unsent += item.text
                    if self._relay is not None:
                        self._relay.text(item.text)
                    for sentence in splitter.feed(item.text):
                        await sentences.put(sentence)
                    if self._clock.now() - sent_at >= _DELTA_SECONDS:
                        await self._journal.reply_delta(unsent)
                        self._clock.mark_first("text")
                        unsent, sent_at = "", self._clock.now()
                elif isinstance(item, ToolRequest):
                    requests.append(item)
                else:
                    call = item
        assert call is not None
        if unsent:
            await self._journal.reply_delta(unsent)
        return requests, said, call

    async def _call_tool(self, request: ToolRequest, offers: Mapping[str, tool.ToolOffer], *, begun: bool) -> None:
        """Runs one tool and adds its result to the history. ``begun``: an earlier attempt started the call."""
        offer = offers.get(request.name)
        if offer is None and begun:
            offer = tool.lost_offer(request)
        if offer is None:
            raise StageError(
                Failure("ENGINE_UNAVAILABLE", "The model asked for a tool that does not exist.", Stage.TOOL)
            )
        refused = offer.external and not self._work.external_tools
        used = await tool.run_tool(
            request,
            number=len(self._used),
            begun=begun,
            offer=offer,
            toolbox=self._toolbox,
            journal=self._journal,
            limits=self._limits,
            clock=self._clock,
            relay=self._relay,
            refused=_NO_EXTERNAL_TOOLS if refused else None,
        )
        self._used.append(used)
