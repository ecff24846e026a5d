"""What this server can do, and who is asking."""

from __future__ import annotations

from typing import Annotated

import strawberry
from strawberry.scalars import JSON

from graph.api.descriptions import described
from graph.api.types.enums import Stage


@strawberry.type(description="Who is asking: the API key and its tenant.")
class Viewer:
    id: Annotated[strawberry.ID, described("For the caches of clients; node does not take it.")]
    tenant_id: Annotated[strawberry.ID, described("The tenant's id.")]
    tenant: Annotated[str, described("The tenant's name.")]
    key_id: Annotated[strawberry.ID, described("The API key's id.")]
    key_name: Annotated[str, described("The API key's name.")]


@strawberry.type(description="An engine that workers have.")
class EngineCapability:
    stage: Annotated[Stage, described("The stage it serves.")]
    engine: Annotated[str, described("The code that runs the model.")]
    model: Annotated[str, described("The model.")]
    languages: Annotated[list[str], described("ISO 639-1 codes; empty means any.")]
    workers: Annotated[int, described("How many living workers have it.")]
    loaded: Annotated[int, described("On how many of them it is loaded.")]
    error: Annotated[str | None, described("Why it could not be loaded, on a worker where it could not.")]


@strawberry.type(description="Who the assistant can be.")
class PersonaCapability:
    name: Annotated[str, described("What createSession takes.")]
    description: Annotated[str, described("What it is for.")]
    scenarios: Annotated[list[str], described("The scenarios it may file.")]


@strawberry.type(description="A kind of request that can be filed.")
class ScenarioCapability:
    name: Annotated[str, described("Also the name of its tool.")]
    description: Annotated[str, described("What it is for.")]
    intents: Annotated[list[str], described("The values of its intent.")]
    schema: Annotated[JSON, described("The JSON schema of its payload.")]


@strawberry.type(description="What this server takes.")
class LimitCapability:
    max_text_length: Annotated[int, described("Characters of a text.")]
    max_audio_bytes: Annotated[int, described("Bytes of a recording.")]
    max_audio_seconds: Annotated[float, described("Seconds of a recording.")]
    max_wait_seconds: Annotated[float, described("The longest waitSeconds.")]


@strawberry.type(description="Engines, models, languages, personas, scenarios and limits of this server.")
class Capabilities:
    id: Annotated[strawberry.ID, described("For the caches of clients; node does not take it.")]
    engines: Annotated[list[EngineCapability], described("What the living workers have, by stage.")]
    languages: Annotated[
        list[str],
        described(
            'What createSession takes as language, with or without a region, beside "auto": what a language model of '
            "the living workers answers in."
        ),
    ]
    personas: Annotated[list[PersonaCapability], described("Who the assistant can be.")]
    scenarios: Annotated[list[ScenarioCapability], described("What can be filed.")]
    limits: Annotated[LimitCapability, described("What is too much.")]
