"""mypy checks a field's annotation against its column; nullability is compared with the tables."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import get_type_hints

import pytest
from graphql import GraphQLField, GraphQLNamedType, GraphQLObjectType, get_named_type
from sqlalchemy import ColumnElement

from db.models.base import Base
from graph.api.declared import Related, SameRow, SoundUrl, Value, declared
from graph.api.schema import schema

_ROOT = Path(__file__).parents[3]

_HEAD = """
from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry
from sqlalchemy import func
from sqlalchemy.sql.elements import SQLColumnExpression
from strawberry.scalars import JSON

from db.enums import Role
from db.models.audio import Audio as AudioRow
from db.models.conversation import Message as MessageRow
from db.models.conversation import Session as SessionRow
from db.models.conversation import Turn as TurnRow
from graph.api.descriptions import described
from graph.api.event_fields import always, data, in_data, optional_data, stored_value, stored_row, stored_url
from graph.api.fields import column, computed, non_null, part, prefixed_id, sound_url
from graph.api.relations import many, many_through, one, window
from graph.api.types.enums import Stage
from graph.api.types.audio import Audio
from graph.api.types.message import Message
from graph.api.types.turn import TurnError

def seconds(turn: TurnRow) -> float | None: raise NotImplementedError
def seconds_sql(turn: type[TurnRow]) -> SQLColumnExpression[float | None]: raise NotImplementedError
"""

#: Annotations with their declarations.
_RIGHT = (
    'strawberry.ID = column(TurnRow.id, "")',
    'str | None = column(MessageRow.text, "")',
    'float | None = column(SessionRow.last_seq, "an Int is a Float, and may be declared to be nullable")',
    'Role = column(MessageRow.role, "")',
    'JSON | None = column(SessionRow.metadata_, "")',
    'strawberry.ID | None = column(MessageRow.audio_id, "")',
    'datetime | None = column(TurnRow.finished_at, "")',
    'str = column(non_null(TurnRow.error_code), "")',
    'float | None = computed(seconds, seconds_sql, "")',
    'strawberry.ID = prefixed_id("x", TurnRow.id, "")',
    'str = sound_url(AudioRow.id, "")',
    'TurnError | None = part(TurnError, "", where=lambda turn: turn.number > 1)',
    'Audio | None = one(Audio, AudioRow.id, MessageRow.audio_id, "")',
    'Message = one(Message, MessageRow.turn_id, TurnRow.id, "", where=lambda _, message: message.complete)',
    'list[Message] = many(Message, MessageRow.turn_id, TurnRow.id, "")',
    'list[Message] = window(Message, MessageRow.session_id, SessionRow.id, "")',
    'int = data("index", int, "")',
    'Stage = data("stage", Stage, "")',
    'str | None = optional_data("text", str, "")',
    'Message = stored_row(Message, MessageRow.id, always(in_data("message_id")), "")',
    'Message | None = stored_row(Message, MessageRow.id, in_data("message_id"), "")',
    'datetime = stored_value(lambda event: event.at, "")',
    'str = stored_url("audio_id", "")',
    'Annotated[str, described("")]',
)

_WRONG = {
    "column(): another type": 'int = column(MessageRow.text, "")',
    "column(): may be NULL": 'str = column(MessageRow.text, "")',
    "column(): a UUID is not shown as it is": 'UUID = column(TurnRow.id, "")',
    "column(): another id": 'int = column(TurnRow.id, "")',
    "column(): an id that may be NULL": 'strawberry.ID = column(MessageRow.audio_id, "")',
    "column(): another enum": 'Stage = column(MessageRow.role, "")',
    "column(): JSON that may be NULL": 'JSON = column(SessionRow.metadata_, "")',
    "column(): JSON is no str": 'str = column(SessionRow.metadata_, "")',
    "column(): GraphQL has no bytes": 'bytes = column(TurnRow.request_hash, "")',
    "column(): no such column": 'str = column(TurnRow.nothing, "")',
    "computed(): may be None": 'float = computed(seconds, seconds_sql, "")',
    "computed(): another type": 'str | None = computed(seconds, seconds_sql, "")',
    "computed(): functions without annotations": 'str = computed(lambda turn: turn.text, lambda turn: turn.text, "")',
    "prefixed_id(): no int": 'int = prefixed_id("x", TurnRow.id, "")',
    "sound_url(): no id": 'str = sound_url(AudioRow.mime_type, "")',
    "part(): may be None": 'TurnError = part(TurnError, "", where=lambda turn: turn.number > 1)',
    "part(): no such column": 'TurnError | None = part(TurnError, "", where=lambda turn: turn.text == "")',
    "one(): may be None": 'Audio = one(Audio, AudioRow.id, MessageRow.audio_id, "")',
    "one(): another GraphQL type": 'Message = one(Audio, AudioRow.id, MessageRow.turn_id, "")',
    "one(): a list": 'list[Audio] = one(Audio, AudioRow.id, MessageRow.turn_id, "")',
    "one(): a key that is no id": 'Audio = one(Audio, AudioRow.mime_type, MessageRow.turn_id, "")',
    "one(): another row": 'Message = one(Message, MessageRow.turn_id, TurnRow.id, "", where=lambda _, x: x.number > 1)',
    "many(): one": 'Message = many(Message, MessageRow.turn_id, TurnRow.id, "")',
    "many(): another GraphQL type": 'list[Audio] = many(Message, MessageRow.turn_id, TurnRow.id, "")',
    "many(): shows no rows": 'list[str] = many(str, MessageRow.turn_id, TurnRow.id, "")',
    "window(): another GraphQL type": 'list[Audio] = window(Message, MessageRow.session_id, SessionRow.id, "")',
    "many_through(): another": 'list[Audio] = many_through(Message, MessageRow.id, TurnRow.id, TurnRow.id, "")',
    "data(): another type": 'str = data("index", int, "")',
    "optional_data(): may be None": 'str = optional_data("text", str, "")',
    "stored_value(): another type": 'str = stored_value(lambda event: event.at, "")',
    "stored_row(): may be None": 'Message = stored_row(Message, MessageRow.id, in_data("message_id"), "")',
    "stored_row(): other GraphQL type": 'Audio = stored_row(Message, MessageRow.id, always(in_data("message_id")), "")',
    "stored_url(): no int": 'int = stored_url("audio_id", "")',
}


#: A described attribute is an argument of the constructor.
_WITHOUT_ARGUMENT = """
@strawberry.type
class Plain:
    name: Annotated[str, described("")]
