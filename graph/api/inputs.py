"""What clients send."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry.file_uploads import Upload
from strawberry.scalars import JSON

from graph.api.descriptions import described
from graph.api.types.enums import Channel, CrmStatus, Priority, SessionStatus


@strawberry.input(description="A new conversation.")
class CreateSessionInput:
    customer_id: Annotated[str, described("The customer, as you name them: 1 to 200 characters.")]
    language: str = strawberry.field(description='What is spoken: "en", "es-MX", or "auto" to detect it.', default="en")
    channel: Channel = strawberry.field(description="How the customer reaches the company.", default=Channel.WEB)
    persona: str = strawberry.field(description="Who the assistant is.", default="billing_agent")
    metadata: JSON | None = strawberry.field(
        description="An object of yours, at most 16,384 characters of JSON, its numbers written without exponents. "
        "Its name, phone and account_id, where they are texts, are "
        "what the assistant knows of the customer from the start.",
        default=None,
    )


@strawberry.input(description="A recording as base64.")
class Base64AudioInput:
    base64: Annotated[str, described("The bytes of the file.")]
    mime_type: Annotated[str, described("What you believe it is; what counts is what the bytes are.")]


@strawberry.input(one_of=True, description="What the customer said: exactly one of these.")
class MessageContentInput:
    text: str | None = strawberry.field(description="Words.", default=strawberry.UNSET)
    audio: Base64AudioInput | None = strawberry.field(description="A recording.", default=strawberry.UNSET)
    upload: Upload | None = strawberry.field(
        description="A recording, as a file of a multipart request.", default=strawberry.UNSET
    )


@strawberry.input(description="A message of the customer.")
class SendMessageInput:
    session_id: Annotated[strawberry.ID, described("The session.")]
    content: Annotated[MessageContentInput, described("What was said.")]
    idempotency_key: str | None = strawberry.field(
        description="The same key in the same session is the same turn, whoever resends it. 1 to 200 characters.",
        default=None,
    )
    wait_seconds: float = strawberry.field(
        description="Wait up to this many seconds for the turn to finish before answering, for clients that don't "
        "subscribe.",
        default=0.0,
    )


@strawberry.input(description="The turn to cancel.")
class CancelTurnInput:
    turn_id: Annotated[strawberry.ID, described("The turn.")]


@strawberry.input(description="The turn to run again.")
class RetryTurnInput:
    turn_id: Annotated[strawberry.ID, described("The turn.")]


@strawberry.input(description="The session to end.")
class EndSessionInput:
    session_id: Annotated[strawberry.ID, described("The session.")]


@strawberry.input(description="A tool to run by hand.")
class CallToolInput:
    session_id: Annotated[strawberry.ID, described("The session on whose behalf it runs.")]
    name: Annotated[
        str, described("The tool: a scenario's name, find_crm_records, or server__tool of an external server.")
    ]
    arguments: Annotated[JSON, described("An object: what the tool's schema asks for.")]
    idempotency_key: str | None = strawberry.field(
        description="The same key in the same session runs the tool once. 1 to 150 characters.", default=None
    )


@strawberry.input(description="Which sessions to list; what is left out does not narrow.")
class SessionFilter:
    customer_id: str | None = strawberry.field(description="Of this customer.", default=None)
    status: SessionStatus | None = strawberry.field(description="In this state.", default=None)
    channel: Channel | None = strawberry.field(description="By this channel.", default=None)
    language: str | None = strawberry.field(description="In this language.", default=None)
    created_after: datetime | None = strawberry.field(description="Opened at or after.", default=None)
    created_before: datetime | None = strawberry.field(description="Opened before.", default=None)


@strawberry.input(description="Which CRM records to list; what is left out does not narrow.")
class CrmRecordFilter:
    customer_id: str | None = strawberry.field(description="Of this customer.", default=None)
    session_id: strawberry.ID | None = strawberry.field(description="Filed in this session.", default=None)
    reference: str | None = strawberry.field(
        description="With this reference, as the customer gives it: small letters, spaces, hyphens, and O, I and L for "
        "0 and 1 are taken too.",
        default=None,
    )
    scenario: str | None = strawberry.field(description="Of this scenario.", default=None)
    priority: Priority | None = strawberry.field(description="Of this priority.", default=None)
    status: CrmStatus | None = strawberry.field(description="In this state.", default=None)
    created_after: datetime | None = strawberry.field(description="Filed at or after.", default=None)
    created_before: datetime | None = strawberry.field(description="Filed before.", default=None)
