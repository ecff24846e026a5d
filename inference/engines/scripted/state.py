"""What a conversation has come to: folded from its whole history, so that nothing is kept between two replies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from db.agents.scenarios import FIND_CRM_RECORDS, SCENARIOS
from inference.engines.scripted.understanding import Understanding

#: Slots of every record, which a customer gives once for all requests.
IDENTITY = ("name", "phone", "account_id")
#: What must be confirmed before it is filed: each changes the customer's contract or how to reach them.
CONFIRMED = frozenset({"cancellation", "plan_change", "contact_details_change"})
#: A value refused this often is not asked for again.
MAX_REFUSALS = 2
HANDOVER = "human_handover"
_ORDER = ("LOW", "NORMAL", "HIGH", "URGENT")


@dataclass(slots=True)
class Request:
    """Something to file. ``fields``: the scenario's own; ``refusals``: how often the tool said no."""

    scenario: str
    intent: str
    query: list[str]
    priority: str | None = None
    fields: dict[str, str] = field(default_factory=dict)
    asked: bool = False
    confirmed: bool = False
    refusals: int = 0


@dataclass(frozen=True, slots=True)
class Filed:
    """A record in the company's system, as the tool answered it."""

    scenario: str
    query: str
    record: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a tool said in this turn: the record, or the slots that it refused.

    ``unknown``: it did not answer, and may have filed the record all the same.
    """

    scenario: str
    filed: Filed | None
    refused: tuple[str, ...] = ()
    request: Request | None = None
    unknown: bool = False


@dataclass(slots=True)
class Turn:
    """What happened since the customer last spoke."""

    understood: Understanding | None = None
    outcomes: list[Outcome] = field(default_factory=list)
    lookup: Mapping[str, Any] | None = None
    dropped: bool = False
    refused_offer: bool = False
    already: Filed | None = None
    corrected: bool = False
    answered: bool = False


@dataclass(slots=True)
class Dialogue:
    """``slots``: what is known of the customer; ``expecting``: what the last question asked for.

    ``led``: the words that led to an offer of a person; ``declined``: the customer would not say who they are.
    """

    slots: dict[str, str] = field(default_factory=dict)
    pending: list[Request] = field(default_factory=list)
    filed: list[Filed] = field(default_factory=list)
    expecting: str | None = None
    unsure: int = 0
    led: str = ""
    declined: bool = False
    turn: Turn = field(default_factory=Turn)

    def used(self, name: str, arguments: Mapping[str, Any], result: Mapping[str, Any]) -> None:
        """A tool call is over."""
        if name == FIND_CRM_RECORDS:
            self.turn.lookup = result
            return
        if name not in SCENARIOS:
            return
        request = next((item for item in self.pending if item.scenario == name), None)
        if result.get("ok"):
            record = result.get("record")
            filed = Filed(name, str(arguments.get("query", "")), record if isinstance(record, Mapping) else {})
            self.filed.append(filed)
            if request is not None:
                self.pending.remove(request)
            self.turn.outcomes.append(Outcome(name, filed))
            return
        refused = _refused(result)
        self.turn.outcomes.append(Outcome(name, None, refused, request, result.get("outcome") == "unknown"))
        if request is None:
            return
        request.refusals += 1
        for slot in refused:
            request.fields.pop(slot, None)
            self.slots.pop(slot, None)
        if not refused or request.refusals >= MAX_REFUSALS:
            self.pending.remove(request)

    def want(self, understood: Understanding, filed_before: Filed | None) -> None:
        """Takes in what an utterance asks for."""
        for want in understood.wants:
            same = next((item for item in self.pending if item.scenario == want.scenario), None)
            if same is not None:
                if want.text not in same.query:
                    same.query.append(want.text)
            elif filed_before is not None and filed_before.scenario == want.scenario:
                self.turn.already = filed_before
            else:
                self.pending.append(Request(want.scenario, want.intent, [want.text], asked=self.declined))

    def describe(self, understood: Understanding) -> None:
        """Puts what was said about a request into the fields that its scenario has for it."""
        said = understood.entities
        own = {"reason": said.reason, "target_plan": said.plan, "desired_outcome": said.outcome}
        own |= {"new_email": said.email, "new_address": said.address}
        for request in self.pending:
            known = SCENARIOS[request.scenario].payload.model_fields
            request.fields |= {slot: value for slot, value in own.items() if value and slot in known}
            if said.priority and _ORDER.index(said.priority) != _ORDER.index(request.priority or "NORMAL"):
                request.priority = said.priority

    def hand_over(self, words: str) -> None:
        """Adds the wish for a person, in the words that led to it."""
        if all(item.scenario != HANDOVER for item in self.pending):
            self.pending.append(Request(HANDOVER, SCENARIOS[HANDOVER].intents[0], [words]))


def _refused(result: Mapping[str, Any]) -> tuple[str, ...]:
    """The slots that a tool's errors name; none if it failed for another reason."""
    errors = result.get("errors")
    named = [str(error.get("loc", "")) for error in errors if isinstance(error, Mapping)] if errors else []
    slots = {*IDENTITY, "new_phone", "new_email", "new_address"}
    return tuple(dict.fromkeys(loc.rsplit(".", 1)[-1] for loc in named if loc.rsplit(".", 1)[-1] in slots))
