from __future__ import annotations

import json
import re
import sys

import pytest

from db.postgres.database import Database
from graph.settings import ApiSettings
from inference.lender import Engines
from tests.client import Client
from tests.conftest import served, working
from tests.examples.programs import EXAMPLES

_CALL = """mutation($input: CallToolInput!) { callTool(input: $input) { toolCall { server status error result } } }"""
_TURN = "query($id: ID!) { turn(id: $id) { toolCalls { name server status result } } }"
_PUBLISH = "mutation($definition: JSON!) { publishAgent(input: {definition: $definition}) { __typename } }"
#: An agent uses the servers that its definition names.
_AGENT = {
    "name": "shop_agent",
    "description": "Looks up orders.",
    "languages": ["en"],
    "instructions": "You are the assistant of a shop.",
    "intents": [{"name": "thanks_for_parcel", "examples": {"en": ["my parcel has come"]}, "answer": {"en": "Good."}}],
    "tools": [{"server": "orders"}],
}


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The setting as the README has it, with this test's Python and path."""
    readme = (EXAMPLES / "mcp-server" / "README.md").read_text()
    found = re.search(r"VOXLOOM_MCP_SERVERS='(.*)' make run", readme)
    assert found is not None
    (server,) = json.loads(found[1])
    assert server["command"] == [".venv/bin/python", "examples/mcp-server/orders.py"]
    server["command"] = [sys.executable, str(EXAMPLES / "mcp-server" / "orders.py")]
    monkeypatch.setenv("VOXLOOM_MCP_SERVERS", json.dumps([server]))


@pytest.mark.usefixtures("named")
async def test_its_tool_is_called_by_hand_and_in_a_turn(
    database_url: str, database: Database, engines: Engines, key: str
) -> None:
    settings = ApiSettings(database_url=database_url, host="127.0.0.1", port=0, api_key=None)
    async with served(settings) as address, Client(address, key) as client:
        await client.run(_PUBLISH, definition=_AGENT)
        session = await client.create_session(persona="shop_agent")
        arguments = {"order": "a-1001"}
        given = {"sessionId": session, "name": "orders__order_status", "arguments": arguments}
        called = (await client.run(_CALL, input=given))["callTool"]["toolCall"]
        assert called["error"] is None
        assert (called["server"], called["status"]) == ("orders", "ACCEPTED")
        assert called["result"]["status"] == "shipped"
        given["arguments"] = {"order": "B-9"}
        assert (await client.run(_CALL, input=given))["callTool"]["toolCall"]["result"]["found"] is False

        async with working(database, engines, mcp_servers=settings.mcp_servers):
            turn = await client.say(session, f"file orders__order_status {json.dumps(arguments)}")
        assert turn["status"] == "COMPLETED"
        (used,) = (await client.run(_TURN, id=turn["id"]))["turn"]["toolCalls"]
        assert (used["name"], used["server"], used["status"]) == ("orders__order_status", "orders", "ACCEPTED")
        assert used["result"]["expected"] == "2026-11-28"
