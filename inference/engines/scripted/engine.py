"""The engine ``scripted``, the default chat model: intent classification, slot filling and response templates.

Needs no network and no GPU. Replies are templates filled with what the customer said and with results of tools, so
the engine cannot hallucinate; it says when it does not understand. It keeps no state between replies: the dialogue
state is computed from the history each time.
"""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping

from db.errors import EngineUnavailable
from inference.engines.in_thread import iterate_in_thread
from inference.engines.scripted.intents import IntentClassifier, Prediction
from inference.engines.scripted.lexicon import LANGUAGES, lexicon
from inference.engines.scripted.live_cues import live_cues
from inference.engines.scripted.policy import Decision, Policy
from inference.engines.scripted.replies import replies
from inference.engines.scripted.state_update import state_from_history
from inference.engines.scripted.utterances import Understander
from inference.ports import ChatFinished, ChatRequest, EngineInfo, TextDelta, ToolRequest, UserMessage

#: The embedding models, recorded with each model call.
MODEL = "minilm-l6-v2-int8+usem3"


class ScriptedEngine:
    """A ChatModel. ``threads``: CPU threads of one inference. ``concurrency``: turns at the same time."""

    def __init__(self, *, threads: int = 2, concurrency: int = 4) -> None:
        self._threads = threads
        self._concurrency = concurrency
        self._understander: Understander | None = None

    @property
    def info(self) -> EngineInfo:
        return EngineInfo("scripted", MODEL, LANGUAGES)

    @property
    def concurrency(self) -> int:
        return self._concurrency

    async def load(self) -> None:
        """Loads the models and fits the classifier. Raises EngineUnavailable if a package is missing or altered."""
        if self._understander is None:
            self._understander = await asyncio.to_thread(_load, self._threads)

    async def close(self) -> None:
        self._understander = None

    def reply(self, request: ChatRequest) -> AsyncIterator[TextDelta | ToolRequest | ChatFinished]:
        """Text, a delta for each template, or one tool request. Raises EngineUnavailable for another language."""

        def produce(stop: threading.Event) -> Iterator[TextDelta | ToolRequest | ChatFinished]:
            if self._understander is None:
                raise EngineUnavailable("The scripted language model is not loaded.")
            if request.language not in LANGUAGES:
                raise EngineUnavailable(f"The scripted language model speaks {', '.join(LANGUAGES)} only.")
            return _reply(request, self._understander)

        return iterate_in_thread(produce)


def _load(threads: int) -> Understander:
    for language in LANGUAGES:
        lexicon(language)
        replies(language)
    return Understander(IntentClassifier(threads))


def _reply(request: ChatRequest, understander: Understander) -> Iterator[TextDelta | ToolRequest | ChatFinished]:
    templates = replies(request.language)
    dialogue = state_from_history(request, understander, templates)
    decision = Policy(dialogue, request, lexicon(request.language), templates).decide()
    if decision.tool is not None:
        yield ToolRequest(f"call_{uuid.uuid4().hex}", decision.tool, decision.arguments)
    else:
        turn = sum(isinstance(item, UserMessage) for item in request.history)
        for number, part in enumerate(decision.parts):
            text = templates.fill(part.key, part.values, turn)
            yield TextDelta(text if number == 0 else f" {text}")
    understood = dialogue.turn.understood
    prediction = understood.prediction if understood else None
    cues = live_cues(decision.parts, lexicon(request.language).region)
    yield ChatFinished(MODEL, details={**_details(decision, dialogue.slots, prediction), **cues})


def _details(decision: Decision, slots: Mapping[str, str], prediction: Prediction | None) -> dict[str, object]:
    """Explains the decision. Slots by name only: their values are in the messages and records already."""
    return {
        "decision": decision.label,
        "said": [part.key for part in decision.parts],
        "intent": prediction.intent if prediction else None,
        "score": round(prediction.score, 3) if prediction else None,
        "margin": round(prediction.margin, 3) if prediction else None,
        "slots": sorted(slots),
    }
