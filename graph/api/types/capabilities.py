"""GraphQL types of a server's capabilities, and of the viewer (API key and tenant)."""

from __future__ import annotations

from typing import Annotated

import strawberry
from strawberry.scalars import JSON

from graph.api.descriptions import described
from graph.api.types.enums import Stage


@strawberry.type(description="The API key of this request and its tenant.")
class Viewer:
    id: Annotated[strawberry.ID, described("For normalized client caches; node(id) does not accept it.")]
    tenant_id: Annotated[strawberry.ID, described("The tenant's id.")]
    tenant: Annotated[str, described("The tenant's name.")]
    key_id: Annotated[strawberry.ID, described("The API key's id.")]
    key_name: Annotated[str, described("The API key's name.")]


@strawberry.type(description="An engine of the live workers.")
class EngineCapability:
    stage: Annotated[Stage, described("The stage it serves.")]
    engine: Annotated[str, described("The engine, the code that runs the model.")]
    model: Annotated[str, described("The model.")]
    languages: Annotated[list[str], described("ISO 639-1 codes; empty means any.")]
    workers: Annotated[int, described("Number of live workers that have it.")]
    loaded: Annotated[int, described("Number of those workers on which it is loaded.")]
    error: Annotated[str | None, described("The load error of a worker, if one failed.")]


@strawberry.type(description="A persona of the assistant.")
class PersonaCapability:
    name: Annotated[str, described("Its name, for createSession.")]
    description: Annotated[str, described("Its purpose.")]
    scenarios: Annotated[list[str], described("The scenarios whose CRM records it may file.")]


@strawberry.type(description="A scenario: a kind of customer request that is filed as a CRM record.")
class ScenarioCapability:
    name: Annotated[str, described("Its name, also that of its tool.")]
    description: Annotated[str, described("Its purpose.")]
    intents: Annotated[list[str], described("The possible values of a record's intent.")]
    schema: Annotated[JSON, described("The JSON schema of its payload.")]


@strawberry.type(description="Limits of this server.")
class LimitCapability:
    max_text_length: Annotated[int, described("Maximum characters of a text message.")]
    max_audio_bytes: Annotated[int, described("Maximum bytes of a recording.")]
    max_audio_seconds: Annotated[float, described("Maximum seconds of a recording.")]
    max_wait_seconds: Annotated[float, described("Maximum of waitSeconds.")]


@strawberry.type(description="Engines, models, languages, personas, scenarios and limits of this server.")
class Capabilities:
    id: Annotated[strawberry.ID, described("For normalized client caches; node(id) does not accept it.")]
    engines: Annotated[list[EngineCapability], described("The engines of live workers, by stage.")]
    languages: Annotated[
        list[str],
        described(
            'Languages that createSession accepts, with or without a region, besides "auto": those in which a '
            "language model of the live workers replies."
        ),
    ]
    personas: Annotated[list[PersonaCapability], described("The assistant's personas.")]
    scenarios: Annotated[list[ScenarioCapability], described("The scenarios of CRM records.")]
    limits: Annotated[LimitCapability, described("The limits of requests.")]
