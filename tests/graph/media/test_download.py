"""Audio download by signed URL: whole, Range requests, expiry."""

from __future__ import annotations

import base64
import io
import re
import time
import uuid
import wave
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import numpy as np
import pytest
import pytest_asyncio

from inference.audio.wav import encode_wav
from tests.client import Client
from tests.graph.edge import Edge

pytestmark = pytest.mark.asyncio(loop_scope="module")

WAV = encode_wav(np.linspace(-0.5, 0.5, 8000, dtype=np.float32), 8000)
SIZE = len(WAV)


@pytest_asyncio.fixture(loop_scope="module")
async def http(edge: Edge) -> AsyncIterator[httpx.AsyncClient]:
    """As an ``<audio>`` tag asks: without a key."""
    async with httpx.AsyncClient() as client:
        yield client


async def stored(client: Client) -> str:
    """The address of a recording that was just sent."""
    session = await client.create_session()
    content = {"audio": {"base64": base64.b64encode(WAV).decode(), "mimeType": "audio/wav"}}
    audio: dict[str, Any] = (await client.send(session, content))["userMessage"]["audio"]
    assert audio["sizeBytes"] == SIZE
    return str(audio["url"])


async def test_a_sound_plays_whole(acme: Client, http: httpx.AsyncClient) -> None:
    url = await stored(acme)
    answer = await http.get(url)
    assert (answer.status_code, answer.content) == (200, WAV)
    with wave.open(io.BytesIO(answer.content)) as file:
        assert file.getnframes() == 8000
    assert answer.headers["content-type"] == "audio/wav"
    assert answer.headers["content-length"] == str(SIZE)
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["cache-control"].startswith("private")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["access-control-allow-origin"] == "*"
    assert urlsplit(url).netloc == urlsplit(acme.base).netloc


async def test_head_tells_without_playing(acme: Client, http: httpx.AsyncClient) -> None:
    url = await stored(acme)
    for headers in ({}, {"Range": "bytes=0-9"}):  # ranges are a matter of GET (RFC 9110, section 14.2)
        answer = await http.head(url, headers=headers)
        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers["content-length"] == str(SIZE)
        assert answer.headers["etag"]


RANGES: dict[str, tuple[str, int, int]] = {
    "first byte": ("bytes=0-0", 0, 1),
    "first hundred": ("bytes=0-99", 0, 100),
    "middle": ("bytes=100-199", 100, 200),
    "last byte": (f"bytes={SIZE - 1}-{SIZE - 1}", SIZE - 1, SIZE),
    "open": ("bytes=50-", 50, SIZE),
    "all, open": ("bytes=0-", 0, SIZE),
    "suffix": ("bytes=-10", SIZE - 10, SIZE),
    "suffix longer than all": (f"bytes=-{SIZE * 2}", 0, SIZE),
    "ends beyond the end": (f"bytes={SIZE - 5}-{SIZE + 500}", SIZE - 5, SIZE),
    "unit in other letters": ("Bytes=1-2", 1, 3),
}


@pytest.mark.parametrize("name", RANGES)
async def test_a_range_is_served(acme: Client, http: httpx.AsyncClient, name: str) -> None:
    asked, start, end = RANGES[name]
    answer = await http.get(await stored(acme), headers={"Range": asked})
    assert (answer.status_code, answer.content) == (206, WAV[start:end])
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{SIZE}"
    assert answer.headers["content-length"] == str(end - start)


@pytest.mark.parametrize("asked", [f"bytes={SIZE}-", f"bytes={SIZE + 5}-{SIZE + 9}", "bytes=-0", f"bytes={10**14}-"])
async def test_a_range_beyond_the_end_is_not(acme: Client, http: httpx.AsyncClient, asked: str) -> None:
    answer = await http.get(await stored(acme), headers={"Range": asked})
    assert (answer.status_code, answer.content) == (416, b"")
    assert answer.headers["content-range"] == f"bytes */{SIZE}"


