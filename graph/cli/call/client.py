"""A client of the OpenAI Realtime protocol: one websocket to ``/v1/realtime``, events as JSON objects."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote

import websockets
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus

from db.errors import VoxLoomError
from db.json_value import Json

#: An event of the protocol.
Event = dict[str, Json]

_CONNECT_SECONDS = 10
_MAX_EVENT_BYTES = 16_000_000


class VoiceUnusable(VoxLoomError):
    """The voice role is not running, is another program, or closed the connection."""

    code = "VOICE_UNUSABLE"


class CallRefused(VoxLoomError):
    """An error of the server, with its code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code  # type: ignore[misc]  # each instance has the server's


class RealtimeClient:
    """One call."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def begin(self, *, customer_id: str, language: str) -> None:
        """Opens the session and its call, with audio as 24 kHz PCM both ways."""
        form = {"type": "audio/pcm", "rate": 24_000}
        session = {
            "type": "realtime",
            "audio": {"input": {"format": form}, "output": {"format": form}},
            "metadata": {"customer_id": customer_id, "language": language},
        }
        await self._send({"type": "session.update", "session": session})

    async def speak(self, audio: bytes) -> None:
        """Sends the next audio, 24 kHz PCM."""
        await self._send({"type": "input_audio_buffer.append", "audio": base64.b64encode(audio).decode()})

    async def truncate(self, item_id: str, played_ms: int) -> None:
        """Says that the playback of an item was stopped."""
        event = {"type": "conversation.item.truncate", "item_id": item_id, "content_index": 0}
        await self._send({**event, "audio_end_ms": played_ms})

    async def events(self) -> AsyncIterator[Event]:
        """The server's events until the call is over. Raises CallRefused for a refusal, VoiceUnusable for a loss."""
        try:
            async for text in self._socket:
                yield json.loads(text)
        except ConnectionClosed as closed:
            raise VoiceUnusable(_why(closed)) from None
        except ValueError:
            raise VoiceUnusable("The server does not speak the Realtime protocol.") from None

    async def _send(self, event: Event) -> None:
        try:
            await self._socket.send(json.dumps(event))
        except ConnectionClosed as closed:
            raise VoiceUnusable(_why(closed)) from None


@asynccontextmanager
async def connected(base: str, key: str, agent: str) -> AsyncIterator[RealtimeClient]:
    """A connection to the voice role at ``base`` (``ws://host:port``). Raises VoiceUnusable and CallRefused."""
    url = f"{base}/v1/realtime?model={quote(agent)}"
    try:
        socket = await websockets.connect(
            url,
            additional_headers={"Authorization": f"Bearer {key}"},
            open_timeout=_CONNECT_SECONDS,
            max_size=_MAX_EVENT_BYTES,
        )
    except InvalidStatus as error:
        raise _refusal(bytes(error.response.body or b""), base) from None
    except (OSError, TimeoutError):
        raise VoiceUnusable(f"No voice role answers at {base}: start it with `voxloom up` (or `make run`).") from None
    except websockets.exceptions.WebSocketException:
        raise VoiceUnusable(f"The server at {base} is not VoxLoom's voice role.") from None
    async with socket:
        yield RealtimeClient(socket)


def _refusal(body: bytes, base: str) -> VoxLoomError:
    try:
        error = json.loads(body)["errors"][0]
        return CallRefused(str(error["extensions"]["code"]), str(error["message"]))
    except (ValueError, KeyError, IndexError, TypeError):
        return VoiceUnusable(f"The server at {base} is not VoxLoom's voice role.")


def _why(closed: ConnectionClosed) -> str:
    reason = None if closed.rcvd is None else closed.rcvd.reason
    return f"The server closed the call: {reason or 'the connection was lost'}."
