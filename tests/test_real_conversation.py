"""The main job with the real models: the shipped recording is understood, and the spoken reply says what it reads."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from difflib import SequenceMatcher
from pathlib import Path

import pytest

from db.audio.decoding import read_recording
from db.postgres.database import Database
from graph.cli.demo import shipped_recording
from inference.engines.catalog import choose_engines
from inference.engines.scripted.reading.lexicon_reader import LexiconReader
from inference.lender import Engines
from inference.ports import Transcript
from inference.settings import InferenceSettings
from inference.worker.turn_process import load_all
from tests.client import Client
from tests.conftest import working
from tests.speech_samples import words

pytestmark = [pytest.mark.models, pytest.mark.timeout(300)]

CONVERSATION = """query($id: ID!) { conversation(sessionId: $id) {
  messages { role text language audio { url } }
  modelCalls { stage engine model status realTimeFactor details }
  crmRecords { scenario name phone accountId query intent reference }
} }"""


@pytest.fixture
def engines(model_dir: Path) -> Engines:
    return choose_engines(InferenceSettings(model_dir=model_dir, model_threads=1, tts_engine=("espnet",)))


@pytest.fixture
async def real_worker(database: Database, engines: Engines) -> AsyncIterator[None]:
    await load_all(engines, LexiconReader())
    assert [lender.error for _, lender in engines.every()] == [None] * 4
    async with working(database, engines):
        yield


async def test_a_whole_conversation(client: Client, real_worker: None, engines: Engines) -> None:
    session = await client.create_session()
    first = await client.say(
        session, "Hello, my name is Maria Lopez, my account is AC-20417. I was charged twice for my bill."
    )
    assert first["status"] == "COMPLETED"
    content = {"audio": {"base64": base64.b64encode(shipped_recording()).decode(), "mimeType": "audio/wav"}}
    second = await client.send(session, content, waitSeconds=60)
    assert second["status"] == "COMPLETED"

    found = (await client.run(CONVERSATION, id=session))["conversation"]
    heard = found["messages"][2]["text"]
    assert {"internet", "down", "morning"} <= set(words(heard))
    assert "5550142233" in "".join(each for each in heard if each.isdigit())
    used = {(each["stage"], each["engine"]) for each in found["modelCalls"]}
    assert used == {("ASR", "openai-whisper"), ("ASR", "ctranslate2"), ("LLM", "scripted"), ("TTS", "espnet")}
    assert {each["status"] for each in found["modelCalls"]} == {"OK"}

    billing, fault = found["crmRecords"]
    assert (billing["scenario"], fault["scenario"]) == ("billing_query", "technical_issue")
    assert (fault["name"], fault["accountId"]) == ("Maria Lopez", "AC-20417")  # said in the first turn
    assert "".join(each for each in fault["phone"] if each.isdigit()) == "5550142233"
    reply = found["messages"][3]
    assert fault["reference"] in reply["text"]  # what is said to be done is done

    spoken = (await client.http.get(reply["audio"]["url"])).content
    said = await _heard_again(engines, spoken)
    # Letters and digits only: how a reference is grouped is the writer's choice.
    assert SequenceMatcher(None, _letters(reply["text"]), _letters(said)).ratio() > 0.93, said


def _letters(text: str) -> str:
    return "".join(each for each in text.lower() if each.isalnum())


async def _heard_again(engines: Engines, wav: bytes) -> str:
    samples = await asyncio.to_thread(lambda: read_recording(wav, max_seconds=60).samples)
    async with engines.asr[0].lend() as whisper:
        async for item in whisper.transcribe(samples, language="en"):
            if isinstance(item, Transcript):
                return item.text
    raise AssertionError("no transcript")
