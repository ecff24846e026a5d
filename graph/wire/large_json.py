"""Parsing of large JSON bodies in slices, so that the event loop runs other tasks in between.

``json`` and ``orjson`` hold the GIL for a whole document: 32 MB block the event loop for about 50 ms, in a thread too.
What makes a body large is a recording in base64. So long strings are replaced by placeholders, the small rest is parsed
at once, and the strings are decoded slice by slice.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from itertools import pairwise

from db.errors import BadUserInput
from graph.wire.json_reader import NotJson, read_json

#: Bytes of a body that is parsed at once, and of one slice of a long string.
SLICE_BYTES = 128_000

#: Bytes of a body besides its long strings: about 5 ms of parsing.
MAX_REST_BYTES = 2_000_000

#: Bytes without a quotation mark that make a string long.
_RUN = 4_096

#: Longest escape sequence: a surrogate pair, \\uD83D\\uDE00. A slice does not end within one, nor within a character.
_ESCAPE = 12

#: Steps back to the end of a slice. Base64 has few escapes: some clients write "\\/" and "\\u002B".
_MAX_STEPS = 64

_QUOTE, _BACKSLASH = b'"', b"\\"


async def read_large_json(text: bytes | str) -> object:
    """`read_json` for a text of any size; bytes in UTF-8. Raises NotJson, and BadUserInput above `MAX_REST_BYTES`."""
    if len(text) <= SLICE_BYTES:
        return read_json(text)
    body = text.encode() if isinstance(text, str) else text
    long = list(_long_strings(body))
    rest = len(body) - sum(cuts[-1] - cuts[0] for cuts in long)
    if rest > MAX_REST_BYTES:
        raise BadUserInput(f"The JSON has more than {MAX_REST_BYTES} bytes besides its long plain strings.")
    try:
        return await _read(body, long)
    except NotJson:
        if len(body) > MAX_REST_BYTES:
            raise
        return read_json(body)  # there may have been a placeholder between strings


async def _read(body: bytes, long: list[list[int]]) -> object:
    secret = secrets.token_hex(16)  # so that no client can write a placeholder
    strings: dict[str, str] = {}
    rest: list[bytes] = []
    end = 0
    for number, cuts in enumerate(long):
        name = f"{secret}{number}"
        rest += [body[end : cuts[0]], name.encode()]
        strings[name] = await _string(body, cuts)
        end = cuts[-1]
    rest.append(body[end:])
    return read_json(b"".join(rest), strings)


def _long_strings(body: bytes) -> Iterator[list[int]]:
    """The contents of long strings, each as the ends of its slices, beginning with its start.

    A run outside of a string is found too (of white space, say). With a placeholder there the rest is not valid JSON.
    Strings whose ends or slices are in doubt, because of backslashes, are left in the rest.
    """
    at = after = 0
    while at < len(body):
        if body.find(_QUOTE, at, at + _RUN) >= 0:
            at += _RUN
            continue
        start, end = body.rfind(_QUOTE, after, at) + 1, body.find(_QUOTE, at)
        if end < 0:
            return
        if start > 0 and _BACKSLASH not in (body[start - 2 : start - 1], body[end - 1 : end]):
            cuts = _cuts(body, start, end)
            if cuts is not None:
                yield cuts
        at = after = end + 1


def _cuts(body: bytes, start: int, end: int) -> list[int] | None:
    cuts = [start]
    while end - cuts[-1] > SLICE_BYTES:
        cut = _before(body, cuts[-1] + SLICE_BYTES)
        if cut is None:
            return None
        cuts.append(cut)
    return [*cuts, end]


def _before(body: bytes, cut: int) -> int | None:
    """The last position up to ``cut`` that is in no escape sequence and no character; None after `_MAX_STEPS`."""
    for _ in range(_MAX_STEPS):
        escape = body.rfind(_BACKSLASH, cut - _ESCAPE, cut)
        if escape >= 0:
            cut = escape
        elif body[cut] & 0xC0 == 0x80:  # a continuation byte of UTF-8
            cut -= 1
        else:
            return cut
    return None


async def _string(body: bytes, cuts: list[int]) -> str:
    pieces: list[str] = []
    for start, end in pairwise(cuts):
        piece = read_json(b'"%b"' % body[start:end])
        assert isinstance(piece, str)
        pieces.append(piece)
        await asyncio.sleep(0)
    return "".join(pieces)
