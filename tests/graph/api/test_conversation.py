"""End-to-end conversation over real HTTP and websocket, with a real worker and fast engines."""

from __future__ import annotations

import asyncio
import base64

import pytest

from inference.audio.wav import encode_wav
from inference.engines.fake.synthesizer import FakeSynthesizer
from tests.client import END, EVENTS, Client

CONVERSATION = """query($id: ID!) { conversation(sessionId: $id) {
  lastSeq session { id status }
  messages { id role type text audio { url durationMs } turn { id } modelCalls { stage engine } toolCalls { name } }
  turns { id status attempt userMessage { id } reply { id } timing { totalMs queueMs unattributedMs firstTextMs
    firstAudioMs stages { stage startMs durationMs waitMs } } modelCalls { id } toolCalls { id } crmRecords { id } }
  modelCalls { stage engine model status durationMs waitMs inputAudioMs outputAudioMs realTimeFactor details }
  toolCalls { name server arguments result status error crmRecord { id } }
  crmRecords { id scenario reference customerId name query intent priority status toolCall { id } session { id } }
} }"""


async def recording(seconds: float = 1.0) -> bytes:
    pieces = [
        piece async for piece in FakeSynthesizer().synthesize("a" * int(seconds / 0.06), language="en", voice=None)
    ]
    return encode_wav(pieces[0].samples, pieces[0].sample_rate)


async def test_text_turn_is_answered_and_found_again(client: Client, worker: None) -> None:
    session = await client.create_session()
    turn = await client.say(session, "good morning. how are you?")
    assert turn["status"] == "COMPLETED"
    assert turn["reply"]["text"] == "You said: good morning. how are you?"
    assert turn["reply"]["type"] == "AUDIO"
    found = (await client.run(CONVERSATION, id=session))["conversation"]
    assert [each["role"] for each in found["messages"]] == ["USER", "ASSISTANT"]
    assert [each["stage"] for each in found["modelCalls"]] == ["LLM", "TTS"]
    assert {each["engine"] for each in found["modelCalls"]} == {"fake"}
    assert found["messages"][1]["audio"]["durationMs"] > 0
    assert found["turns"][0]["reply"]["id"] == found["messages"][1]["id"]


async def test_timing_accounts_for_the_whole_turn(client: Client, worker: None) -> None:
    session = await client.create_session()
    await client.say(session, "hello")
    timing = (await client.run(CONVERSATION, id=session))["conversation"]["turns"][0]["timing"]
    assert {each["stage"] for each in timing["stages"]} == {"LLM", "TTS"}
    assert timing["totalMs"] >= timing["queueMs"] + timing["unattributedMs"]
    assert timing["firstTextMs"] <= timing["firstAudioMs"] <= timing["totalMs"]


@pytest.mark.parametrize("way", ["base64", "upload"])
async def test_audio_turn_is_understood(client: Client, worker: None, way: str) -> None:
    session = await client.create_session()
    wav = await recording()
    if way == "base64":
        content = {"audio": {"base64": base64.b64encode(wav).decode(), "mimeType": "audio/wav"}}
        turn = await client.send(session, content, waitSeconds=60)
    else:
        turn = await client.upload(session, wav, "voice.wav", "audio/wav", waitSeconds=60)
    assert turn["status"] == "COMPLETED"
    assert turn["userMessage"]["text"] == "hello there"
    assert turn["userMessage"]["audio"]["mimeType"] == "audio/wav"
    assert turn["userMessage"]["audio"]["sizeBytes"] == len(wav)
    assert turn["reply"]["text"] == "You said: hello there"


