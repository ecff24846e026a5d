"""GraphQL input types."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry.file_uploads import Upload
from strawberry.scalars import JSON

from db.defaults import DEFAULT_AGENT
from graph.api.descriptions import described
from graph.api.types.enums import CallTransport, Channel, CrmStatus, Eagerness, Priority, SessionOutcome, SessionStatus


@strawberry.input(
    description="Engines by stage, each a list in order of preference; a stage that is left out has those of the agent,"
    " or else of the worker's settings."
)
class EnginesInput:
    asr: list[str] | None = strawberry.field(description="Engines of speech recognition.", default=None)
    llm: list[str] | None = strawberry.field(description="Engines of language models.", default=None)
    tts: list[str] | None = strawberry.field(description="Engines of speech synthesis.", default=None)

    def chosen(self) -> dict[str, list[str]]:
        """The lists that were given."""
        return {name: value for name in ("asr", "llm", "tts") if (value := getattr(self, name)) is not None}


@strawberry.input(description="A new conversation.")
class CreateSessionInput:
    customer_id: Annotated[str, described("Your identifier of the customer, 1 to 200 characters.")]
    language: str = strawberry.field(
        description='The language of the conversation: "en", "es-MX", or "auto" to detect it.', default="en"
    )
    channel: Channel = strawberry.field(description="How the customer reaches the company.", default=Channel.WEB)
    persona: str = strawberry.field(description="The agent's name (see capabilities).", default=DEFAULT_AGENT)
    agent_version: int | None = strawberry.field(
        description="The number of the agent's version; null for the current one.", default=None
    )
    metadata: JSON | None = strawberry.field(
        description="A JSON object of at most 16,384 characters, numbers without exponents. The assistant knows the "
        "string members name, phone and account_id from the start.",
        default=None,
    )
    engines: EnginesInput | None = strawberry.field(
        description="Engines for this session, of those that capabilities lists; null for the agent's.", default=None
    )


@strawberry.input(description="An agent to publish.")
class PublishAgentInput:
    definition: Annotated[
        JSON,
        described(
            "The definition, by the JSON Schema of `voxloom agents schema`: an object, or a text in YAML or JSON, whose"
            " problems have lines and columns. Knowledge has its texts in it."
        ),
    ]
    expected_version: int | None = strawberry.field(
        description="The number of the current version that the definition was made from, 0 for a new agent: with"
        " another one current, nothing is published (CONFLICT).",
        default=None,
    )
    draft: bool = strawberry.field(
        description="Only store it, as a version that createSession(agentVersion) may use, and nothing else.",
        default=False,
    )


@strawberry.input(description="The agent to archive.")
class ArchiveAgentInput:
    name: Annotated[str, described("Its name.")]


@strawberry.input(description="A recording as base64.")
class Base64AudioInput:
    base64: Annotated[str, described("The bytes of the file, in base64.")]
    mime_type: Annotated[str, described("The file's media type, a hint only: the format is detected from the bytes.")]


@strawberry.input(one_of=True, description="The content of a message: exactly one of these.")
class MessageContentInput:
    text: str | None = strawberry.field(description="Text.", default=strawberry.UNSET)
    audio: Base64AudioInput | None = strawberry.field(description="A recording in base64.", default=strawberry.UNSET)
    upload: Upload | None = strawberry.field(
        description="A recording, as a file of a GraphQL multipart request.", default=strawberry.UNSET
    )


@strawberry.input(description="A message of the customer.")
class SendMessageInput:
    session_id: Annotated[strawberry.ID, described("The session.")]
    content: Annotated[MessageContentInput, described("The text or audio.")]
    idempotency_key: str | None = strawberry.field(
        description="For safe resending: the same key in the same session returns the same turn. 1 to 200 characters.",
        default=None,
    )
    wait_seconds: float = strawberry.field(
        description="Waits up to this many seconds for the turn to end before responding, for clients that do not "
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


@strawberry.input(
    description="A copy of a session up to a turn, in which the later messages of the customer run again. What it files"
    " is no request of the customer: CrmRecord.forked."
)
class ForkSessionInput:
    session_id: Annotated[strawberry.ID, described("The session to copy.")]
    after_turn: Annotated[int, described("The number of the last turn that is copied; 0 for none. At most 200.")]
    agent_version: int | None = strawberry.field(
        description="Another version of the session's agent; null for the same.", default=None
    )
    engines: EnginesInput | None = strawberry.field(description="Engines; null for the session's.", default=None)
    replay: int | None = strawberry.field(
        description="How many of the later messages run again; null for all, 0 for none.", default=None
    )
    external_tools: bool = strawberry.field(
        description="Whether turns of the fork call tools of external MCP servers. Otherwise such calls fail.",
        default=False,
    )
    idempotency_key: str | None = strawberry.field(
        description="For safe resending: the same key for the same session returns the same fork. 1 to 200 characters.",
        default=None,
    )


@strawberry.input(description="A manual tool call.")
class CallToolInput:
    session_id: Annotated[strawberry.ID, described("The session that the call belongs to.")]
    name: Annotated[
        str,
        described(
            "The tool, of those of the session's agent: a scenario's name, find_crm_records, update_crm_record, or"
            " server__tool of an external server that the agent's definition names."
        ),
    ]
    arguments: Annotated[JSON, described("The tool's arguments: an object that matches the tool's JSON schema.")]
    idempotency_key: str | None = strawberry.field(
        description="The same key in the same session runs the tool once. 1 to 150 characters.", default=None
    )


@strawberry.input(description="How turns are taken in a live call.")
class TurnTakingInput:
    eagerness: Eagerness = strawberry.field(description="How soon the assistant answers.", default=Eagerness.AUTO)
    max_silence_ms: int | None = strawberry.field(
        description="The silence that ends any turn: 200 to 10,000; null for the default.", default=None
    )
    interruptible: bool = strawberry.field(description="Whether the caller may speak over a reply.", default=True)
    backchannels: list[str] | None = strawberry.field(
        description='Words that do not interrupt a reply, such as "uh-huh": at most 50, of at most 40 characters; null'
        " for those of the session's language.",
        default=None,
    )


@strawberry.input(description="A live call.")
class OpenCallInput:
    session_id: Annotated[strawberry.ID, described("The session. It has at most one call that has not ended.")]
    transport: CallTransport = strawberry.field(description="How the audio is carried.", default=CallTransport.REALTIME)
    turn_taking: TurnTakingInput | None = strawberry.field(
        description="How turns are taken; null for the defaults.", default=None
    )
    record: bool = strawberry.field(description="Whether the whole call is recorded (Call.recording).", default=False)
    idempotency_key: str | None = strawberry.field(
        description="For safe resending: the same key in the same session returns the same call. 1 to 200 characters.",
        default=None,
    )


@strawberry.input(description="The live call to end.")
class CloseCallInput:
    call_id: Annotated[strawberry.ID, described("The call.")]


@strawberry.input(description="The live call whose reply is to stop.")
class InterruptReplyInput:
    call_id: Annotated[strawberry.ID, described("The call.")]


@strawberry.input(description="Filters sessions; all given conditions must hold.")
class SessionFilter:
    search: str | None = strawberry.field(
        description="In which either side said these words, or whose CRM records have them: by the beginning of a word,"
        " or by another form of it in English, Spanish, German, French or Hindi. All words must be found, in any order;"
        " the first 8 count. Also an account number, a telephone number or a reference, however it is written. 1 to 200"
        " characters.",
        default=None,
    )
    agent: str | None = strawberry.field(description="Of this agent (its name, Session.persona).", default=None)
    outcome: SessionOutcome | None = strawberry.field(description="With this outcome.", default=None)
    failed: bool | None = strawberry.field(description="With a turn that failed; false: without one.", default=None)
    live_now: bool | None = strawberry.field(
        description="With a live call that has not ended; false: without one.", default=None
    )
    evals: bool | None = strawberry.field(
        description='That an eval made: its metadata has the member "eval"; false: all others.', default=None
    )
    customer_id: str | None = strawberry.field(description="Of this customer.", default=None)
    status: SessionStatus | None = strawberry.field(description="With this status.", default=None)
    channel: Channel | None = strawberry.field(description="Of this channel.", default=None)
    language: str | None = strawberry.field(description="In this language.", default=None)
    forked_from: strawberry.ID | None = strawberry.field(description="Forks of this session.", default=None)
    created_after: datetime | None = strawberry.field(description="Created at or after this time.", default=None)
    created_before: datetime | None = strawberry.field(description="Created before this time.", default=None)


@strawberry.input(description="Filters CRM records; all given conditions must hold.")
class CrmRecordFilter:
    customer_id: str | None = strawberry.field(description="Of this customer.", default=None)
    session_id: strawberry.ID | None = strawberry.field(description="Filed in this session.", default=None)
    reference: str | None = strawberry.field(
        description="With this reference. Lower case, spaces, hyphens, and O, I and L for 0 and 1 are accepted.",
        default=None,
    )
    scenario: str | None = strawberry.field(description="Of this scenario.", default=None)
    priority: Priority | None = strawberry.field(description="Of this priority.", default=None)
    status: CrmStatus | None = strawberry.field(description="With this status.", default=None)
    forked: bool | None = strawberry.field(
        description="Of forked sessions, or not. Null: not, or with sessionId of that session.", default=None
    )
    created_after: datetime | None = strawberry.field(description="Filed at or after this time.", default=None)
    created_before: datetime | None = strawberry.field(description="Filed before this time.", default=None)
