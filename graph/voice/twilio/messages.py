"""Messages of Twilio Media Streams over the websocket, both ways.

Specification: Twilio, "Media Streams: WebSocket Messages" (protocol "Call", version 1.0.0). Numbers are sent as text.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass

from graph.wire.json_reader import NotJson, read_json

#: Characters of one message: a second of audio has 10,700 in base64.
MAX_MESSAGE = 32_768

#: Bytes of audio in one message, a second of µ-law; Twilio sends 160 (20 ms).
MAX_AUDIO = 8_000

#: Characters of names, ids and parameters; Twilio allows 500 for a parameter.
_MAX_TEXT = 500

_NUMBER = re.compile("[0-9]{1,15}", re.ASCII)
_KEYS = frozenset("0123456789*#ABCD")
_FORMAT = {"encoding": "audio/x-mulaw", "sampleRate": 8_000, "channels": 1}


class BadMessage(Exception):
    """A message that is not as the protocol says. ``fatal``: what follows cannot be understood without it."""

    def __init__(self, message: str, *, fatal: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.fatal = fatal


@dataclass(frozen=True, slots=True)
class Start:
    """The stream begins. ``parameters``: of the TwiML ``<Stream>``."""

    stream_sid: str
    call_sid: str
    parameters: dict[str, str]


@dataclass(frozen=True, slots=True)
class Media:
    """The caller's audio, µ-law at 8 kHz. ``chunk``: counts from 1. ``at_ms``: its start, from that of the stream."""

    chunk: int
    at_ms: int
    audio: bytes


@dataclass(frozen=True, slots=True)
class Mark:
    """The audio that was sent before the mark was played; or it was cleared."""

    name: str


@dataclass(frozen=True, slots=True)
class Digit:
    """A key was pressed (DTMF)."""

    key: str


@dataclass(frozen=True, slots=True)
class Stop:
    """The stream has ended: the caller has hung up, or the call was sent elsewhere."""


Incoming = Start | Media | Mark | Digit | Stop


def read_message(text: str) -> Incoming | None:
    """None for a message without meaning here: ``connected``, the other track, events that Twilio may add.

    Raises BadMessage.
    """
    if len(text) > MAX_MESSAGE:
        raise BadMessage("A message is too long.", fatal=True)
    try:
        data = read_json(text)
    except NotJson as error:
        raise BadMessage(error.message, fatal=True) from None
    if not isinstance(data, dict):
        raise BadMessage("A message must be a JSON object.", fatal=True)
    match data.get("event"):
        case "start":
            return _start(data)
        case "media":
            return _media(_object(data, "media"))
        case "mark":
            return Mark(_text(_object(data, "mark"), "name"))
        case "dtmf":
            return _digit(_object(data, "dtmf"))
        case "stop":
            return Stop()
        case str():
            return None
    raise BadMessage("event is missing.", fatal=True)


def _start(data: dict[str, object]) -> Start:
    try:
        start = _object(data, "start")
        given = _object(start, "mediaFormat")
        if {name: _plain(given.get(name)) for name in _FORMAT} != _FORMAT:
            raise BadMessage("mediaFormat must be audio/x-mulaw, 8000 Hz, one channel.")
        parameters = start.get("customParameters", {})
        if not isinstance(parameters, dict):
            raise BadMessage("customParameters must be an object.")
        named = {name: value for name, value in parameters.items() if isinstance(value, str)}
        return Start(_text(start, "streamSid"), _text(start, "callSid"), named)
    except BadMessage as error:
        error.fatal = True
        raise


def _media(media: dict[str, object]) -> Media | None:
    if media.get("track", "inbound") != "inbound":
        return None
    payload = media.get("payload")
    if not isinstance(payload, str):
        raise BadMessage("payload must be text.")
    try:
        audio = base64.b64decode(payload, validate=True)
    except (binascii.Error, ValueError):
        raise BadMessage("payload is not valid base64.") from None
    if not 1 <= len(audio) <= MAX_AUDIO:
        raise BadMessage(f"payload must be 1 to {MAX_AUDIO} bytes.")
    return Media(_number(media, "chunk"), _number(media, "timestamp"), audio)


def _digit(dtmf: dict[str, object]) -> Digit:
    key = dtmf.get("digit")
    if not isinstance(key, str) or key not in _KEYS:
        raise BadMessage("digit must be one of 0123456789*#ABCD.")
    return Digit(key)


def _object(data: dict[str, object], name: str) -> dict[str, object]:
    found = data.get(name)
    if not isinstance(found, dict):
        raise BadMessage(f"{name} must be an object.")
    return found


def _text(data: dict[str, object], name: str) -> str:
    found = data.get(name)
    if not isinstance(found, str) or not 1 <= len(found) <= _MAX_TEXT:
        raise BadMessage(f"{name} must be text of up to {_MAX_TEXT} characters.")
    return found


def _plain(value: object) -> object:
    """A number, also where it is sent as text."""
    return int(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else value


def _number(data: dict[str, object], name: str) -> int:
    found = _plain(data.get(name))
    if not isinstance(found, int) or isinstance(found, bool) or not 0 <= found < 10**15:
        raise BadMessage(f"{name} must be a number.")
    return found


def media_text(stream_sid: str, audio: bytes) -> str:
    """Audio to play after what was sent before, µ-law at 8 kHz."""
    payload = {"payload": base64.b64encode(audio).decode()}
    return json.dumps({"event": "media", "streamSid": stream_sid, "media": payload})


def mark_text(stream_sid: str, name: str) -> str:
    """Asks for the mark back once the audio before it was played."""
    return json.dumps({"event": "mark", "streamSid": stream_sid, "mark": {"name": name}})


def clear_text(stream_sid: str) -> str:
    """Drops the audio that was not played; Twilio returns its marks at once, as if they were reached."""
    return json.dumps({"event": "clear", "streamSid": stream_sid})
