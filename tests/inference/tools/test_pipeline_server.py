"""The pipeline's own MCP server: its client finds each tool that it calls, and logs nothing about it."""

from __future__ import annotations

import logging

import pytest

from tests.client import Client

_CALLS = "query($id: ID!) { conversation(sessionId: $id) { toolCalls { name status } } }"


@pytest.mark.usefixtures("worker")
async def test_calls_of_crm_tools_are_not_warned_about(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    session = await client.create_session()
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            await client.say(session, 'file find_crm_records {"limit": 1}')
    calls = await client.run(
        "query($id: ID!) { conversation(sessionId: $id) { toolCalls { name status } } }", id=session
    )
    assert [each["name"] for each in calls["conversation"]["toolCalls"]] == ["find_crm_records"] * 2
    assert not [each for each in caplog.records if "not listed" in each.getMessage()]
