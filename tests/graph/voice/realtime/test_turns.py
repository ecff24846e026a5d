"""Turns over the wire: formats, manual turn detection, typed text, cancelling, items, words that change."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from websockets.asyncio.client import ClientConnection

from db.enums import PlaybackSource
from db.turns.live_values import Eagerness
from graph.voice.audio_format import AudioFormat, InputStream, OutputStream
from inference.live.caller_events import (
    CallProblem,
    ReplyFinished,
    ReplyStarted,
    ReplyStatus,
    ReplyText,
    SpeechStarted,
    ToolProgress,
    WordsPartial,
)
from tests.graph.voice.realtime.fakes import FakeCall, FakeReception, tone
from tests.graph.voice.realtime.raw import hear, next_error, pcm, raw, tell
from tests.waiting import until


async def opened(socket: ClientConnection, reception: FakeReception, **audio: Any) -> FakeCall:
    await tell(socket, "session.update", session={"type": "realtime", "audio": audio})
    await hear(socket, "session.updated")
    return await reception.call()


async def kinds_to(socket: ClientConnection, last: str) -> list[str]:
    """The types of the events up to one."""
    kinds: list[str] = []
    async with asyncio.timeout(30):
        while not kinds or kinds[-1] != last:
            kinds.append(json.loads(await socket.recv())["type"])
    return kinds


@pytest.mark.parametrize("name", list(AudioFormat))
async def test_audio_in_every_format(address: str, reception: FakeReception, name: AudioFormat) -> None:
    async with raw(address) as socket:
        chosen = {"format": {"type": name.value}}
        call = await opened(socket, reception, input=chosen, output=chosen)
        data = OutputStream(name).convert(tone(1, name.rate), name.rate)
        for at in range(0, len(data), 480):
            piece = base64.b64encode(data[at : at + 480]).decode()
            await tell(socket, "input_audio_buffer.append", audio=piece)
        await until(lambda: call.heard.size > 14_000)
        assert abs(np.abs(call.heard[1_000:]).max() - 0.5) < 0.03
        await call.say(["Hello."], seconds=0.5)
        heard = b""
        while len(heard) < name.size(500):
            heard += base64.b64decode((await hear(socket, "response.output_audio.delta"))["delta"])
        assert len(heard) == name.size(500)
        assert abs(np.abs(InputStream(name, 16_000).convert(heard)[1_000:]).max() - 0.5) < 0.03
        output = (await hear(socket, "response.done"))["response"]["audio"]["output"]
        assert output["format"]["type"] == name.value


async def test_the_client_commits_and_asks_for_the_response(address: str, reception: FakeReception) -> None:
    async with raw(address) as socket:
        call = await opened(socket, reception, input={"turn_detection": None})
        assert call.turn_taking.eagerness is Eagerness.MANUAL
        await tell(socket, "input_audio_buffer.commit")
        assert (await next_error(socket))["code"] == "input_audio_buffer_commit_empty"
        await tell(socket, "input_audio_buffer.append", audio=pcm(0.1))
        await tell(socket, "input_audio_buffer.commit")
        item = (await hear(socket, "input_audio_buffer.committed"))["item_id"]
        await tell(socket, "response.create")
        await until(lambda: "respond" in call.names)
        await call.commit("hello")
        done = await hear(socket, "conversation.item.input_audio_transcription.completed")
        assert (done["item_id"], done["transcript"]) == (item, "hello")
        await call.say(["Hi."], seconds=0.1)
        await hear(socket, "response.done")
        await tell(socket, "response.create")
        assert (await next_error(socket))["code"] == "nothing_to_respond_to"
        await tell(socket, "input_audio_buffer.clear")
        await hear(socket, "input_audio_buffer.cleared")
        assert call.names == ["commit_audio", "commit_audio", "respond", "clear_audio"]


async def test_settings_of_turn_taking_reach_the_call(address: str, reception: FakeReception) -> None:
    async with raw(address) as socket:
        call = await opened(socket, reception)
        for detection, eagerness, silence, interruptible in (
            ({"type": "semantic_vad", "eagerness": "high"}, Eagerness.HIGH, None, True),
            ({"type": "server_vad", "silence_duration_ms": 700}, Eagerness.HIGH, 700, True),
            ({"type": "semantic_vad", "eagerness": "medium", "interrupt_response": False}, Eagerness.AUTO, 700, False),
            (None, Eagerness.MANUAL, 700, False),
            ({"type": "server_vad"}, Eagerness.AUTO, 700, False),
        ):
            await tell(
                socket,
                "session.update",
                session={"type": "realtime", "audio": {"input": {"turn_detection": detection}}},
            )
            shown = (await hear(socket, "session.updated"))["session"]["audio"]["input"]["turn_detection"]
            assert (shown or {}).get("type") == (detection or {}).get("type")
            taking = call.turn_taking
            assert (taking.eagerness, taking.max_silence_ms, taking.interruptible) == (
                eagerness,
                silence,
                interruptible,
            )


async def test_typed_text_is_an_item_and_is_answered_when_asked(address: str, reception: FakeReception) -> None:
    async with raw(address) as socket:
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}], "id": "mine"}
        await tell(socket, "conversation.item.create", item=item)
        added = await hear(socket, "conversation.item.added")
        assert (added["item"]["id"], added["previous_item_id"]) == ("mine", None)
        await hear(socket, "conversation.item.done")
        call = await reception.call()
        await tell(socket, "conversation.item.create", item=item)
        assert (await next_error(socket))["param"] == "item.id"
        await tell(socket, "response.create", response={"output_modalities": ["audio"]})
        await until(lambda: "respond" in call.names)
        await call.commit("hi")
        await call.begin(["Hello ", "there."], seconds=0.1)
        kinds = await kinds_to(socket, "response.output_audio.delta")
        assert "input_audio_buffer.committed" not in kinds, "no audio was committed"
        assert call.log == [("type_text", ("hi", False)), ("respond", None)]
        await tell(socket, "response.create")
        assert (await next_error(socket))["code"] == "conversation_already_has_active_response"
        item["id"] = "another"
        for number in range(17):
            await tell(socket, "conversation.item.create", item={**item, "id": f"n-{number}"})
        assert (await next_error(socket))["code"] == "too_many_items"


@pytest.mark.parametrize("kind", ["response.cancel", "output_audio_buffer.clear"])
async def test_the_client_stops_a_reply(address: str, reception: FakeReception, kind: str) -> None:
    async with raw(address) as socket:
        call = await opened(socket, reception)
        reply_id = await call.begin(["A long ", "reply."], seconds=3)
        created = (await hear(socket, "response.created"))["response"]["id"]
        item = (await hear(socket, "response.output_audio.delta"))["item_id"]
        if kind == "response.cancel":
            await tell(socket, kind, response_id="another")
            assert (await next_error(socket))["code"] == "response_cancel_not_active"
        await tell(socket, kind)
        done = (await hear(socket, "response.done"))["response"]
        assert (done["id"], done["status"], done["status_details"]["reason"]) == (
            created,
            "cancelled",
            "client_cancelled",
        )
        if kind == "output_audio_buffer.clear":
            assert (await hear(socket, "output_audio_buffer.cleared"))["response_id"] == created
        await tell(socket, "conversation.item.truncate", item_id=item, content_index=0, audio_end_ms=20)
        kinds = await kinds_to(socket, "conversation.item.truncated")
        assert "input_audio_buffer.speech_started" not in kinds, "the client stopped by itself"
        assert "truncated" not in call.names
        assert call.reports[-1] == (reply_id, 20, PlaybackSource.TRUNCATE)


async def test_a_truncate_without_speech_interrupts(address: str, reception: FakeReception) -> None:
    async with raw(address) as socket:
        call = await opened(socket, reception)
        await call.begin(["A long ", "reply."], seconds=3)
        item = (await hear(socket, "response.output_audio.delta"))["item_id"]
        await tell(socket, "conversation.item.truncate", item_id=item, content_index=0, audio_end_ms=50)
        assert (await hear(socket, "response.done"))["response"]["status"] == "cancelled"
        await until(lambda: call.log == [("truncated", 50)])


async def test_a_reply_that_is_cleared_without_speech_stops_the_client(address: str, reception: FakeReception) -> None:
    """As by interruptReply: the clients of the protocol stop at speech_started alone."""
    async with raw(address) as socket:
        call = await opened(socket, reception)
        reply_id = await call.begin(["A long ", "reply."], seconds=3)
        await hear(socket, "response.output_audio.delta")
        await call.cleared(reply_id)
        started = await hear(socket, "input_audio_buffer.speech_started")
        stopped = await hear(socket, "input_audio_buffer.speech_stopped")
        assert started["item_id"] == stopped["item_id"]


async def test_items_are_retrieved_and_the_oldest_are_forgotten(address: str, reception: FakeReception) -> None:
    async with raw(address) as socket:
        call = await opened(socket, reception)
        first = str(await call.turn("hello"))
        await tell(socket, "conversation.item.retrieve", item_id=first)
        item = (await hear(socket, "conversation.item.retrieved"))["item"]
        assert item["content"] == [{"type": "input_audio", "transcript": "hello"}]
        for _ in range(200):
            await call.turn("x")
        await tell(socket, "conversation.item.retrieve", item_id=first)
        assert (await next_error(socket))["code"] == "item_not_found"


async def test_words_that_change_are_right_in_the_end(address: str, reception: FakeReception) -> None:
    async with raw(address) as socket:
        call = await opened(socket, reception)
        await call.turn("I am not sure.", "I.", "I am.", "I'm not", "I am not")
        told = ""
        while True:
            event = await hear_any(socket)
            if event["type"].endswith("transcription.delta"):
                told += event["delta"]
            if event["type"].endswith("transcription.completed"):
                break
        assert (told, event["transcript"]) == ("I am not", "I am not sure.")


async def hear_any(socket: ClientConnection) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(await socket.recv())
    return event


async def test_a_client_may_do_without_transcription(address: str, reception: FakeReception) -> None:
    async with raw(address) as socket:
        call = await opened(socket, reception, input={"transcription": None})
        await call.turn("hello", "hello")
        await call.say(["Hi."], seconds=0.1)
        kinds = await kinds_to(socket, "response.done")
        assert not [kind for kind in kinds if "input_audio_transcription" in kind]


async def test_a_turn_that_was_reopened_keeps_its_item(address: str, reception: FakeReception) -> None:
    async with raw(address) as socket:
        call = await opened(socket, reception)
        message_id = await call.turn("my number is")
        await hear(socket, "conversation.item.input_audio_transcription.completed")
        reply_id = await call.begin(["Please "], seconds=0.2)
        await hear(socket, "response.output_audio.delta")
        await call.pause(reply_id)
        await call.speaker.send(SpeechStarted(uuid4(), 2_000))
        await call.cleared(reply_id)
        await call.commit("my number is five", message_id, reopened=True)
        kinds = await kinds_to(socket, "conversation.item.input_audio_transcription.completed")
        assert "conversation.item.added" not in kinds
        await tell(socket, "conversation.item.retrieve", item_id=str(message_id))
        item = (await hear(socket, "conversation.item.retrieved"))["item"]
        assert item["content"][0]["transcript"] == "my number is five"


async def test_failures_problems_and_tools(address: str, reception: FakeReception) -> None:
    async with raw(address) as socket:
        call = await opened(socket, reception)
        reply_id = uuid4()
        await call.speaker.send(ReplyStarted(reply_id, None))
        await call.speaker.send(ToolProgress(reply_id, "c", "file"))
        await call.speaker.send(ReplyText(reply_id, "I will"))
        failed = ReplyFinished(reply_id, ReplyStatus.FAILED, "I will", "ENGINE_UNAVAILABLE", "The engine failed.")
        await call.speaker.send(failed)
        done = (await hear(socket, "response.done"))["response"]
        assert (done["status"], done["status_details"]["error"]["code"]) == ("failed", "ENGINE_UNAVAILABLE")
        await call.speaker.send(CallProblem("ENGINE_UNAVAILABLE", "Speech recognition failed."))
        error = await next_error(socket)
        assert (error["type"], error["code"]) == ("server_error", "ENGINE_UNAVAILABLE")
        await call.speaker.send(WordsPartial(uuid4(), "of no turn"))
        await call.say(["Text", " alone"], seconds=0)
        assert (await hear(socket, "response.done"))["response"]["status"] == "completed"


async def test_audio_is_sent_at_most_a_little_ahead(address: str, reception: FakeReception) -> None:
    async with raw(address) as socket:
        call = await opened(socket, reception)
        saying = asyncio.create_task(call.say(["a ", "b ", "c ", "d ", "e."], seconds=10))
        await asyncio.sleep(1)
        sent = 0
        async with asyncio.timeout(30):
            while sent < AudioFormat.PCM.size(2_000):
                sent += len(base64.b64decode((await hear(socket, "response.output_audio.delta"))["delta"]))
        await asyncio.sleep(0.2)
        assert not saying.done(), "what makes audio waits"
        assert AudioFormat.PCM.milliseconds(sent) < 3_500
        saying.cancel()
        await asyncio.gather(saying, return_exceptions=True)


async def test_nothing_is_sent_while_the_caller_speaks_over_a_reply(address: str, reception: FakeReception) -> None:
    async with raw(address) as socket:
        call = await opened(socket, reception)
        reply_id = await call.begin(["A long ", "reply."], seconds=3)
        await hear(socket, "response.output_audio.delta")
        await asyncio.sleep(0.2)
        await call.pause(reply_id)
        await hear(socket, "input_audio_buffer.speech_started")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await socket.recv()
        await call.go_on(reply_id)
        await hear(socket, "response.output_audio.delta")


async def test_only_audio_and_items_open_a_call_without_an_update(address: str, reception: FakeReception) -> None:
    async with raw(address) as socket:
        for kind in ("response.create", "response.cancel", "input_audio_buffer.commit", "output_audio_buffer.clear"):
            await tell(socket, kind)
            assert (await next_error(socket))["code"] == "no_session"
        assert not reception.opened
