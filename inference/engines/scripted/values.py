"""What understanding tells the dialogue state of one utterance: wishes, acts, mentions, the answer to a question."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Polarity(StrEnum):
    """Whether a wish is wanted, denied ("I do not want to cancel"), settled ("it works again"), only asked about ("how
    do I cancel?", "did you cancel it?"), doubtful ("maybe I should cancel"), or remote: only told, of somebody else, of
    the past or of what may be ("my neighbour has cancelled", "if it ever broke I would want my money back").
    """

    WANTED = "wanted"
    DENIED = "denied"
    SETTLED = "settled"
    ASKED = "asked"
    DOUBTFUL = "doubtful"
    REMOTE = "remote"


class Reaction(StrEnum):
    """The answer to a yes/no question. MIXED: yes and no. CONDITION: yes, under a condition. WAIT: "not yet", "one
    second". QUESTION: a question instead of an answer. NONE: something else was said.
    """

    YES = "yes"
    NO = "no"
    MIXED = "mixed"
    CONDITION = "condition"
    WAIT = "wait"
    QUESTION = "question"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the assistant's last reply asked for.

    ``fields``: names of the fields, in order; ``formats``: their formats, None for text that is taken verbatim.
    ``confirms``: whether a yes or no answers it, to file something or to an offer. ``binds``: whether a yes has
    something done.
    """

    fields: tuple[str, ...] = ()
    formats: tuple[str | None, ...] = ()
    confirms: bool = False
    binds: bool = False


NOTHING_ASKED = Expectation()


@dataclass(frozen=True, slots=True)
class Mention:
    """A value in an utterance: ``text[start:end]`` of the utterance, ``value`` as it is written on a record.

    ``format``: one of ``db.agents.definition.FieldFormat``, "enum", or "text" for a value that a field's phrase
    introduces. ``field``: the field that the words around it name or the open question asks for; None if only its
    format is known. ``retracted``: said to be wrong ("not 12 but 14", "no longer Main Street").
    """

    format: str
    value: str
    start: int
    end: int
    field: str | None = None
    retracted: bool = False


@dataclass(frozen=True, slots=True)
class Wish:
    """Something that the customer speaks about. ``intent``: of the agent's definition. ``text``: the clauses that say
    so, in the customer's words. ``condition``: when or on which condition it shall be done. ``score``: 0..1,
    calibrated. ``requested``: the words ask for something, they do not only tell what is the matter. ``asks``: they are
    a question that asks for nothing to be done. ``near``: other intents that it may be. ``priority``: that its own
    words give it, where several things are wished.
    """

    intent: str
    text: str
    polarity: Polarity
    score: float
    condition: str | None = None
    requested: bool = False
    priority: str | None = None
    asks: bool = False
    near: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Understanding:
    """``language``: of the utterance, ISO 639-1; ``unsupported``: it is clearly in a language that the agent lacks.

    ``acts``: certain intents of the dialogue itself, in their order: greeting, goodbye, thanks, abilities, status,
    recall, nevermind, inform, out_of_scope, unclear, wait, repeat, why. ``question``: whether something is asked.
    ``asks_state``: whether something has come about by now is.
    ``corrects``: whether an earlier value or statement is corrected. ``declines``: whether the customer does not have
    or will not say what was asked. ``unsure``: words were said and no wish and no act is certain. ``masked``: the text
    with NAME and NUMBER for mentions. ``priority``: that is said of all wishes. ``facts``: clauses that tell an amount,
    a day or a number and ask for nothing. ``scores``: the likeliest intents, for the model call's details.
    """

    text: str
    language: str
    wishes: tuple[Wish, ...] = ()
    acts: tuple[str, ...] = ()
    mentions: tuple[Mention, ...] = ()
    reaction: Reaction = Reaction.NONE
    condition: str | None = None
    question: bool = False
    asks_state: bool = False
    corrects: bool = False
    declines: bool = False
    unsure: bool = False
    unsupported: str | None = None
    priority: str | None = None
    words: int = 0
    masked: str = ""
    facts: tuple[str, ...] = ()
    scores: tuple[tuple[str, float], ...] = ()
