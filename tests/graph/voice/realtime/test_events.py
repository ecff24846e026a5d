"""The documented tables of events against the official SDK's unions and the code."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from openai.types.realtime import RealtimeServerEvent

from graph.voice.realtime.client_events import CLIENT_EVENTS
from tests.reference.realtime import CLIENT, NOT_SENT, SENT, SERVER

_SOURCE = "".join(file.read_text() for file in Path("graph/voice/realtime").glob("*.py"))


def test_every_client_event_of_the_sdk_is_documented() -> None:
    assert set(CLIENT) == set(CLIENT_EVENTS)


def test_every_server_event_of_the_sdk_is_documented() -> None:
    union = get_args(RealtimeServerEvent)[0]
    assert set(SERVER) == {get_args(each.model_fields["type"].annotation)[0] for each in get_args(union)}


@pytest.mark.parametrize("name", sorted(SERVER))
def test_an_event_is_sent_as_documented(name: str) -> None:
    support, how = SERVER[name]
    assert (f'"{name}"' in _SOURCE) == (support == SENT)
    assert support in (SENT, NOT_SENT)
    assert how or support == SENT or name == "rate_limits.updated", "why is it not sent?"
