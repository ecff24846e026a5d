"""Dialogue state: what was asked, said, corrected and filed. Computed from the history at each reply."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from db.agents.definition import AgentDefinition, ScenarioDefinition
from db.json_value import Json
from inference.engines.scripted.dialogue.limits import Unfit
from inference.engines.scripted.values import Understanding
from inference.engines.scripted.wording.asked import Asks, Question

#: Times that a field is asked for: the second time with the reason.
MAX_ASKED = 2
#: Values for a field that its schema does not allow, after which it is not asked for any more.
MAX_UNFIT = 3
#: A request that tools refused this often is dropped.
MAX_REFUSALS = 2


@dataclass(slots=True, eq=False)
class PendingRequest:
    """A request that is not filed yet.

    ``texts``: the customer's words for it. ``score``: of the wish. ``fields``: values of the scenario's own fields.
    ``condition``: when or under which condition it shall be done. ``doubtful``: the customer only considers it.
    ``offered``: the assistant proposed it. ``requested``: the customer's words ask for it. ``hesitated``: the last
    answer was no plain yes or no. ``unanswered``: times that a question got no answer, by what it asks for.
    ``unfit``: answers that a field's schema does not allow, by field. ``given_up``: questions that are not asked again.
    """

    scenario: ScenarioDefinition
    intent: str
    texts: list[str]
    score: float = 1.0
    priority: str | None = None
    fields: dict[str, str] = field(default_factory=dict)
    condition: str | None = None
    doubtful: bool = False
    offered: bool = False
    requested: bool = False
    confirmed: bool = False
    hesitated: bool = False
    unanswered: dict[str, int] = field(default_factory=dict)
    unfit: dict[str, int] = field(default_factory=dict)
    given_up: set[str] = field(default_factory=set)
    refusals: int = 0

    @property
    def needs_yes(self) -> bool:
        """Whether it is filed only after a yes."""
        return self.scenario.confirm or self.doubtful

    @property
    def query(self) -> str:
        """The customer's words, for the record."""
        texts = [*self.texts]
        if self.condition and self.scenario.condition_field is None and self.condition not in " ".join(texts):
            texts.append(self.condition)
        return " ".join(texts)[:2000]


@dataclass(slots=True, eq=False)
class FiledRequest:
    """What was filed in this session. ``record``: the tool's result, changed by later updates. ``fields``: its own."""

    scenario: ScenarioDefinition
    intent: str
    query: str
    record: dict[str, Json]
    fields: dict[str, str] = field(default_factory=dict)

    @property
    def reference(self) -> str:
        """The reference that customers are told; empty if the tool gave none."""
        return str(self.record.get("reference") or "")


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of a filing in this turn: the record, or the fields that the tool refused.

    ``unknown``: the tool did not answer and may have filed it. ``request``: the request, while it is still pending.
    """

    scenario: ScenarioDefinition
    filed: FiledRequest | None
    refused: tuple[str, ...] = ()
    request: PendingRequest | None = None
    unknown: bool = False


@dataclass(slots=True, eq=False)
class Update:
    """A change of a filed record that the customer asked for or that completes it. ``done``: None until it ran."""

    filed: FiledRequest
    changes: dict[str, str]
    corrects: bool
    done: bool | None = None
    unknown: bool = False


@dataclass(frozen=True, slots=True)
class FirstPiece:
    """The first piece of a number of which the rest is to come. ``told``: the customer says that it is one."""

    field: str
    value: str
    told: bool = True


@dataclass(slots=True, eq=False)
class TurnState:
    """What the customer's last utterance changed, and the results of tool calls since.

    ``dropped``: requests that were withdrawn. ``denied``, ``settled``: whether a wish that was not pending was denied
    or is settled. ``withdrawn``: filed requests that the customer does not want any more. ``already_filed``: filed
    requests that were wished again. ``elsewhere``: whether something was wished that this agent does not take up.
    ``answers``: intents that are answered and not filed. ``new``: requests of this turn. ``hesitates``: a confirmation
    was answered by neither yes nor no. ``conditional``: by a condition. ``partly``: by a no to some of the
    values. ``waits``: the customer needs time. ``values``:
    field -> value, as said in this turn. ``changed``: those that replace another value. ``unfit``: those that were not
    taken. ``leaves``: the customer says goodbye. ``piece``: the field of which a first piece was said;
    ``piece_again``: the one that was known.
    """

    understood: Understanding | None = None
    outcomes: list[Outcome] = field(default_factory=list)
    updates: list[Update] = field(default_factory=list)
    lookup: Mapping[str, Json] | None = None
    found: Mapping[str, Json] | None = None
    new: list[PendingRequest] = field(default_factory=list)
    dropped: list[PendingRequest] = field(default_factory=list)
    withdrawn: list[FiledRequest] = field(default_factory=list)
    already_filed: list[FiledRequest] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    elsewhere: bool = False
    denied: bool = False
    settled: bool = False
    hesitates: bool = False
    conditional: bool = False
    partly: bool = False
    waits: bool = False
    refused_offer: bool = False
    values: dict[str, str] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    unfit: list[Unfit] = field(default_factory=list)
    leaves: bool = False
    piece: str | None = None
    piece_again: bool = False


@dataclass(slots=True, eq=False)
class DialogueState:
    """``identity``: standard field -> value. ``open``: the questions of the last reply.

    ``identity_given_up``: the customer did not identify themselves when asked. ``misunderstood``: replies in a row that
    asked to rephrase. ``offer_text``: what the customer said before a person was offered. ``said``: the assistant's
    earlier replies. ``last_said``: the fields that the customer gave last, the newest first. ``piece``: what was said
    of a number of which more is to come.
    """

    agent: AgentDefinition
    language: str
    identity: dict[str, str] = field(default_factory=dict)
    pending: list[PendingRequest] = field(default_factory=list)
    filed: list[FiledRequest] = field(default_factory=list)
    open: tuple[Question, ...] = ()
    identity_given_up: bool = False
    misunderstood: int = 0
    offer_text: str = ""
    said: list[str] = field(default_factory=list)
    last_said: list[str] = field(default_factory=list)
    piece: FirstPiece | None = None
    turn: TurnState = field(default_factory=TurnState)

    def asks(self, kind: Asks) -> bool:
        """Whether the last reply asked this."""
        return any(question.asks is kind for question in self.open)