async def test_every_stage_is_pushed_in_order(client: Client, worker: None) -> None:
    session = await client.create_session()
    sent = await client.send(
        session, {"audio": {"base64": base64.b64encode(await recording()).decode(), "mimeType": "audio/wav"}}
    )
    await client.run(END, id=session)
    events = [event async for event in client.events(EVENTS, id=session)]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    names = [event["__typename"] for event in events]
    expected = [
        "TurnQueued",
        "TurnStarted",
        "StageStarted",
        "TranscriptPartial",
        "TranscriptReady",
        "StageCompleted",
        "StageStarted",
        "ReplyDelta",
        "ReplyReady",
        "AudioReady",
        "TurnCompleted",
        "SessionEnded",
    ]
    places = iter(names)
    assert all(name in places for name in expected), names
    assert "AudioChunkReady" in names
    assert {event["turnId"] for event in events[:-1]} == {sent["id"]}


async def test_a_listener_resumes_where_it_was(client: Client, worker: None) -> None:
    session = await client.create_session()
    await client.say(session, "one")
    last = (await client.run("query($id: ID!) { session(id: $id) { lastSeq } }", id=session))["session"]["lastSeq"]
    await client.say(session, "two")
    await client.run(END, id=session)
    later = [event["seq"] async for event in client.events(EVENTS, id=session, after=last)]
    assert later[0] == last + 1
    assert later == list(range(last + 1, last + 1 + len(later)))


async def test_live_events_arrive_while_the_turn_runs(client: Client, worker: None) -> None:
    session = await client.create_session()
    seen: list[str] = []

    async def listen() -> None:
        async for event in client.events(EVENTS, id=session):
            seen.append(event["__typename"])
            if event["__typename"] == "TurnCompleted":
                return

    listening = asyncio.create_task(listen())
    await asyncio.sleep(0.3)
    await client.say(session, "hello")
    async with asyncio.timeout(10):
        await listening
    assert seen[0] == "TurnQueued"
    assert seen[-1] == "TurnCompleted"


async def test_a_tool_files_one_record(client: Client, worker: None) -> None:
    session = await client.create_session()
    turn = await client.say(
        session, 'file billing_query {"name": "Maria", "query": "charged twice", "intent": "billing"}'
    )
    assert turn["reply"]["text"] == "The tool billing_query said yes."
    found = (await client.run(CONVERSATION, id=session))["conversation"]
    (call,) = found["toolCalls"]
    (record,) = found["crmRecords"]
    assert call["status"] == "ACCEPTED"
    assert call["crmRecord"]["id"] == record["id"]
    assert call["result"]["record"]["reference"] == record["reference"]
    assert (record["name"], record["customerId"], record["priority"]) == ("Maria", "customer-1", "NORMAL")
    assert found["turns"][0]["crmRecords"] == [{"id": record["id"]}]
    assert record["session"]["id"] == session


async def test_a_refused_tool_call_is_on_record(client: Client, worker: None) -> None:
    session = await client.create_session()
    turn = await client.say(session, 'file billing_query {"query": "x", "intent": "unheard of", "phone": "secret"}')
    assert turn["status"] == "COMPLETED"
    assert turn["reply"]["text"] == "The tool billing_query said no."
    found = (await client.run(CONVERSATION, id=session))["conversation"]
    (call,) = found["toolCalls"]
    assert call["status"] == "FAILED"
    assert {each["loc"] for each in call["result"]["errors"]} == {"intent", "phone"}
    assert "secret" not in call["error"]
    assert found["crmRecords"] == []


async def test_turns_of_a_session_run_in_order(client: Client, worker: None) -> None:
    session = await client.create_session()
    for number in range(6):
        await client.send(session, {"text": f"message {number}"})
    await client.run(END, id=session)
    ends = [
        event["turnId"] async for event in client.events(EVENTS, id=session) if event["__typename"] == "TurnCompleted"
    ]
    found = (await client.run(CONVERSATION, id=session))["conversation"]
    assert ends == [each["id"] for each in found["turns"]]
    texts = [each["text"] for each in found["messages"] if each["role"] == "ASSISTANT"]
    assert texts == [f"You said: message {number}" for number in range(6)]
