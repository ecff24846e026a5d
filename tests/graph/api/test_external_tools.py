"""callTool on external MCP servers: connected lazily, and never without an API key."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.client import Client
from tests.conftest import cloned, holder_of
from tests.db.rows import publish
from tests.graph.edge import Edge, code_of, opened
from tests.inference.tools.shop import Shop

CALL = "mutation($input: CallToolInput!) { callTool(input: $input) { toolCall { server status error result } } }"


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    made = Shop("http", tmp_path)
    yield made
    await made.kill()


@pytest.fixture
async def edge(postgres: str, shop: Shop) -> AsyncIterator[Edge]:
    async with cloned(postgres) as url, opened(url, mcp_servers=(shop.settings,)) as running:
        yield running


async def session_of_shop(edge: Edge, client: Client) -> str:
    """A session of an agent that may use the shop's tools."""
    viewer = await holder_of(edge.database, client.headers["Authorization"].removeprefix("Bearer "))
    return await client.create_session(persona=await publish(edge.database, viewer, tools=[{"server": "shop"}]))


async def call(client: Client, session: str, name: str, **arguments: Any) -> dict[str, Any]:
    return await client.post(CALL, input={"sessionId": session, "name": name, "arguments": arguments})


async def test_an_external_tool_is_called_by_hand(edge: Edge, shop: Shop) -> None:
    async with edge.tenant() as client, Client(edge.address, "no-key-of-ours") as nobody:
        session = await session_of_shop(edge, client)
        await shop.start()  # later than the API: it had no need of it
        assert code_of(await call(nobody, session, "shop__charge")) == "UNAUTHENTICATED"
        assert shop.runs == []
        made = (await call(client, session, "shop__charge"))["data"]["callTool"]["toolCall"]
        assert made == {"server": "shop", "status": "ACCEPTED", "error": None, "result": {"ok": True, "n": 1}}
        lost = (await call(client, session, "shop__charge", how="die"))["data"]["callTool"]["toolCall"]
        assert lost["status"] == "FAILED"
        assert lost["error"].startswith("OUTCOME_UNKNOWN: ")
        assert code_of(await call(client, session, "shopping__charge")) == "BAD_USER_INPUT"
        assert shop.runs == ["charge", "charge"]


async def test_an_agent_that_does_not_name_the_server_cannot_call_it(edge: Edge, shop: Shop) -> None:
    async with edge.tenant() as client:
        session = await client.create_session()
        await shop.start()
        before = await edge.rows()
        assert code_of(await call(client, session, "shop__charge")) == "BAD_USER_INPUT"
        assert await edge.rows() == before
        assert shop.runs == []


async def test_a_server_that_is_down_costs_one_call_and_not_the_others(edge: Edge, shop: Shop) -> None:
    async with edge.tenant() as client:
        session = await session_of_shop(edge, client)
        down = (await call(client, session, "shop__charge"))["data"]["callTool"]["toolCall"]
        assert (down["server"], down["status"]) == ("shop", "FAILED")
        assert down["error"].startswith("ENGINE_UNAVAILABLE: ")
        found = (await call(client, session, "find_crm_records"))["data"]["callTool"]["toolCall"]
        assert found["status"] == "ACCEPTED"
