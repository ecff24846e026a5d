"""Content of sent messages: decodes base64 and uploads, and checks that audio is readable and within the limits."""

from __future__ import annotations

import asyncio
import base64

from starlette.datastructures import UploadFile

from db.audio.decoder_pool import DecoderPool
from db.audio.encoded import EncodedAudio
from db.commands.messages import TextContent
from db.errors import BadUserInput, PayloadTooLarge
from db.viewer import Viewer
from graph.api.inputs import MessageContentInput
from graph.settings import ApiSettings

#: Characters of base64 decoded in one call, about a millisecond. A multiple of 4.
_PIECE = 400_000


async def content_of(
    given: MessageContentInput, settings: ApiSettings, decoders: DecoderPool, viewer: Viewer
) -> TextContent | EncodedAudio:
    """The message's content. Raises BadUserInput, PayloadTooLarge, AudioUnreadable, AudioTooLong, Overloaded."""
    if isinstance(given.text, str):
        return TextContent(given.text)
    upload: object = given.upload
    mime_type: str | None
    if given.audio:
        data, mime_type = await _decode(given.audio.base64, settings), given.audio.mime_type
    elif isinstance(upload, UploadFile):
        data, mime_type = await _read(upload, settings), upload.content_type
    else:
        raise BadUserInput("content.upload must be a file of a multipart request.")
    info = await decoders.inspect(
        data, owner=viewer.tenant_id, max_seconds=settings.max_audio_seconds, declared_mime_type=mime_type
    )
    return EncodedAudio(data, info.mime_type, info.duration_ms, info.source_sample_rate)


async def _decode(text: str, settings: ApiSettings) -> bytes:
    if len(text) > settings.max_audio_bytes * 4 // 3 + 4:  # refuse before decoding
        raise _too_large(settings)
    try:
        data = await _decoded(text)
    except ValueError:
        raise BadUserInput("audio.base64 is not valid base64.") from None
    if len(data) > settings.max_audio_bytes:
        raise _too_large(settings)
    return data


async def _decoded(text: str) -> bytes:
    """Decodes base64 in pieces, between which other tasks run. Raises ValueError.

    Not in a thread: b64decode holds the GIL, for which the event loop would wait longer.
    """
    data = bytearray()
    for start in range(0, len(text), _PIECE):
        piece = base64.b64decode(text[start : start + _PIECE], validate=True)
        if len(piece) < _PIECE // 4 * 3 and start + _PIECE < len(text):
            raise ValueError("padding before the end")
        data += piece
        await asyncio.sleep(0)
    return bytes(data)


async def _read(upload: UploadFile, settings: ApiSettings) -> bytes:
    await upload.seek(0)  # a request may use one file several times
    data = await upload.read(settings.max_audio_bytes + 1)
    if len(data) > settings.max_audio_bytes:
        raise _too_large(settings)
    return data


def _too_large(settings: ApiSettings) -> PayloadTooLarge:
    return PayloadTooLarge(f"The recording has more than {settings.max_audio_bytes} bytes.")