Plain()
"""


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The declarations above that mypy refuses: one run over one file."""
    place = tmp_path_factory.mktemp("typed")
    lines, found = _HEAD.splitlines(), {}
    for number, declaration in enumerate((*_RIGHT, *_WRONG.values())):
        lines += [f"class _{number}:", f"    x: {declaration}"]
        found[len(lines)] = declaration
    lines += _WITHOUT_ARGUMENT.splitlines()
    found[len(lines)] = _WITHOUT_ARGUMENT
    file = place / "snippets.py"
    file.write_text("\n".join([*lines, ""]))
    # With the cache of `make check`, which knows all that is imported.
    command = [sys.executable, "-m", "mypy", "--config-file", str(_ROOT / "pyproject.toml"), str(file)]
    run = subprocess.run(command, capture_output=True, text=True, cwd=_ROOT, timeout=300, check=False)
    assert run.returncode == 1, run.stdout + run.stderr
    return {found[int(line)] for line in re.findall(r"snippets\.py:(\d+): error: ", run.stdout)}


@pytest.mark.parametrize("declaration", _RIGHT)
def test_a_fitting_annotation_passes(declaration: str, refused: set[str]) -> None:
    assert declaration not in refused


@pytest.mark.parametrize("declaration", _WRONG.values(), ids=_WRONG)
def test_an_annotation_that_does_not_fit_is_refused(declaration: str, refused: set[str]) -> None:
    assert declaration in refused


def test_a_constructor_takes_all_described_attributes(refused: set[str]) -> None:
    assert _WITHOUT_ARGUMENT in refused


def _model(kind: GraphQLNamedType) -> type[Base] | None:
    """The model whose rows a GraphQL type shows; None if it shows no rows."""
    definition = kind.extensions.get("strawberry-definition")
    row = None if definition is None else get_type_hints(definition.origin).get("row")
    return row if isinstance(row, type) and issubclass(row, Base) else None


#: Every field of a type that shows rows, and their model.
_FIELDS: dict[str, tuple[type[Base], GraphQLField]] = {
    f"{name}.{key}": (model, field)
    for name, kind in schema.graphql_schema.type_map.items()
    if isinstance(kind, GraphQLObjectType) and (model := _model(kind)) is not None
    for key, field in kind.fields.items()
}


def test_all_tables_are_shown() -> None:
    assert {model.__name__ for model, _ in _FIELDS.values()} == {
        "Agent", "AgentVersion", "Audio", "Call", "CrmRecord", "CrmRecordChange", "KnowledgeIndex", "Message",
        "ModelCall", "Session", "ToolCall", "Turn",
    }  # fmt: skip


@pytest.mark.parametrize("name", _FIELDS)
def test_a_field_reads_the_table_of_its_type(name: str) -> None:
    """SQLAlchemy's attributes do not tell a type checker of which table they are."""
    model, field = _FIELDS[name]
    columns = model.__table__.c
    match declared(field):
        case Value(sql) | SoundUrl(sql):
            assert isinstance(sql(columns), ColumnElement)
        case SameRow():
            assert _model(get_named_type(field.type)) is model
        case Related() as related:
            assert related.own in columns
            assert related.key in related.model.__table__.c
            assert _model(get_named_type(field.type)) is related.model
