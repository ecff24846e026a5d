"""The embedded default language model: finds the intent by embedding, and answers with written replies.

Nothing it says is generated, so nothing it says is made up: a reply is written text filled with what the customer
said and with what a tool answered. It is real inference, on this machine, without a network; and it knows what it
does not understand. It keeps no state: every reply is worked out from the whole history.
"""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping

from db.errors import EngineUnavailable
from inference.engines.in_thread import iterate_in_thread
from inference.engines.scripted.intents import Guess, IntentModel
from inference.engines.scripted.lexicon import LANGUAGES, lexicon
from inference.engines.scripted.policy import Decision, Policy
from inference.engines.scripted.replies import replies
from inference.engines.scripted.state_update import fold_history
from inference.engines.scripted.understanding import Understander
from inference.ports import ChatFinished, ChatRequest, EngineInfo, TextDelta, ToolRequest, UserSaid

#: What it is made of; the row of a model call carries it.
MODEL = "minilm-l6-v2-int8+usem3"


class ScriptedEngine:
    """A ChatModel. ``threads``: CPU threads of one inference; ``concurrency``: turns at the same time."""

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
        """Reads the models and fits the intents. Raises EngineUnavailable if a package is missing or altered."""
        if self._understander is None:
            self._understander = await asyncio.to_thread(_load, self._threads)

    async def close(self) -> None:
        self._understander = None

    def reply(self, request: ChatRequest) -> AsyncIterator[TextDelta | ToolRequest | ChatFinished]:
        """Words, sentence by sentence, or one tool. Raises EngineUnavailable for a language it does not speak."""

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
    return Understander(IntentModel(threads))


def _reply(request: ChatRequest, understander: Understander) -> Iterator[TextDelta | ToolRequest | ChatFinished]:
    written = replies(request.language)
    dialogue = fold_history(request, understander, written)
    decision = Policy(dialogue, request, lexicon(request.language), written).decide()
    if decision.tool is not None:
        yield ToolRequest(f"call_{uuid.uuid4().hex}", decision.tool, decision.arguments)
    else:
        turn = sum(isinstance(item, UserSaid) for item in request.history)
        for number, part in enumerate(decision.parts):
            text = written.fill(part.key, part.values, turn)
            yield TextDelta(text if number == 0 else f" {text}")
    understood = dialogue.turn.understood
    guess = understood.guess if understood else None
    yield ChatFinished(MODEL, details=_details(decision, dialogue.slots, guess))


def _details(decision: Decision, slots: Mapping[str, str], guess: Guess | None) -> dict[str, object]:
    """Why it answered so. Slots by name only: their values are in the messages and records already."""
    return {
        "decision": decision.label,
        "said": [part.key for part in decision.parts],
        "intent": guess.intent if guess else None,
        "score": round(guess.score, 3) if guess else None,
        "margin": round(guess.margin, 3) if guess else None,
        "slots": sorted(slots),
    }
