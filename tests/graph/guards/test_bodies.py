"""Bodies with very many values, batches, base64 in pieces, and URLs signed for another audio."""

from __future__ import annotations

import asyncio
import base64
import json
import random

import pytest

from db.errors import BadUserInput, Forbidden, PayloadTooLarge
from db.ids import new_id
from graph.api.message_content import _PIECE, _decode
from graph.media.signing import MediaSigner
from graph.settings import ApiSettings
from tests.client import SEND, Client
from tests.graph.edge import Edge, bare_socket, closing_code, code_of, init, opened, post_raw

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: The sum of VOXLOOM_MAX_VALUES and VOXLOOM_MAX_DOCUMENT_BYTES.
SIGNS = 110_000


@pytest.mark.parametrize("sign", ["[", "{", ","])
async def test_more_values_than_there_may_be_are_not_parsed(acme: Client, sign: str) -> None:
    answer = await post_raw(acme, sign * (SIGNS + 1))
    assert answer.status_code == 400
    assert code_of(answer.json()) == "BAD_USER_INPUT"
    assert str(SIGNS) in answer.json()["errors"][0]["message"]
    assert str(SIGNS) not in (await post_raw(acme, sign * SIGNS)).text


async def test_a_message_of_more_values_than_there_may_be_closes_the_socket(acme: Client) -> None:
    def ping(values: int) -> str:
        return f'{{"type": "ping", "payload": {{"a": [{",".join("1" * values)}]}}}}'

    async with bare_socket(acme.base) as socket:
        await socket.send(init(acme))
        await socket.recv()
        await socket.send(ping(SIGNS - 3))
        assert json.loads(await socket.recv())["type"] == "pong"
    async with asyncio.timeout(10):
        assert await closing_code(acme, [init(acme), ping(SIGNS - 2)]) == 4400


@pytest.mark.parametrize("field", ["operations", "map"])
async def test_the_json_in_a_form_is_counted(acme: Client, field: str) -> None:
    fields = {"operations": json.dumps({"query": SEND}), "map": "{}", field: "[" + "1," * SIGNS + "1]"}
    answer = await acme.http.post("/graphql", data=fields, files={"file": ("a.wav", b"", "audio/wav")})
    assert (answer.status_code, code_of(answer.json())) == (400, "BAD_USER_INPUT")
    assert str(SIGNS) in answer.json()["errors"][0]["message"]


async def test_what_is_in_a_file_is_not_counted(acme: Client) -> None:
    session = await acme.create_session()
    variables = {"input": {"sessionId": session, "content": {"upload": None}}}
    fields = {
        "operations": json.dumps({"query": SEND, "variables": variables}),
        "map": json.dumps({"file": ["variables.input.content.upload"]}),
    }
    answer = await acme.http.post("/graphql", data=fields, files={"file": ("a.wav", b"," * 2 * SIGNS, "audio/wav")})
    assert code_of(answer.json()) == "AUDIO_UNREADABLE"


async def test_batches_are_off(edge: Edge, acme: Client) -> None:
    make = 'mutation { createSession(input: {customerId: "c"}) { session { id } } }'
    before = await edge.rows()
    for batch in ([], [{"query": make}], [{"query": make}] * 50):
        answer = await post_raw(acme, json.dumps(batch))
        assert (answer.status_code, code_of(answer.json())) == (400, "BAD_USER_INPUT")
    assert await edge.rows() == before


async def test_a_socket_has_so_long_to_begin(edge: Edge, acme: Client) -> None:
    async with opened(edge.url, connection_init_seconds=0.3) as impatient, bare_socket(impatient.address) as socket:
        async with asyncio.timeout(10):
            await socket.wait_closed()
        assert socket.close_code == 4408
    async with bare_socket(acme.base) as socket:
        await asyncio.sleep(0.6)
        await socket.send(init(acme))
        assert json.loads(await socket.recv())["type"] == "connection_ack"


@pytest.mark.parametrize("size", [0, 1, _PIECE // 4 * 3 - 1, _PIECE // 4 * 3, _PIECE // 4 * 3 + 1, 2_000_003])
async def test_base64_of_any_size(size: int) -> None:
    data = random.Random(size).randbytes(size)
    assert await _decode(base64.b64encode(data).decode(), ApiSettings()) == data


@pytest.mark.parametrize(
    "text",
    ["!", "A", "AA=A", "é" * 8, "A" * (_PIECE - 2) + "==" + "AAAA", "A" * _PIECE + "A", "A" * _PIECE + "AA\n="],
    ids=lambda text: f"{len(text)}, {text[-5:]!r}",
)
async def test_what_is_not_base64(text: str) -> None:
    with pytest.raises(BadUserInput):
        await _decode(text, ApiSettings())


async def test_a_recording_that_is_too_large_in_base64() -> None:
    settings = ApiSettings(max_audio_bytes=1_000)
    assert len(await _decode(base64.b64encode(bytes(1_000)).decode(), settings)) == 1_000
    for size in (1_001, 1_500_000):
        with pytest.raises(PayloadTooLarge):
            await _decode(base64.b64encode(bytes(size)).decode(), settings)


async def test_an_address_is_good_for_one_sound() -> None:
    signer = MediaSigner(b"s" * 32, 3600)
    mine, other = new_id(), new_id()
    given = dict(each.split("=") for each in signer.query(mine).split("&"))
    signer.check(mine, given["expires"], given["signature"])
    for sound, expires in ((other, given["expires"]), (mine, str(int(given["expires"]) + 3600))):
        with pytest.raises(Forbidden):
            signer.check(sound, expires, given["signature"])


async def test_an_address_of_another_sound_is_refused_by_the_server(acme: Client) -> None:
    session = await acme.create_session()
    recording = base64.b64encode(_wav()).decode()
    audio = {"base64": recording, "mimeType": "audio/wav"}
    first, second = [(await acme.send(session, {"audio": audio}))["userMessage"]["audio"]["url"] for _ in range(2)]
    mixed = second.partition("?")[0] + "?" + first.partition("?")[2]
    assert [(await acme.http.get(each)).status_code for each in (first, second, mixed)] == [200, 200, 403]


def _wav() -> bytes:
    """A tenth of a second at 16 kHz."""
    samples = random.Random(1).randbytes(3_200)
    size = len(samples)
    head = b"RIFF" + (36 + size).to_bytes(4, "little") + b"WAVEfmt " + (16).to_bytes(4, "little")
    form = b"\1\0\1\0" + (16_000).to_bytes(4, "little") + (32_000).to_bytes(4, "little") + b"\2\0\x10\0"
    return head + form + b"data" + size.to_bytes(4, "little") + samples
