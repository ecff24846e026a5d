"""Definitions of agents that clients give: read, checked, and what may be a mistake in them."""

from __future__ import annotations

import json
from uuid import UUID

from strawberry.scalars import JSON

from db.agents.definition import AgentDefinition
from db.agents.parse import MAX_BYTES, parse_definition, validate_definition
from db.agents.split_texts import split_texts
from db.commands.agents import MAX_DEFINITION_BYTES
from db.errors import InvalidDefinition, PayloadTooLarge
from db.json_value import Json
from db.queue import workers
from graph.api.context import Info


def given_definition(given: JSON) -> AgentDefinition:
    """The definition: a JSON object, or a text in YAML or JSON. Raises InvalidDefinition, PayloadTooLarge."""
    value: Json = given
    if not isinstance(value, str):
        return validate_definition(value)
    if len(value) > MAX_DEFINITION_BYTES:
        raise PayloadTooLarge(f"The definition has more than {MAX_DEFINITION_BYTES} bytes.")
    if not value.lstrip().startswith("{"):
        return parse_definition(value)
    try:
        return validate_definition(json.loads(value))
    except (ValueError, RecursionError):  # YAML in braces
        return parse_definition(value)
    except InvalidDefinition:
        if len(value) > MAX_BYTES:
            raise
        return parse_definition(value)  # refuses it, and tells lines


def _split_texts(given: JSON) -> list[str]:
    if not isinstance(given, str) or given.lstrip().startswith("{"):
        return []
    return [f"{each.path}: {each.message}" for each in split_texts(given)]


async def warnings_of(info: Info, tenant_id: UUID, given: JSON, definition: AgentDefinition) -> list[str]:
    """What may be a mistake in a valid definition: a voice that no engine of the live workers has, or a text that a
    comma splits. ``given``: the definition as the client gave it.
    """
    async with info.context.parts.database.reading() as session:
        living = await workers.find_alive(session, info.context.parts.settings.live_worker_seconds)
    voices = [
        f"voices.{language}: no engine of the live workers has the voice {name!r}."
        for language, name in workers.unknown_voices(living, definition.voices)
    ]
    return [*voices, *(await info.context.parts.texts.run(tenant_id, _split_texts, given))]
