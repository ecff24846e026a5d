"""Agents of a running server, through its API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from db.agents.definition import AgentDefinition
from db.errors import AgentNotFound
from db.load_settings import load_settings
from graph.cli.address import base_url
from graph.cli.api_client import ApiClient, ServerObject, ServerUnusable
from graph.cli.local_key import local_key
from graph.settings import ApiSettings

_PUBLISH = """mutation($text: JSON!, $expected: Int, $draft: Boolean!) {
  publishAgent(input: {definition: $text, expectedVersion: $expected, draft: $draft}) {
    isNew warnings version { number } } }"""
_CHECK = """query($text: JSON!) { checkAgent(definition: $text) {
  problems { message path } warnings currentVersion knownVersion changes { path kind } } }"""
_ARCHIVE = "mutation($name: String!) { archiveAgent(input: {name: $name}) { agent { archivedAt } } }"
_LIST = """query($after: String, $archived: Boolean!) { agents(first: 100, after: $after, archived: $archived) {
  nodes { name description languages archivedAt version { number builtin publishedAt publishedBy } }
  pageInfo { hasNextPage endCursor } } }"""
_SHOW = """query($name: String!, $version: Int) { agent(name: $name, version: $version) {
  version { number builtin draft publishedAt publishedBy definition } currentVersion { number } } }"""


class RemoteAgents:
    """Those of the tenant of the API key."""

    def __init__(self, api: ApiClient) -> None:
        self._api = api

    async def publish(
        self, definition: AgentDefinition, *, expected_version: int | None, draft: bool = False
    ) -> tuple[int, bool, list[str]]:
        """Publishes a definition, or stores it as a draft; the version's number, whether it is new, and warnings."""
        # As a text: it is one value among the variables, of which a request has a limited number.
        data = await self._api.call(_PUBLISH, text=definition.to_json(), expected=expected_version, draft=draft)
        published = data["publishAgent"]
        return published["version"]["number"], published["isNew"], published["warnings"]

    async def check(self, definition: AgentDefinition) -> ServerObject:
        """What publishing a definition would change (``AgentCheck`` of the schema); stores nothing."""
        return dict((await self._api.call(_CHECK, text=definition.to_json()))["checkAgent"])

    async def archive(self, name: str) -> None:
        await self._api.call(_ARCHIVE, name=name)

    async def all(self, *, archived: bool) -> list[ServerObject]:
        """The tenant's agents with their current versions, by name."""
        found: list[ServerObject] = []
        after: str | None = None
        while True:
            page = (await self._api.call(_LIST, after=after, archived=archived))["agents"]
            found += page["nodes"]
            if not page["pageInfo"]["hasNextPage"]:
                return found
            after = page["pageInfo"]["endCursor"]

    async def find(self, name: str, version: int | None = None) -> ServerObject:
        """An agent's version with its definition: of this number, or the current one. Raises AgentNotFound."""
        found: ServerObject | None = (await self._api.call(_SHOW, name=name, version=version))["agent"]
        if found is None:
            raise AgentNotFound(f"No such agent: {name}." if version is None else f"{name} has no version {version}.")
        return found


@asynccontextmanager
async def remote_agents(url: str | None) -> AsyncIterator[RemoteAgents]:
    """Those of the server at ``url``; of this machine's by default. Raises ServerUnusable."""
    settings = load_settings(ApiSettings)
    base = (url or base_url(settings)).rstrip("/")
    api = ApiClient(base, local_key(settings))
    try:
        yield RemoteAgents(api)
    except httpx.ConnectError:
        raise ServerUnusable(f"Nothing answers at {base}: start it with `voxloom up` (or `make run`).") from None
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise ServerUnusable(f"{base} did not answer ({type(error).__name__}): is it still running?") from None
    finally:
        await api.close()
