"""Recordings of two channels in the timeline of a conversation: a whole call, and a customer on one of two channels."""

from __future__ import annotations

import asyncio
import io
import re
import wave

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.async_api import Locator, expect

from tests.client import Client
from tests.console.page import ConsolePage, key_of
from tests.graph.api.test_call_recording import recorded
from tests.graph.edge import Edge

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

_RATE = 16_000


async def _loudest(clip: Locator) -> float:
    """Where the highest bar of a clip's waveform stands, from 0 to 1."""
    drawn = await clip.locator("path").get_attribute("d")
    heights = [float(each) for each in re.findall(r"v([0-9.]+)", drawn or "")]
    return heights.index(max(heights)) / len(heights)


async def _exported(console: ConsolePage) -> NDArray[np.int16]:
    """The WAV file of the conversation that is shown, a row a frame."""
    await console.page.get_by_role("button", name="Export").click()
    async with console.page.expect_download() as downloading:
        await console.page.get_by_role("button", name="WAV").click()
    data = await asyncio.to_thread((await (await downloading.value).path()).read_bytes)
    with wave.open(io.BytesIO(data)) as reading:
        return np.frombuffer(reading.readframes(reading.getnframes()), np.int16).reshape(-1, 2)


async def test_a_whole_call_has_a_lane_for_each_side(console: ConsolePage, edge: Edge, acme: Client) -> None:
    session_id = await acme.create_session()
    await recorded(edge, acme, session_id)  # a click of the caller after 0.25 s, of the assistant after 0.75 s
    await console.sign_in(key_of(acme), f"/conversations/{session_id}")
    lanes = console.page.locator(".clip[data-loaded]")
    await expect(lanes).to_have_count(2)
    assert 0.2 < await _loudest(console.page.locator(".clip-caller")) < 0.35
    assert 0.7 < await _loudest(console.page.locator(".clip-assistant")) < 0.85
    frames = np.abs((await _exported(console)).astype(int))
    caller, assistant = frames.argmax(axis=0) / _RATE
    assert (caller, assistant) == pytest.approx((0.25, 0.75), abs=0.05)


async def test_a_customer_on_the_right_channel_is_drawn_and_exported(console: ConsolePage, acme: Client) -> None:
    session_id = await acme.create_session()
    frames = np.zeros((2 * _RATE, 2), np.int16)
    frames[_RATE + 4_000 : _RATE + 12_000, 1] = np.random.default_rng(1).integers(-9_000, 9_000, 8_000)
    file = io.BytesIO()
    with wave.open(file, "wb") as writing:
        writing.setnchannels(2)
        writing.setsampwidth(2)
        writing.setframerate(_RATE)
        writing.writeframes(frames.tobytes())
    await acme.upload(session_id, file.getvalue(), "call.wav", "audio/wav", waitSeconds=60)
    await console.sign_in(key_of(acme), f"/conversations/{session_id}")
    clip = console.page.locator(".clip-caller[data-loaded]")
    await expect(clip).to_have_count(1)
    assert 0.6 < await _loudest(clip) < 0.9
    exported = await _exported(console)
    assert exported[_RATE + 4_000 : _RATE + 12_000, 0].any(), "the customer is left"
    assert not exported[: _RATE + 3_000].any()
