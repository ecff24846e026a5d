"""Dialogue state: slots, pending requests, filed records and tool outcomes. Computed from the history at each reply."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from db.agents.tool_names import FIND_CRM_RECORDS
from db.json_value import Json
from inference.engines.scripted.intents import FIELDS_OF
from inference.engines.scripted.utterances import Understanding

#: Slots that identify the customer, shared by all requests.
IDENTITY = ("name", "phone", "account_id")
#: Scenarios to confirm before filing: they change the contract or the contact details.
CONFIRMED = frozenset({"cancellation", "plan_change", "contact_details_change"})
#: A request that tools refused this often is dropped.
MAX_REFUSALS = 2
HANDOVER = "human_handover"
_ORDER = ("LOW", "NORMAL", "HIGH", "URGENT")


@dataclass(slots=True)
class ServiceRequest:
    """A request to file. ``fields``: slots of its scenario. ``asked``: whether its customer was asked for identity."""

    scenario: str
    intent: str
    query: list[str]
    priority: str | None = None
    fields: dict[str, str] = field(default_factory=dict)
    asked: bool = False
    confirmed: bool = False
    refusals: int = 0


@dataclass(frozen=True, slots=True)
class FiledRecord:
    """A record in the CRM, as the tool returned it."""

    scenario: str
    query: str
    record: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class ToolOutcome:
    """The outcome of a tool call in this turn: the record, or the slots that the tool refused.

    ``unknown``: the tool did not answer and may have filed the record.
    """

    scenario: str
    filed: FiledRecord | None
    refused: tuple[str, ...] = ()
    request: ServiceRequest | None = None
    unknown: bool = False


@dataclass(slots=True)
class TurnState:
    """State since the customer's last utterance: its understanding, and outcomes of tool calls."""

    understood: Understanding | None = None
    outcomes: list[ToolOutcome] = field(default_factory=list)
    lookup: Mapping[str, Json] | None = None
    dropped: bool = False
    refused_offer: bool = False
    already_filed: FiledRecord | None = None
    corrected: bool = False
    answered: bool = False


@dataclass(slots=True)
class DialogueState:
    """``slots``: slot -> value of the customer. ``expecting``: the answer that the last question expects.

    ``unsure``: replies in a row that asked to rephrase. ``offer_text``: the utterance before the offer of a person.
    ``declined``: whether the customer declined to identify themselves.
    """

    slots: dict[str, str] = field(default_factory=dict)
    pending: list[ServiceRequest] = field(default_factory=list)
    filed: list[FiledRecord] = field(default_factory=list)
    expecting: str | None = None
    unsure: int = 0
    offer_text: str = ""
    declined: bool = False
    turn: TurnState = field(default_factory=TurnState)

    def apply_tool_result(self, name: str, arguments: Mapping[str, Json], result: Mapping[str, Json]) -> None:
        """Records a finished tool call."""
        if name == FIND_CRM_RECORDS:
            self.turn.lookup = result
            return
        if name not in FIELDS_OF:
            return
        request = next((item for item in self.pending if item.scenario == name), None)
        if result.get("ok"):
            record = result.get("record")
            filed = FiledRecord(name, str(arguments.get("query", "")), record if isinstance(record, Mapping) else {})
            self.filed.append(filed)
            if request is not None:
                self.pending.remove(request)
            self.turn.outcomes.append(ToolOutcome(name, filed))
            return
        refused = _refused(result)
        self.turn.outcomes.append(ToolOutcome(name, None, refused, request, result.get("outcome") == "unknown"))
        if request is None:
            return
        request.refusals += 1
        for slot in refused:
            request.fields.pop(slot, None)
            self.slots.pop(slot, None)
        if not refused or request.refusals >= MAX_REFUSALS:
            self.pending.remove(request)

    def add_requests(self, understood: Understanding, filed_before: FiledRecord | None) -> None:
        """Adds the requests of an utterance to the pending ones."""
        for new in understood.requested:
            same = next((item for item in self.pending if item.scenario == new.scenario), None)
            if same is not None:
                if new.text not in same.query:
                    same.query.append(new.text)
            elif filed_before is not None and filed_before.scenario == new.scenario:
                self.turn.already_filed = filed_before
            else:
                self.pending.append(ServiceRequest(new.scenario, new.intent, [new.text], asked=self.declined))

    def fill_fields(self, understood: Understanding) -> None:
        """Slot filling: puts entities into the fields that a pending request's scenario has."""
        said = understood.entities
        own = {"reason": said.reason, "target_plan": said.plan, "desired_outcome": said.outcome}
        own |= {"new_email": said.email, "new_address": said.address}
        for request in self.pending:
            known = FIELDS_OF[request.scenario]
            request.fields |= {slot: value for slot, value in own.items() if value and slot in known}
            if said.priority and _ORDER.index(said.priority) != _ORDER.index(request.priority or "NORMAL"):
                request.priority = said.priority

    def request_handover(self, text: str) -> None:
        """Adds a request for a human agent; ``text``: its query."""
        if all(item.scenario != HANDOVER for item in self.pending):
            self.pending.append(ServiceRequest(HANDOVER, "human", [text]))


def _refused(result: Mapping[str, Json]) -> tuple[str, ...]:
    """The slots that a tool's errors name; empty if it failed for another reason."""
    errors = result.get("errors")
    named = [str(error.get("loc", "")) for error in errors if isinstance(error, Mapping)] if errors else []
    slots = {*IDENTITY, "new_phone", "new_email", "new_address"}
    return tuple(dict.fromkeys(loc.rsplit(".", 1)[-1] for loc in named if loc.rsplit(".", 1)[-1] in slots))
