"""Error messages of invalid variables: in terms of GraphQL, without the value."""

from __future__ import annotations

from typing import Any

import pytest

from tests.client import CREATE, Client
from tests.graph.edge import code_of, post

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (None, "Expected value of non-null type 'CreateSessionInput!' not to be null"),
        ({}, "to include required field 'customerId'."),
        ({"customerId": None}, "at .customerId: Expected value of non-null type 'String!' not to be null"),
        ({"customerId": ["secret", None, True]}, "String cannot represent a non string value."),
        ({"customerId": {"a": {"secret": False}}}, "String cannot represent a non string value."),
        ({"customerId": True}, "at .customerId: String cannot represent a non string value."),
        ({"customerId": "c", "secret; x": None}, "not to include unknown field 'secret; x'."),
        ({"customerId": "c", "channel": "secret"}, "does not exist in 'Channel' enum"),
        ({"customerId": "c", "channel": None}, "Expected value of non-null type 'Channel!' not to be null"),
        ("secret", "to be an object."),
    ],
)
async def test_a_variable_that_does_not_fit(acme: Client, given: Any, words: str) -> None:
    answer = await post(acme, CREATE, {"input": given})
    assert code_of(answer) == "BAD_USER_INPUT"
    message = answer["errors"][0]["message"]
    assert words in message
    for python in ("None", "True", "False", "{'", "['", "<", "dict", "mapping"):
        assert python not in message, message
