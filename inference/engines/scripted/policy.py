"""Dialogue policy: chooses the next action, a tool call or a reply, from the dialogue state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from db.agents.tool_names import FIND_CRM_RECORDS
from db.json_value import Json
from inference.engines.scripted.intents import FIELDS_OF
from inference.engines.scripted.lexicon import Lexicon, fold
from inference.engines.scripted.replies import Part, Replies
from inference.engines.scripted.state import (
    CONFIRMED,
    HANDOVER,
    IDENTITY,
    DialogueState,
    FiledRecord,
    ServiceRequest,
    ToolOutcome,
)
from inference.ports import ChatRequest

_DETAILS = ("new_phone", "new_email", "new_address")
#: Most records that a status lookup over all sessions asks for.
_LOOKUP_LIMIT = 5


@dataclass(frozen=True, slots=True)
class Decision:
    """Either a ``tool`` with arguments, or the ``parts`` of a reply. ``label``: its kind, for the call's details."""

    label: str
    tool: str | None = None
    arguments: Mapping[str, Json] = field(default_factory=dict)
    parts: tuple[Part, ...] = ()


class Policy:
    """The policy for one ChatRequest. Does not change the dialogue state."""

    def __init__(self, dialogue: DialogueState, request: ChatRequest, words: Lexicon, templates: Replies) -> None:
        self.dialogue = dialogue
        self.request = request
        self.words = words
        self.replies = templates
        self.offered = {tool.name for tool in request.tools}

    def decide(self) -> Decision:
        """The next action of the turn."""
        turn = self.dialogue.turn
        if turn.understood is None or (turn.understood.prediction is None and not turn.outcomes):
            return Decision("no_speech", parts=(Part("no_speech"),))
        ready = next((item for item in self.dialogue.pending if self._ready(item)), None)
        if ready is not None:
            return Decision("file", ready.scenario, self._arguments(ready))
        if turn.understood.chat == "status" and not turn.outcomes and self._needs_lookup():
            return Decision("look_up", FIND_CRM_RECORDS, {"scenario": self._asked_scenario(), "limit": _LOOKUP_LIMIT})
        parts = self._outcomes() + self._answers()
        question = self._question()
        if question:
            lead = () if parts else self._lead_in()
            return Decision("ask", parts=(*parts, *lead, *question))
        if parts:
            closing = () if parts[-1].key in _OPEN_ENDED else (Part("anything_else"),)
            return Decision("report", parts=(*parts, *closing))
        return self._small_talk()

    # --- filing -------------------------------------------------------------------------------------------

    def _may_file(self, scenario: str) -> bool:
        return scenario in self.request.agent.scenario_names and scenario in self.offered

    def _ready(self, item: ServiceRequest) -> bool:
        """Whether a request can be filed: no question is open, and no tool refused it in this turn."""
        if not self._may_file(item.scenario) or any(outcome.request is item for outcome in self.dialogue.turn.outcomes):
            return False
        return not self._open_question(item)

    def _open_question(self, item: ServiceRequest) -> tuple[Part, ...]:
        """The question to ask before filing; empty if there is none."""
        if item.scenario == HANDOVER:
            return ()
        if item.scenario == "contact_details_change" and not any(slot in item.fields for slot in _DETAILS):
            return (Part("ask_contact_detail"),)
        if not item.asked and not any(self.dialogue.slots.get(slot) for slot in IDENTITY):
            return (Part("ask_identity"),)
        if item.scenario in CONFIRMED and not item.confirmed:
            return (self._confirmation(item),)
        return ()

    def _confirmation(self, item: ServiceRequest) -> Part:
        account = self.dialogue.slots.get("account_id")
        if item.scenario == "cancellation" and account:
            return Part("confirm_account.cancellation", {"account_id": account})
        if item.scenario == "plan_change" and "target_plan" in item.fields:
            return Part("confirm_plan", {"plan": item.fields["target_plan"]})
        if item.scenario == "contact_details_change":
            details = [
                self.replies.fill(f"detail.{slot}", {"value": item.fields[slot]})
                for slot in _DETAILS
                if slot in item.fields
            ]
            return Part("confirm_contact", {"detail": ", ".join(details)})
        return Part(f"confirm.{item.scenario}")

    def _arguments(self, item: ServiceRequest) -> dict[str, Json]:
        own = FIELDS_OF[item.scenario] - {*IDENTITY, "query", "intent", "priority"}
        return {
            **{slot: self.dialogue.slots.get(slot) for slot in IDENTITY},
            "query": " ".join(item.query)[:2000],
            "intent": item.intent,
            "priority": item.priority or "NORMAL",
            **{slot: item.fields.get(slot) for slot in sorted(own)},
        }

    # --- reporting ----------------------------------------------------------------------------------------

    def _outcomes(self) -> tuple[Part, ...]:
        parts: list[Part] = []
        for outcome in self.dialogue.turn.outcomes:
            parts += self._filed(outcome.filed) if outcome.filed else self._failed(outcome)
        return tuple(parts)

    def _filed(self, filed: FiledRecord) -> list[Part]:
        """Reports the reference and one field of the record, both from the tool's result."""
        reference = filed.record.get("reference")
        first = Part(f"filed.{filed.scenario}", {"reference": str(reference)}) if reference else Part("filed_plain")
        slot = next((slot for slot in ("account_id", "phone", "name") if filed.record.get(slot)), None)
        if slot is None or len(self.dialogue.turn.outcomes) > 1:
            return [first]
        return [first, Part(f"recorded.{slot}", {"value": str(filed.record[slot])})]

    def _failed(self, outcome: ToolOutcome) -> list[Part]:
        still_pending = outcome.request is not None and outcome.request in self.dialogue.pending
        if still_pending and outcome.refused:
            return [Part("failed"), Part(f"failed_field.{outcome.refused[0]}")]
        offer = outcome.scenario != HANDOVER and self._may_file(HANDOVER)
        first = Part("failed_unknown" if outcome.unknown else "failed")
        if outcome.unknown and not offer:
            return [first]
        return [first, Part("failed_offer" if offer else "failed_end")]

    def _answers(self) -> tuple[Part, ...]:
        turn = self.dialogue.turn
        if turn.lookup is not None:
            return self._looked_up(turn.lookup)
        if turn.understood is None or turn.outcomes:
            return ()
        if turn.already_filed is not None:
            return (Part("already_filed", {"reference": _reference(turn.already_filed)}),)
        refused = self._not_available()
        if refused:
            return refused
        if turn.understood.chat == "status":
            return self._status()
        if turn.understood.chat == "recall":
            return self._recall()
        if turn.corrected and self.dialogue.filed and not self.dialogue.pending:
            key = "correction_offer" if self._may_file(HANDOVER) else "correction_noted"
            return (Part(key, {"reference": _reference(self.dialogue.filed[-1])}),)
        return ()

    def _not_available(self) -> tuple[Part, ...]:
        """Reports requests that this persona may not file, or whose tool is unavailable."""
        blocked = [item for item in self.dialogue.pending if not self._may_file(item.scenario)]
        if not blocked:
            return ()
        if all(item.scenario in self.request.agent.scenario_names for item in blocked):
            return (Part("cannot_record"), Part("failed_end"))
        return (Part("not_here_offer" if self._may_file(HANDOVER) else "not_here"),)

    def _needs_lookup(self) -> bool:
        return (
            FIND_CRM_RECORDS in self.offered
            and self.dialogue.turn.lookup is None
            and not (self.dialogue.filed or self.dialogue.pending)
        )

    def _asked_scenario(self) -> str | None:
        text = fold(self.request_text)
        named = (name for name, pattern in self.words.scenario_words.items() if pattern.search(text))
        return next(named, None)

    @property
    def request_text(self) -> str:
        """The customer's utterance that opened this turn."""
        understood = self.dialogue.turn.understood
        return understood.text if understood else ""

    def _looked_up(self, result: Mapping[str, Json]) -> tuple[Part, ...]:
        records = result.get("records")
        if not result.get("ok") or not isinstance(records, list | tuple):
            return (Part("status_failed"),)
        newest = next((record for record in records if isinstance(record, Mapping) and record.get("reference")), None)
        if newest is None:
            return (Part("status_nothing"),)
        thing, status = f"thing.{newest.get('scenario')}", f"status.{newest.get('status')}"
        if thing not in self.replies.templates or status not in self.replies.templates:
            return (Part("status_failed"),)
        values = {"thing": self.replies.fill(thing, {}), "status": self.replies.fill(status, {})}
        return (Part("status_found", {**values, "reference": str(newest["reference"])}),)

    def _status(self) -> tuple[Part, ...]:
        if self.dialogue.pending:
            return (Part("not_yet"),)
        asked = self._asked_scenario()
        filed = next((item for item in reversed(self.dialogue.filed) if item.scenario == asked), None)
        filed = filed or (self.dialogue.filed[-1] if self.dialogue.filed else None)
        if filed is None:
            return (Part("status_none"),)
        thing = self.replies.fill(f"thing.{filed.scenario}", {})
        return (Part("status_filed", {"thing": thing, "reference": _reference(filed)}),)

    def _recall(self) -> tuple[Part, ...]:
        text = fold(self.request_text)
        slot = next((name for name, pattern in self.words.recall.items() if pattern.search(text)), "name")
        value = self.dialogue.slots.get(slot)
        return (Part(f"recall.{slot}", {"value": value}) if value else Part(f"unknown.{slot}"),)

    # --- asking and talking -------------------------------------------------------------------------------

    def _question(self) -> tuple[Part, ...]:
        waiting = [item for item in self.dialogue.pending if self._may_file(item.scenario)]
        if any(outcome.request in waiting for outcome in self.dialogue.turn.outcomes if outcome.request):
            return ()  # the report of the refusal asks for the value
        return next((asking for item in waiting if (asking := self._open_question(item))), ())

    def _lead_in(self) -> tuple[Part, ...]:
        """An empathic lead-in for a new request."""
        understood = self.dialogue.turn.understood
        waiting = next((item for item in self.dialogue.pending if self._open_question(item)), None)
        if (
            understood is None
            or waiting is None
            or all(want.scenario != waiting.scenario for want in understood.requested)
        ):
            return ()
        return (Part(f"lead.{waiting.scenario}"),)

    def _small_talk(self) -> Decision:
        turn = self.dialogue.turn
        understood = turn.understood
        chat = understood.chat if understood else None
        name = self.dialogue.slots.get("name")
        persona = self.request.agent.name
        said_who = bool(understood and understood.entities.identity())
        if turn.dropped:
            return Decision("drop", parts=(Part("dropped"),))
        if turn.refused_offer:
            return Decision("talk", parts=(Part("how_help"),))
        if chat == "greeting":
            key = Part("greeting_name", {"name": name}) if name else Part(self.replies.persona_key("greeting", persona))
            return Decision("greet", parts=(key,))
        if chat == "goodbye" or (understood and understood.no and not said_who and self.dialogue.expecting is None):
            return Decision("talk", parts=(Part("goodbye"),))
        if chat == "thanks":
            return Decision("talk", parts=(Part("thanks"),))
        if chat == "abilities":
            abilities = Part(self.replies.persona_key("abilities", persona))
            return Decision("talk", parts=(abilities, Part("anything_else")) if self.dialogue.filed else (abilities,))
        if said_who or chat == "inform":
            return Decision("note", parts=(Part("noted_name", {"name": name}) if name else Part("noted"),))
        if chat == "nevermind" or (understood and understood.yes):
            return Decision("talk", parts=(Part("how_help"),))
        if chat == "out_of_scope":
            abilities = Part(self.replies.persona_key("abilities", persona))
            return Decision("decline", parts=(Part("out_of_scope"), abilities))
        if self.dialogue.unsure == 0:
            return Decision("unsure", parts=(Part("unsure"),))
        return Decision("unsure", parts=(Part("unsure_offer" if self._may_file(HANDOVER) else "unsure_again"),))


#: Parts that ask something or end the dialogue: no "anything else?" after them.
_OPEN_ENDED = frozenset(
    {"failed_offer", "failed_end", "not_here_offer", "correction_offer"}
    | {f"failed_field.{slot}" for slot in (*IDENTITY, *_DETAILS)}
)


def _reference(filed: FiledRecord) -> str:
    return str(filed.record.get("reference") or filed.record.get("id") or "")