@pytest.mark.parametrize(
    "asked",
    [
        "bytes=0-1,4-5",
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "bytes=5-2",
        "lines=0-1",
        "0-5",
        "bytes=0-" + "9" * 400,
        "\u00b2",
    ],
)
async def test_ranges_that_are_none_get_the_whole(acme: Client, http: httpx.AsyncClient, asked: str) -> None:
    answer = await http.get(await stored(acme), headers=httpx.Headers({"Range": asked}, encoding="latin-1"))
    assert (answer.status_code, answer.content) == (200, WAV)


async def test_what_the_client_has_is_not_sent_again(acme: Client, http: httpx.AsyncClient) -> None:
    url = await stored(acme)
    tag = (await http.get(url)).headers["etag"]
    for known in (tag, f'"other", {tag}', f"W/{tag}", "*"):
        answer = await http.get(url, headers={"If-None-Match": known})
        assert (answer.status_code, answer.content) == (304, b""), known
        assert answer.headers["etag"] == tag
    for other in ('"other"', "", tag.strip('"')):
        assert (await http.get(url, headers={"If-None-Match": other})).status_code == 200, other


async def test_a_range_of_what_has_changed_gets_the_whole(acme: Client, http: httpx.AsyncClient) -> None:
    url = await stored(acme)
    tag = (await http.get(url)).headers["etag"]
    assert (await http.get(url, headers={"Range": "bytes=0-9", "If-Range": tag})).status_code == 206
    for other in ('"other"', f"W/{tag}", "Sun, 22 Nov 2026 14:00:00 GMT"):
        answer = await http.get(url, headers={"Range": "bytes=0-9", "If-Range": other})
        assert (answer.status_code, len(answer.content)) == (200, SIZE), other


async def test_an_address_that_was_not_given_is_refused(acme: Client, http: httpx.AsyncClient) -> None:
    url, other = await stored(acme), await stored(acme)
    bare, query = url.split("?")
    expires = parse_qs(query)["expires"][0]
    signature = parse_qs(query)["signature"][0]
    for forged in (
        bare,
        f"{bare}?{other.split('?')[1]}",
        f"{other.split('?')[0]}?{query}",
        f"{bare}?expires={int(expires) + 1}&signature={signature}",
        f"{bare}?expires={expires}",
        f"{bare}?expires={expires}&signature={signature[:-1]}",
        f"{bare}?expires={expires}&signature=",
        f"{bare}?expires={expires}&signature=%C3%A9%00",
        f"{bare}?expires=&signature={signature}",
        f"{bare}?expires=-1&signature={signature}",
        f"{bare}?expires={'9' * 5000}&signature={signature}",
        f"{bare}?expires=%D9%A1&signature={signature}",
    ):
        for headers in ({}, acme.headers):  # a key does not stand in for a signature
            answer = await http.get(forged, headers=headers)
            assert (answer.status_code, answer.headers["x-code"]) == (403, "FORBIDDEN"), forged
            assert "etag" not in answer.headers


async def test_an_address_expires(acme: Client, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    url = await stored(acme)
    expires = int(parse_qs(urlsplit(url).query)["expires"][0])
    assert 3600 <= expires - time.time() <= 7200
    monkeypatch.setattr("graph.media.signing.time.time", lambda: float(expires))
    assert (await http.get(url)).status_code == 200
    monkeypatch.setattr("graph.media.signing.time.time", lambda: expires + 0.5)
    answer = await http.get(url)
    assert (answer.status_code, answer.headers["x-code"]) == (403, "FORBIDDEN")


async def test_what_is_not_there_is_not_found(edge: Edge, acme: Client, http: httpx.AsyncClient) -> None:
    url = await stored(acme)
    for unknown in ("hello", "%00", "%ff", "a" * 5000, re.sub(r".*/media/([^?]+).*", r"\1", url).replace("-", "")):
        answer = await http.get(f"{edge.address}/media/{unknown}")
        assert (answer.status_code, answer.headers["x-code"]) == (404, "NOT_FOUND"), unknown
    # Without a signature for it, nobody learns which ids there are.
    assert (await http.get(f"{edge.address}/media/{uuid.uuid4()}")).status_code == 403


async def test_only_reading_is_allowed(acme: Client, http: httpx.AsyncClient) -> None:
    url = await stored(acme)
    for method in ("POST", "PUT", "DELETE"):
        assert (await http.request(method, url)).status_code == 405
