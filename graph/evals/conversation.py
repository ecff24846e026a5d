"""The format of eval files: conversations with a customer's lines, and what must come of them. YAML, one model."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, model_validator

from db.agents.definition import Language
from db.agents.identifier import Identifier
from db.defaults import DEFAULT_AGENT
from db.json_value import Json
from graph.evals.search import LinearPatterns, check_backtracking

Text = Annotated[str, Field(min_length=1, max_length=4000)]


#: Most lines of a conversation.
MAX_LINES = 200


def _pattern(given: str, info: ValidationInfo) -> str:
    if isinstance(info.context, LinearPatterns):
        info.context.check(given)
    else:
        check_backtracking(given)
    return given


def _listed(value: object) -> object:
    return value if value is None or isinstance(value, list) else [value]


#: Allowed values: one, or any of several.
AnyOf = Annotated[list[Text], BeforeValidator(_listed)]
#: Regular expressions, one or several: of linear time, if LinearPatterns is the context of the validation.
Patterns = Annotated[list[Annotated[Text, AfterValidator(_pattern)]], BeforeValidator(_listed)]
#: The same as AnyOf of a field; null: the field must be absent.
Allowed = Annotated[list[str] | None, BeforeValidator(_listed)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ReplyExpectation(_Part):
    """``any``: regular expressions of which one must be found in the reply, case ignored. ``none``: none may be.

    ``language``: of the reply. ``judge``: a requirement in words, which ``voxloom eval --judge`` has judged.
    """

    any: Patterns = []
    none: Patterns = []
    language: Language | None = None
    judge: Text | None = None


class TurnExpectation(_Part):
    """``filed``: scenarios of which this turn filed a record, exactly. ``tools``: names of the tools that it called,
    exactly. ``first_audio_ms``, ``total_ms``: at most these milliseconds.
    """

    reply: ReplyExpectation = ReplyExpectation()
    filed: list[Identifier] | None = None
    tools: list[str] | None = None
    first_audio_ms: float | None = None
    total_ms: float | None = None


class Line(_Part):
    """A line of the customer: exactly one of ``say`` (text), ``speak`` (text that is synthesized and sent as a
    recording) and ``audio`` (a file beside the eval file). ``language``: in which ``speak`` is spoken, if it is not
    the conversation's.

    ``intent``: the right one, or several allowed ones. ``entities``: all that is to be noted from this very line, by
    field; a list of allowed values each.
    """

    say: str | None = Field(None, max_length=100_000)
    speak: Text | None = None
    audio: Text | None = None
    language: Language | None = None
    intent: AnyOf | None = None
    entities: dict[Identifier, AnyOf] | None = None
    expect: TurnExpectation = TurnExpectation()

    @model_validator(mode="after")
    def _one_way(self) -> Line:
        if sum(each is not None for each in (self.say, self.speak, self.audio)) != 1:
            raise ValueError("a line needs exactly one of say, speak and audio")
        return self

    @property
    def words(self) -> str:
        return self.say or self.speak or f"[{self.audio}]"


class RecordExpectation(_Part):
    """A record. ``scenario``, ``intent``: or several allowed ones. ``fields``: allowed values by field, null: absent.

    ``query``: regular expressions of which each must be found in the record's query or another field.
    """

    scenario: AnyOf
    intent: AnyOf | None = None
    priority: AnyOf | None = None
    fields: dict[Identifier, Allowed] = {}
    query: Patterns = []


class ConversationExpectation(_Part):
    """``records``: exactly these exist in the session at the end, in any order; absent: not checked."""

    records: list[RecordExpectation] | None = None


class Conversation(_Part):
    """``known``: of the customer, as the session's metadata. ``language``: of the session, or "auto"."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    kind: Annotated[str, Field(max_length=50)] = ""
    agent: Identifier | Literal[""] = ""
    language: Annotated[str, Field(max_length=10)] = "en"
    known: dict[str, Json] = {}
    turns: Annotated[list[Line], Field(min_length=1, max_length=MAX_LINES)]
    expect: ConversationExpectation = ConversationExpectation()

    def to_json(self) -> str:
        """The conversation as JSON without defaults: ``graph.evals.parse.parse_conversation`` reads it."""
        return self.model_dump_json(exclude_defaults=True)


class EvalFile(_Part):
    """``agent``, ``kind``: of all its conversations that name none of their own."""

    agent: Identifier = DEFAULT_AGENT
    kind: Annotated[str, Field(max_length=50)] = ""
    conversations: Annotated[list[Conversation], Field(min_length=1, max_length=1000)]
