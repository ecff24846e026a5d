"""Scenarios: kinds of customer requests, each with a validated CRM payload (Pydantic model).

The MCP tool of the same name, its JSON schema and the capabilities of the API are derived from them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from db.agents.contact import email_address, phone_number
from db.enums import Priority

#: Name of the MCP tool that finds filed records. No scenario may have this name.
FIND_CRM_RECORDS = "find_crm_records"


def _name(value: str) -> str:
    if not any(ch.isalpha() for ch in value):
        raise ValueError("a name must have letters")
    return value


_Strip = StringConstraints(strip_whitespace=True)
ShortText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
LongText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Name = Annotated[ShortText, AfterValidator(_name)]
Phone = Annotated[str, _Strip, Field(max_length=40), AfterValidator(phone_number)]
AccountId = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9\-]{1,31}$")]
Email = Annotated[
    str, _Strip, Field(max_length=254, json_schema_extra={"format": "email"}), AfterValidator(email_address)
]


class CrmPayload(BaseModel):
    """Fields of every scenario. None if the customer did not say it and the session does not have it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name | None = Field(None, description="The customer's name, as given.")
    phone: Phone | None = Field(None, description="The phone number to reach the customer on.")
    account_id: AccountId | None = Field(None, description="The customer's account id, as given.")
    query: LongText = Field(description="What the customer asks for, in the customer's own words.")
    intent: str = Field(description="What kind of request within the scenario.")
    priority: Priority = Field(Priority.NORMAL, description="How soon somebody must look at it.")


class BillingQuery(CrmPayload):
    intent: Literal["billing", "refund", "overcharge", "payment", "invoice"]


class TechnicalIssue(CrmPayload):
    intent: Literal["technical", "outage", "slow", "device", "login"]


class Cancellation(CrmPayload):
    intent: Literal["cancel"]
    reason: ShortText | None = Field(None, description="Why the customer wants to leave, if they said.")


class PlanChange(CrmPayload):
    intent: Literal["upgrade", "downgrade", "plan_change"]
    target_plan: ShortText | None = Field(None, description="The plan the customer wants, if they named one.")


class ContactDetailsChange(CrmPayload):
    intent: Literal["contact_change"]
    new_phone: Phone | None = Field(None, description="The new phone number.")
    new_email: Email | None = Field(None, description="The new e-mail address.")
    new_address: ShortText | None = Field(None, description="The new postal address.")

    @model_validator(mode="after")
    def _something_changes(self) -> ContactDetailsChange:
        if not (self.new_phone or self.new_email or self.new_address):
            raise ValueError("one of new_phone, new_email and new_address is required")
        return self


class Complaint(CrmPayload):
    intent: Literal["complaint"]
    desired_outcome: ShortText | None = Field(None, description="What would put it right, if they said.")


class HumanHandover(CrmPayload):
    intent: Literal["human"]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A kind of request. ``description``: for language models and clients. ``payload``: model of its CRM record."""

    name: str
    description: str
    payload: type[CrmPayload]

    @property
    def intents(self) -> tuple[str, ...]:
        """The values that ``intent`` may take."""
        return get_args(self.payload.model_fields["intent"].annotation)


SCENARIOS: dict[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        Scenario("billing_query", "A question about a bill, charge, payment or refund.", BillingQuery),
        Scenario("technical_issue", "Something that does not work as it should.", TechnicalIssue),
        Scenario("cancellation", "The customer wants to end their contract.", Cancellation),
        Scenario("plan_change", "The customer wants another plan.", PlanChange),
        Scenario(
            "contact_details_change",
            "The customer has a new phone number, e-mail address or postal address.",
            ContactDetailsChange,
        ),
        Scenario("complaint", "The customer complains about how they were treated.", Complaint),
        Scenario("human_handover", "The customer wants to talk to a person.", HumanHandover),
    )
}
