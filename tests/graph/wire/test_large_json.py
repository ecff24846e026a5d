"""Large JSON is read in slices, and gives exactly what `read_json` gives."""

from __future__ import annotations

import asyncio
import base64
import json
import random
from collections.abc import Callable

import pytest

from db.errors import BadUserInput
from graph.wire import large_json
from graph.wire.json_reader import NotJson, read_json
from graph.wire.large_json import MAX_REST_BYTES, SLICE_BYTES, read_large_json

#: A string that is cut into slices, and one that is only set aside.
SLICED, LONG = 3 * SLICE_BYTES, 10_000

AUDIO = base64.b64encode(random.Random(1).randbytes(SLICED)).decode()

SAME: dict[str, str] = {
    "base64": json.dumps({"a": AUDIO}),
    "base64 as PHP writes it": json.dumps({"a": AUDIO}).replace("/", "\\/"),
    "base64 as .NET writes it": json.dumps({"a": AUDIO}).replace("+", "\\u002B"),
    "surrogate pairs": json.dumps({"a": ("x" * 40 + "\U0001f600") * (SLICED // 40)}),
    "characters of four bytes": json.dumps({"a": "x" + "\U0001f600" * (SLICED // 4)}, ensure_ascii=False),
    "half a surrogate pair": json.dumps({"a": "x" * SLICED + "\ud83d" + "y" * SLICED}),
    "in lists": json.dumps([[AUDIO, ["b" * LONG, {"c": ["d" * SLICED]}]], "e" * LONG]),
    "a name": json.dumps({"n" * SLICED: "v" * LONG, "m" * LONG: 1}),
    "the same name twice": f'{{"{"n" * SLICED}": 1, "{"n" * SLICED}": 2}}',
    "only a string": json.dumps(AUDIO),
    "escapes at both ends": json.dumps('"\\' + "x" * SLICED + '\\"'),
    "dense escapes": json.dumps('"' * SLICED),
    "white space outside": '{"a"' + " " * SLICED + ':"b"}' + "\n" * LONG,
    "big integers beside it": f'{{"a": "{AUDIO}", "b": {10**40}, "c": -{2**64}}}',
    "brackets in it": json.dumps({"a": "[{,}]" * (SLICED // 5)}),
    "a line break in it": '{"a": "' + "x" * SLICED + "\n" + "x" * SLICED + '"}',
    "not closed": '{"a": "' + "x" * SLICED,
    "text after it": json.dumps({"a": AUDIO}) + "x",
    "a digit between strings": '{"a"' + "1" * SLICED + '"b": 1}',
}


def kept(read: Callable[[], object]) -> tuple[object, str]:
    try:
        return read(), ""
    except NotJson as error:
        return None, error.message


async def read_in_slices(text: str | bytes) -> tuple[object, str]:
    try:
        return await read_large_json(text), ""
    except NotJson as error:
        return None, error.message


@pytest.mark.parametrize("name", SAME)
async def test_it_reads_as_the_reader_of_small_texts(name: str) -> None:
    text = SAME[name]
    body = text.encode()
    assert SLICE_BYTES < len(body) < MAX_REST_BYTES
    expected = kept(lambda: read_json(body))
    assert await read_in_slices(body) == await read_in_slices(text) == expected


async def test_invalid_utf8_within_a_slice() -> None:
    body = b'{"a": "' + b"x" * SLICED + b"\xff" + b"x" * SLICED + b'"}'
    assert await read_in_slices(body) == kept(lambda: read_json(body))


async def test_no_more_than_a_slice_is_parsed_at_once_and_others_run_in_between(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parsed: list[int] = []

    def counted(text: bytes | str, *more: dict[str, str]) -> object:
        parsed.append(len(text))
        return read_json(text, *more)

    monkeypatch.setattr(large_json, "read_json", counted)
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    for audio in (AUDIO * 8, (AUDIO * 8).replace("/", "\\/")):
        running = asyncio.create_task(other())
        turns = 0
        parsed.clear()
        await read_large_json(b'{"a": "%b"}' % audio.encode())
        running.cancel()
        assert max(parsed) <= SLICE_BYTES + 2
        assert turns >= len(audio) // SLICE_BYTES


@pytest.mark.parametrize("rest", ['"a":' + " " * MAX_REST_BYTES + "1", '"a": "' + '\\"' * MAX_REST_BYTES + '"'])
async def test_what_cannot_be_sliced_is_limited(rest: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large_json, "read_json", lambda *_: pytest.fail("it was parsed"))
    with pytest.raises(BadUserInput) as refused:
        await read_large_json(f'{{"b": "{"x" * SLICED}", {rest}}}'.encode())
    assert str(MAX_REST_BYTES) in refused.value.message
