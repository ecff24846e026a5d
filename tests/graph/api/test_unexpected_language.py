"""A recording in another language than the session's is reported (unexpectedLanguage)."""

from __future__ import annotations

import base64

import pytest

from inference.engines.fake.chat import FakeChatModel
from inference.engines.fake.synthesizer import FakeSynthesizer
from inference.engines.fake.transcriber import FakeTranscriber
from inference.lender import Engines
from tests.client import END, Client
from tests.conftest import lent
from tests.inference.turn.turns import RECORDING

_EVENTS = """subscription($id: ID!) { sessionEvents(sessionId: $id) { __typename
  ... on TranscriptReady { unexpectedLanguage message { language text } } } }"""


@pytest.fixture
def engines() -> Engines:
    return lent(FakeTranscriber("hola", spoken="es"), FakeChatModel(), FakeSynthesizer())


@pytest.mark.parametrize(("language", "unexpected"), [("en", "es"), ("es", None), ("auto", None)])
async def test_the_event_names_a_language_that_was_not_expected(
    client: Client, worker: None, language: str, unexpected: str | None
) -> None:
    session = await client.create_session(language=language)
    sound = {"audio": {"base64": base64.b64encode(RECORDING).decode(), "mimeType": "audio/wav"}}
    turn = await client.send(session, sound, waitSeconds=60)
    assert turn["status"] == "COMPLETED"
    await client.run(END, id=session)
    events = [event async for event in client.events(_EVENTS, id=session)]
    (ready,) = [event for event in events if event["__typename"] == "TranscriptReady"]
    assert ready["unexpectedLanguage"] == unexpected
    assert ready["message"] == {"language": "es", "text": "hola"}
