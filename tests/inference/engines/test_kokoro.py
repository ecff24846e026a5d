"""The contract of synthesizers for kokoro, and its weights.

By default in Spanish, with the short ones of the hostile texts, and, shortly, in the others, as one model speaks them
all; ``VOICES_REQUIRED=1`` (``make test-voices``) runs the whole contract in each language.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from db.errors import EngineUnavailable
from inference.engines.kokoro import engine as kokoro
from inference.engines.kokoro import weights
from inference.engines.kokoro.engine import KokoroEngine
from inference.ports import Speech, Synthesizer
from inference.testing.synthesizer import HOSTILE, SynthesizerContract, joined, speak
from inference.weights.cache import ModelCache

pytestmark = pytest.mark.models

_EVERYTHING = bool(os.environ.get("VOICES_REQUIRED"))
_every_language = pytest.mark.skipif(not _EVERYTHING, reason="takes minutes; VOICES_REQUIRED=1 runs it")

LONG = {
    "es": "Gracias por su paciencia, he encontrado su contrato, y veo que los dos últimos pagos llegaron a tiempo, así "
    "que no tiene que hacer nada antes de que termine el mes.",
    "fr": "Merci de votre patience, j'ai retrouvé votre contrat, et je vois que les deux derniers paiements sont "
    "arrivés à temps, vous n'avez donc rien à faire avant la fin du mois, mais je peux volontiers vous parler des "
    "autres offres que nous proposons aux familles qui ont plusieurs lignes à la maison.",
    "hi": "आपके धैर्य के लिए धन्यवाद, मुझे आपका अनुबंध मिल गया है, और पिछले दोनों भुगतान समय पर आ गए थे, "
    "इसलिए महीने के अंत से पहले आपको कुछ करने की ज़रूरत नहीं है, लेकिन मैं आपको उन योजनाओं के बारे में "
    "और बता सकता हूँ जो हम घर में एक से ज़्यादा लाइन वाले परिवारों को देते हैं।",
}


@pytest.fixture(scope="module")
def engine(model_dir: Path) -> Iterator[Synthesizer]:
    made = KokoroEngine(cache=ModelCache(model_dir), threads=1)
    asyncio.run(made.load())
    yield made
    asyncio.run(made.close())


class TestSpanish(SynthesizerContract):
    """With the fixture ``engine`` above."""

    language = "es"
    own_voice = "ef_dora"
    sentence = "Su factura de 12,50 € vence el 22/11/2026."
    long = LONG["es"]

    @pytest.mark.parametrize("text", [each for each in HOSTILE if _EVERYTHING or ("9" not in each and len(each) < 40)])
    async def test_hostile_text_is_no_error(self, engine: Synthesizer, text: str) -> None:
        await super().test_hostile_text_is_no_error(engine, text)


@_every_language
class TestFrench(SynthesizerContract):
    """With the fixture ``engine`` above."""

    language = "fr"
    own_voice = "ff_siwis"
    sentence = "Votre facture de 12,50 € est à payer le 22/11/2026."
    long = LONG["fr"]


@_every_language
class TestHindi(SynthesizerContract):
    """With the fixture ``engine`` above."""

    language = "hi"
    own_voice = "hm_omega"
    sentence = "आपका ₹12.50 का बिल 22/11/2026 को देय है।"
    long = LONG["hi"]


@pytest.mark.parametrize(("language", "text"), [("fr", "Bonjour à tous."), ("hi", "नमस्ते जी।")])
async def test_the_other_languages_are_spoken(engine: Synthesizer, language: str, text: str) -> None:
    samples = joined(await speak(engine, text, language=language))
    assert 0.3 < len(samples) / engine.sample_rate < 4
    assert np.abs(samples).max() > 0.05


async def test_a_voice_speaks_its_own_language_only(engine: Synthesizer) -> None:
    with pytest.raises(EngineUnavailable, match="voice"):
        await speak(engine, "Bonjour.", language="fr", voice="ef_dora")


async def test_the_first_piece_is_short(engine: Synthesizer) -> None:
    spoken = cast("AsyncGenerator[Speech, None]", engine.synthesize(LONG["es"], language="es", voice=None))
    async with aclosing(spoken):
        first = await anext(spoken)
    assert first.text.strip() == "Gracias por su paciencia,"


async def test_a_text_of_many_symbols_is_spoken_in_several_runs(
    engine: Synthesizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kokoro, "_LONGEST_RUN", 25)
    (piece,) = await speak(engine, "caso" * 15, language="es")
    assert np.isfinite(piece.samples).all()


def test_a_part_that_is_another_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, *others = weights.SOURCES
    monkeypatch.setattr(weights, "SOURCES", (replace(first, sha256="0" * 64), *others))
    with pytest.raises(EngineUnavailable, match="not the file"):
        weights.obtain_model(ModelCache(tmp_path))
    assert not list(tmp_path.glob("*/model.onnx"))


def test_a_damaged_voice_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ef_dora.bin").write_bytes(b"\0" * 522_240)
    monkeypatch.setattr(weights, "_DATA", tmp_path)
    with pytest.raises(EngineUnavailable, match="ef_dora"):
        weights.read_styles("ef_dora")
