"""The LLM loop: rounds of the language model and its tool calls until there is a reply."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import replace

from db.enums import Stage
from db.turns.values import Failure, FinishedCall
from inference.lender import Lender
from inference.ports import ChatModel, ChatRequest, Journal, TextDelta, ToolBox, ToolRequest, UserMessage
from inference.turn.call_meter import StageError
from inference.turn.citations import citations_of
from inference.turn.guard.conversation import Conversation
from inference.turn.guard.reading import DialogueReader
from inference.turn.guard.refusal import Refusal, Rule
from inference.turn.guard.reply_guard import ReplyGuard
from inference.turn.guard.tool_guard import refusal_of
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

_NO_EXTERNAL_TOOLS = Refusal(
    Rule.FORBIDDEN, (("", "This fork of a session calls no tools of external servers (forkSession: externalTools)."),)
)


class Sentences(asyncio.Queue[str | None]):
    """Sentences on their way from LLM to TTS; None after the last. ``language``: of the reply, known with the first."""

    def __init__(self, size: int, language: str) -> None:
        super().__init__(size)
        self.language = language


class ReplyLoop:
    """Writes the reply of one attempt. Finished tool calls stay in the history when another engine takes over.

    ``reader``: of the guard (``inference.turn.guard``), whose rules hold for every engine's tool calls and replies.
    """

    def __init__(
        self,
        work: TurnInputs,
        *,
        toolbox: ToolBox,
        journal: Journal,
        clock: TurnClock,
        limits: TurnLimits,
        reader: DialogueReader,
        relay: ReplyRelay | None = None,
    ) -> None:
        self._work = work
        self._toolbox = toolbox
        self._journal = journal
        self._clock = clock
        self._limits = limits
        self._reader = reader
        self._relay = relay
        self._used = list(work.used)
        self._pending = list(work.pending)

    async def run(
        self,
        text: str,
        language: str,
        engine: Lender[ChatModel],
        sentences: Sentences,
        user_language: str | None = None,
    ) -> None:
        """Writes the reply, its sentences into ``sentences``; None follows when the reply is in the journal.

        ``user_language``: of a typed message, if known, for the journal.
        """
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
            spec.name: tool.ToolOffer(server, spec) for server, spec in await self._toolbox.tools(self._work.agent)
        }
        while self._pending:
            await self._call_tool(self._pending[0], offers, self._conversation(text, language), begun=True)
            del self._pending[0]
        await self._journal.stage_started(Stage.LLM, engine.info)
        written = ""
        tools = tuple(offer.spec for offer in offers.values())
        for _ in range(_MAX_ROUNDS):
            conversation = self._conversation(text, language)
            request = ChatRequest(conversation.history, self._work.agent, language, tools, self._work.known)
            guard = ReplyGuard(conversation, self._reader)
            requests, said, call = await self._round(request, engine, guard, splitter, sentences)
            written += said
            await self._journal.call_finished(call, ends_stage=not requests)
            if not requests:
                if self._relay is not None:
                    self._relay.details(call.details)
                break
            for tool_request in requests:
                await self._call_tool(tool_request, offers, self._conversation(text, language), begun=False)
        else:
            raise StageError(Failure("ENGINE_UNAVAILABLE", "The model asked for tools without end.", Stage.LLM))
        if not written.strip():
            raise StageError(Failure("ENGINE_UNAVAILABLE", "The model gave no reply.", Stage.LLM))
        for sentence in splitter.flush():
            await sentences.put(sentence)
        # Before the sentinel, so before TTS can end.
        cited = citations_of(self._used)
        await self._journal.reply_ready(written.strip(), sentences.language, user_language, cited)
        await sentences.put(None)

    def _conversation(self, text: str, language: str) -> Conversation:
        """The conversation up to now, with this turn's message and finished tool calls."""
        return Conversation(
            (*self._work.history, UserMessage(text), *self._used),
            agent=self._work.agent,
            language=language,
            known=self._work.known,
            reader=self._reader,
        )

    async def _round(
        self,
        request: ChatRequest,
        engine: Lender[ChatModel],
        guard: ReplyGuard,
        splitter: SentenceSplitter,
        sentences: Sentences,
    ) -> tuple[list[ToolRequest], str, FinishedCall]:
        """One round of the model: its tool requests, its text as far as the guard lets it pass, and the model call."""
        requests: list[ToolRequest] = []
        output = _RoundOutput(self._journal, self._clock, self._relay, splitter, sentences)
        call: FinishedCall | None = None
        items = llm.reply(request, engine=engine, limits=self._limits, clock=self._clock)
        async with aclosing(items):
            async for item in items:
                if isinstance(item, TextDelta):
                    if item.language is not None:
                        sentences.language = item.language
                        guard.speaks(item.language)
                    if item.templated:  # after what the guard still holds back
                        await output.send(await guard.flush() + item.text)
                    else:
                        await output.send(await guard.feed(item.text))
                elif isinstance(item, ToolRequest):
                    requests.append(item)
                else:
                    call = item
        assert call is not None
        await output.send(await guard.flush())
        await output.flush()
        if guard.decisions:
            call = replace(call, details={**call.details, "guard": [each.value for each in guard.decisions]})
        return requests, output.said, call

    async def _call_tool(
        self,
        request: ToolRequest,
        offers: Mapping[str, tool.ToolOffer],
        conversation: Conversation,
        *,
        begun: bool,
    ) -> None:
        """Runs one tool, unless the guard refuses it, and adds its result to the history.

        ``begun``: an earlier attempt started the call.
        """
        offer = offers.get(request.name)
        refusal = None
        if offer is not None and offer.external and not self._work.external_tools:
            refusal = _NO_EXTERNAL_TOOLS
        elif offer is not None or not begun:
            refusal = await refusal_of(request, None if offer is None else offer.spec, conversation)
        used = await tool.run_tool(
            request,
            number=len(self._used),
            begun=begun,
            offer=offer or tool.lost_offer(request),
            refusal=refusal,
            toolbox=self._toolbox,
            journal=self._journal,
            limits=self._limits,
            clock=self._clock,
            relay=self._relay,
        )
        self._used.append(used)


class _RoundOutput:
    """Text of a round on its way: to the listener and as sentences at once, to the journal in deltas."""

    def __init__(
        self,
        journal: Journal,
        clock: TurnClock,
        relay: ReplyRelay | None,
        splitter: SentenceSplitter,
        sentences: Sentences,
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._relay = relay
        self._splitter = splitter
        self._sentences = sentences
        self._unsent, self._sent_at = "", float("-inf")
        self.said = ""

    async def send(self, text: str) -> None:
        if not text:
            return
        self.said += text
        self._unsent += text
        if self._relay is not None:
            self._relay.text(text)
        for sentence in self._splitter.feed(text):
            await self._sentences.put(sentence)
        if self._clock.now() - self._sent_at >= _DELTA_SECONDS:
            await self.flush()

    async def flush(self) -> None:
        """Journals what is not journaled yet."""
        if self._unsent:
            await self._journal.reply_delta(self._unsent)
            self._clock.mark_first("text")
            self._unsent, self._sent_at = "", self._clock.now()
