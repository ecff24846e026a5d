"""External MCP servers that crash, hang, return errors or garbage, and restart: real processes, stdio and HTTP."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from db.errors import EngineUnavailable, OutcomeUnknown, VoxLoomError
from db.settings import McpServerSettings
from inference.ports import ToolContext, ToolRequest, ToolResult
from inference.tools.client import connect_to
from inference.tools.connection import McpConnection
from inference.turn.limits import TurnLimits
from inference.turn.retries import RetryPolicy
from inference.turn.stages.tool import _call
from tests.inference.tools.shop import Shop
from tests.inference.tools.shop_server import SECRET
from tests.waiting import settled

CONTEXT = ToolContext("tenant", "session", "call")
LIMITS = TurnLimits(
    recording_seconds=1,
    stall_seconds=1,
    stage_seconds=1,
    tool_seconds=10,
    retry=RetryPolicy(tries=3, pause_seconds=0.05),
)


@pytest.fixture(params=["http", "stdio"])
async def shop(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Shop]:
    opened = Shop(request.param, tmp_path)
    await opened.start()
    yield opened
    await opened.kill()


@pytest.fixture
async def connection(shop: Shop) -> AsyncIterator[McpConnection]:
    made = connect_to(shop.settings)
    for _ in range(3):  # starting a program may exceed the timeout on a busy machine
        await made.start()
        if made.reached:
            break
        await asyncio.sleep(1)
    yield made
    await made.close()


async def call(connection: McpConnection, name: str = "charge", **arguments: Any) -> ToolResult:
    """Calls a tool with the retries of a turn."""
    spec = next(spec for spec in connection.tools if spec.name == f"shop__{name}")
    return await _call(ToolRequest("1", spec.name, arguments), spec, connection, CONTEXT, LIMITS)  # type: ignore[arg-type]


async def comes_back(connection: McpConnection) -> ToolResult:
    async with asyncio.timeout(30):
        while True:
            try:
                return await connection.call("shop__look_up", {}, CONTEXT)
            except VoxLoomError:
                await asyncio.sleep(0.1)


async def test_a_tool_answers(shop: Shop, connection: McpConnection) -> None:
    assert [(spec.name, spec.repeatable) for spec in connection.tools] == [
        ("shop__charge", False),
        ("shop__look_up", True),
    ]
    assert await call(connection) == ToolResult(True, {"ok": True, "n": 1})
    assert await call(connection, how="refuse") == ToolResult(False, {"ok": False, "n": 1})
    assert shop.runs == ["charge", "charge"]


async def test_a_server_that_died_before_the_call_did_nothing(shop: Shop, connection: McpConnection) -> None:
    assert (await call(connection)).ok
    charge = next(spec for spec in connection.tools if spec.name == "shop__charge")
    await shop.kill()
    await asyncio.sleep(0.3)
    await settled()  # until the client notices the closed output
    with pytest.raises(EngineUnavailable) as failed:
        for _ in range(20):  # the first calls may still find the tool listed
            await connection.call(charge.name, {}, CONTEXT)
    assert failed.value.code == "ENGINE_UNAVAILABLE"
    assert shop.runs == ["charge"]


@pytest.mark.parametrize("how", ["die", "error", "invalid", "garbage"])
async def test_a_call_without_an_answer_may_have_been_made_and_is_not_made_again(
    shop: Shop, connection: McpConnection, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(OutcomeUnknown) as failed:
        await call(connection, how=how)
    assert shop.runs == ["charge"]
    assert SECRET not in failed.value.message
    logged = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert SECRET not in "".join(f"{record.getMessage()}{record.exc_text}" for record in logged)


async def test_a_call_that_hangs_is_given_up_and_the_next_is_answered(shop: Shop, connection: McpConnection) -> None:
    connection.timeout_seconds = 1
    with pytest.raises(OutcomeUnknown, match="in time"):
        await call(connection, how="hang")
    assert shop.runs == ["charge"]
    connection.timeout_seconds = 10
    assert (await comes_back(connection)).ok


async def test_a_repeatable_tool_that_failed_is_called_again(shop: Shop, connection: McpConnection) -> None:
    with pytest.raises(OutcomeUnknown):
        await call(connection, "look_up", how="error")
    assert shop.runs == ["look_up"] * 3


@pytest.mark.parametrize("how", ["in the call", "after it"])
async def test_a_server_that_comes_back_is_connected_to_again(shop: Shop, connection: McpConnection, how: str) -> None:
    if how == "in the call":
        with pytest.raises(OutcomeUnknown):
            await call(connection, how="die")
    else:
        assert (await call(connection)).ok
    await shop.kill()
    await shop.start()
    assert (await comes_back(connection)).ok
    assert shop.runs.count("charge") == 1


async def test_a_server_that_is_not_there_yet(tmp_path: Path) -> None:
    shop = Shop("http", tmp_path)
    connection = connect_to(shop.settings)
    await connection.start()
    try:
        assert (connection.reached, connection.tools) == (False, ())
        with pytest.raises(EngineUnavailable):
            await connection.call("shop__charge", {}, CONTEXT)
        await shop.start()
        assert (await comes_back(connection)).ok
    finally:
        await connection.close()
        await shop.kill()
    assert shop.runs == ["look_up"]


async def test_a_program_that_is_not_there() -> None:
    connection = connect_to(McpServerSettings(name="shop", command=("/nowhere/to/be/found",), timeout_seconds=5))
    await connection.start()
    assert not connection.reached
    async with asyncio.timeout(30):
        await connection.close()


def test_the_name_of_a_built_in_server_is_taken() -> None:
    with pytest.raises(ValueError, match="built-in"):
        McpServerSettings(name="crm", url="http://x")


@pytest.mark.parametrize("given", [{}, {"url": "http://x", "command": ("y",)}, {"command": ()}])
def test_a_server_is_reached_in_one_way(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="either a url or a command"):
        McpServerSettings(name="shop", **given)
