"""Results of external MCP servers are limited in size before they are stored and published."""

from __future__ import annotations

import pytest
from mcp_types import CallToolResult, TextContent

from inference.tools.connection import _MAX_RESULT_CHARACTERS, _result_of


@pytest.mark.parametrize("is_error", [False, True])
def test_an_answer_that_is_too_long_is_left_out_and_said_to_be(is_error: bool) -> None:
    text = "x" * 200_000
    for result in (
        CallToolResult(content=[TextContent(text=text)], is_error=is_error),
        CallToolResult(content=[], structured_content={"rows": [text]}, is_error=is_error),
    ):
        told = _result_of(result)
        assert told.ok is not is_error
        assert told.content["ok"] is not is_error
        assert str(_MAX_RESULT_CHARACTERS) in told.content["omitted"]
        assert len(str(told.content)) < 200


def test_an_ordinary_answer_is_kept() -> None:
    assert _result_of(CallToolResult(content=[TextContent(text="done")])).content == {"ok": True, "text": "done"}
