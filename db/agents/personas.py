"""Personas: instructions (system prompt), scenarios and voice of the assistant. Add an entry to ``PERSONAS``."""

from __future__ import annotations

from dataclasses import dataclass

from db.agents.scenarios import SCENARIOS


@dataclass(frozen=True, slots=True)
class Persona:
    """A role of the assistant. ``instructions``: for the language model. ``scenarios``: names it may use as tools.

    ``voice``: a speaker of the TTS engine, None for its default; an engine without that speaker is unavailable to it.
    """

    name: str
    description: str
    instructions: str
    scenarios: tuple[str, ...]
    voice: str | None = None


_COMMON = (
    "You are on a phone line: answer in one to three short spoken sentences, without lists, markup or emoji. "
    "Answer in the customer's language. Never invent an amount, a date, a name or a policy. Say that "
    "something was done only after a tool's result says so. Record only what the customer said. When you are "
    "unsure, offer to hand over to a person."
)

PERSONAS: dict[str, Persona] = {
    persona.name: persona
    for persona in (
        Persona(
            "billing_agent",
            "Answers for bills and payments, and takes every other request in.",
            "You are the billing assistant of a telephone and internet company. " + _COMMON,
            tuple(SCENARIOS),
        ),
        Persona(
            "technical_agent",
            "Takes in faults and helps with devices.",
            "You are the technical assistant of a telephone and internet company. " + _COMMON,
            ("technical_issue", "contact_details_change", "complaint", "human_handover"),
        ),
        Persona(
            "retention_agent",
            "Speaks with customers who think of leaving or changing their plan.",
            "You are the contract assistant of a telephone and internet company. " + _COMMON,
            ("cancellation", "plan_change", "complaint", "human_handover"),
        ),
    )
}
