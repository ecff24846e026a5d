"""GraphQL types of a server's capabilities, and of the viewer (API key and tenant)."""

from __future__ import annotations

import json
from typing import Annotated
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from db.agents.payload import record_schema
from graph.api.agent_loaders import current_agents, spoken_languages
from graph.api.context import Info
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


@strawberry.type(description="A voice of an engine of speech synthesis of the live workers.")
class VoiceCapability:
    engine: Annotated[str, described("The engine.")]
    language: Annotated[str | None, described("Its language, ISO 639-1; null if the engine does not tell.")]
    name: Annotated[str, described("Its name, for an agent's voices.")]


@strawberry.type(description="An agent that a session can be created with.")
class AgentCapability:
    name: Annotated[str, described("Its name, the persona of createSession.")]
    description: Annotated[str, described("Its purpose.")]
    version: Annotated[int, described("The number of its current version.")]
    languages: Annotated[list[str], described("The languages that it speaks (ISO 639-1).")]
    scenarios: Annotated[list[str], described("The scenarios whose CRM records it may file.")]


@strawberry.type(description="A scenario: a kind of customer request that is filed as a CRM record.")
class ScenarioCapability:
    name: Annotated[str, described("Its name, also that of its tool.")]
    description: Annotated[str, described("Its purpose.")]
    intents: Annotated[list[str], described("The possible values of a record's intent.")]
    schema: Annotated[JSON, described("The JSON schema of its payload, with its fields.")]
    agents: Annotated[list[str], described("The agents that have it so; another agent's may be a scenario of its own.")]


@strawberry.type(description="Limits of this server.")
class LimitCapability:
    max_text_length: Annotated[int, described("Maximum characters of a text message.")]
    max_audio_bytes: Annotated[int, described("Maximum bytes of a recording.")]
    max_audio_seconds: Annotated[float, described("Maximum seconds of a recording.")]
    max_wait_seconds: Annotated[float, described("Maximum of waitSeconds.")]


@strawberry.type(description="Engines, models, languages and limits of this server; agents of the tenant.")
class Capabilities:
    tenant_id: strawberry.Private[UUID]
    answered: strawberry.Private[frozenset[str]]
    id: Annotated[strawberry.ID, described("For normalized client caches; node(id) does not accept it.")]
    engines: Annotated[list[EngineCapability], described("The engines of live workers, by stage.")]
    voices: Annotated[list[VoiceCapability], described("The voices of these engines, of those that tell them.")]
    limits: Annotated[LimitCapability, described("The limits of requests.")]

    @strawberry.field(
        description='Languages that createSession accepts, with or without a region, besides "auto": those of the'
        " tenant's agents in which a language model of the live workers replies."
    )
    async def languages(self, info: Info) -> list[str]:
        return sorted(self.answered & set(await spoken_languages(info.context.parts.database, self.tenant_id)))

    @strawberry.field(description="The tenant's agents by name, the first 100; the query agents has all of them.")
    async def agents(self, info: Info) -> list[AgentCapability]:
        return await self._agents(info)

    @strawberry.field(description="The same as agents.", deprecation_reason="Use agents.")
    async def personas(self, info: Info) -> list[AgentCapability]:
        return await self._agents(info)

    @strawberry.field(description="The scenarios of these agents.")
    async def scenarios(self, info: Info) -> list[ScenarioCapability]:
        found: dict[str, ScenarioCapability] = {}
        for _, agent in await current_agents(info.context.parts.database, self.tenant_id):
            for each in agent.scenarios:
                schema = record_schema(agent, each)
                intents = schema["properties"]["intent"]["enum"]
                known = found.setdefault(
                    json.dumps([each.name, each.description, schema]),
                    ScenarioCapability(
                        name=each.name, description=each.description, intents=intents, schema=JSON(schema), agents=[]
                    ),
                )
                known.agents.append(agent.name)
        return list(found.values())

    async def _agents(self, info: Info) -> list[AgentCapability]:
        return [
            AgentCapability(
                name=agent.name,
                description=agent.description,
                version=number,
                languages=list(agent.languages),
                scenarios=list(agent.scenario_names),
            )
            for number, agent in await current_agents(info.context.parts.database, self.tenant_id)
        ]
