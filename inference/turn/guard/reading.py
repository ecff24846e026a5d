"""Port of the guard: what it needs to know of a text, read by an engine that understands language."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from db.agents.definition import AgentDefinition


class Answer(StrEnum):
    """The answer to a yes/no question. CONDITION: yes, under a condition. OTHER: anything else, such as "wait", a
    question instead of an answer, or yes and no.
    """

    YES = "yes"
    CONDITION = "condition"
    NO = "no"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Reading:
    """A text as it was understood.

    ``named``: the agent's intents that it speaks about; ``wanted`` and ``denied``: those that its speaker wants, and
    those that they do not want or no longer need. ``condition``: the words of the condition of a yes. ``values``:
    values in it, as they are written on a record; ``retracted``: those of them that are said to be wrong.
    ``written``: the text with spoken numbers in digits. ``another``: it speaks of a further matter of a kind.
    ``rearranges``: it says that signs of a value changed places, or that there is one too many.
    """

    answer: Answer = Answer.OTHER
    named: frozenset[str] = frozenset()
    wanted: frozenset[str] = frozenset()
    denied: frozenset[str] = frozenset()
    condition: str | None = None
    values: tuple[str, ...] = ()
    retracted: tuple[str, ...] = ()
    written: str = ""
    another: bool = False
    rearranges: bool = False


class Withheld(StrEnum):
    """Why a part of a reply is withheld: it claims that something was done that no tool did, or it holds a number or
    a reference that is nowhere in the conversation, in a tool's result or in the agent's definition.
    """

    CLAIM = "claim"
    NUMBER = "number"


class DialogueReader(Protocol):
    """Reads what was said. Thread-safe; may run a model."""

    @property
    def name(self) -> str:
        """Recorded with the guard's decisions."""
        ...

    async def load(self) -> None:
        """Loads its models, so that no turn waits for them. Never raises: it reads by other means then."""
        ...

    def read(self, text: str, language: str, agent: AgentDefinition, *, question: str | None = None) -> Reading:
        """``language``: of the reply, ISO 639-1; the text may be in another. ``question``: what the other side said
        before. Runs in a thread."""
        ...

    def claims(self, text: str, language: str) -> bool:
        """Whether a part of a reply says that something was filed, changed, sent or passed on. No model runs."""
        ...

    def numbers(self, text: str, language: str) -> str:
        """The text with spoken numbers in digits. No model runs."""
        ...

    def instead(self, why: Withheld, language: str) -> str:
        """What is said instead of a part of a reply that is withheld. No model runs."""
        ...


class NoReader:
    """For a process without a reader: nothing is a yes, so nothing that needs one is filed."""

    name = "none"

    async def load(self) -> None:
        """Nothing to load."""

    def read(self, text: str, language: str, agent: AgentDefinition, *, question: str | None = None) -> Reading:
        return Reading(written=text)

    def claims(self, text: str, language: str) -> bool:
        return False

    def numbers(self, text: str, language: str) -> str:
        return text

    def instead(self, why: Withheld, language: str) -> str:
        return "I cannot confirm that."
