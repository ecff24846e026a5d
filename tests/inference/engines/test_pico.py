"""The contract of synthesizers for pico, and what becomes of a subprocess that crashes, hangs or gives too much."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import cast

import pytest

from db.errors import EngineUnavailable
from inference.engines.pico import engine as pico
from inference.engines.pico.engine import LANGUAGES, PicoEngine
from inference.ports import Synthesizer
from inference.testing.synthesizer import SynthesizerContract, speak
from tests.waiting import until

pytestmark = [
    pytest.mark.models,
    pytest.mark.skipif(sys.platform != "linux", reason="py-nanotts has wheels for Linux only"),
]


@pytest.fixture
async def engine() -> AsyncIterator[Synthesizer]:
    made = PicoEngine(languages=LANGUAGES)
    await made.load()
    yield made
    await made.close()


class TestGerman(SynthesizerContract):
    """With the fixture ``engine`` above."""

    language = "de"
    unspoken = "hi"
    own_voice = "de-DE"
    sentence = "Ihre Rechnung über 12,50 € ist am 22.11.2026 fällig."
    long = (
        "Vielen Dank für Ihre Geduld, ich habe Ihren Vertrag gefunden, und ich sehe, dass die letzten zwei Zahlungen "
        "rechtzeitig eingegangen sind, Sie müssen also bis zum Ende des Monats nichts tun, aber ich erzähle Ihnen "
        "gern mehr über die Tarife für Familien, die zu Hause mehr als einen Anschluss haben."
    )


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_language_sounds(engine: Synthesizer, language: str) -> None:
    (piece,) = await speak(engine, "Internet, Radio, Telefon.", language=language)
    assert piece.samples.size > engine.sample_rate


_FAULTY = """
import os, sys, time
from db.subprocesses.confinement import open_pipes
from db.subprocesses.messages import frame
from tests.waiting import until
next_request, answers = open_pipes()
header, text = next_request()
{fault}
"""
_FAULTS = {
    "crash": "os.abort()",
    "exit": "os._exit(0)",
    "hang": "time.sleep(600)",
    "endless": "answers.write(frame({'error': None}, 1 << 40)); answers.flush(); time.sleep(600)",
    "nonsense": "answers.write(b'x' * 1000); answers.flush(); time.sleep(600)",
    "refusal": "answers.write(frame({'error': 'RuntimeError'}, 0)); answers.flush(); time.sleep(600)",
}


@pytest.mark.parametrize("fault", list(_FAULTS))
async def test_a_faulty_subprocess_is_an_error_and_replaced(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pico, "_ANSWER_SECONDS", 1.0)
    good = pico._ARGUMENTS
    monkeypatch.setattr(pico, "_ARGUMENTS", ("-c", _FAULTY.format(fault=_FAULTS[fault])))
    engine = PicoEngine()
    await engine.load()
    faulty = engine._child
    assert faulty is not None
    with pytest.raises(EngineUnavailable, match="failed to synthesize") as failure:
        await speak(engine, "Geheim.", language="de")
    assert "Geheim" not in str(failure.value)
    assert not faulty.alive
    monkeypatch.setattr(pico, "_ARGUMENTS", good)
    assert await speak(engine, "Guten Tag.", language="de")
    await engine.close()


async def test_a_cancelled_piece_kills_the_subprocess_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pico, "_ARGUMENTS", ("-c", _FAULTY.format(fault=_FAULTS["hang"])))
    engine = PicoEngine()
    await engine.load()
    child = engine._child
    assert child is not None
    use = asyncio.create_task(speak(engine, "Guten Tag.", language="de"))
    await until(engine._busy.locked)
    use.cancel()
    async with asyncio.timeout(30):
        await asyncio.wait({use})
    assert not child.alive
    await engine.close()


async def test_turns_share_the_subprocess_piece_by_piece(engine: Synthesizer) -> None:
    spoken = await asyncio.gather(*(speak(engine, f"Nummer {n}.", language="de") for n in range(8)))
    assert all(spoken)


async def test_closing_the_engine_ends_the_subprocess() -> None:
    engine = PicoEngine()
    await engine.load()
    child = engine._child
    assert child is not None
    pieces = engine.synthesize("Guten Tag. " * 100, language="de", voice=None)
    async with aclosing(cast("AsyncIterator[object]", pieces)):  # type: ignore[type-var]
        await anext(pieces)
    await engine.close()
    assert not child.alive
    with pytest.raises(EngineUnavailable, match="not loaded"):
        await speak(engine, "Guten Tag.", language="de")
