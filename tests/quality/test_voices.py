"""The voices of Spanish, German, French and Hindi are understood: heard again by Whisper base.

All of them take minutes: ``VOICES_REQUIRED=1 python -m pytest tests/quality/test_voices.py``.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from inference.weights.cache import ModelCache
from tests.quality.hindi_consonants import consonants
from tests.quality.voices import LIMITS, SENTENCES, measure_all


@pytest.mark.models
@pytest.mark.timeout(600)
@pytest.mark.skipif(not os.environ.get("VOICES_REQUIRED"), reason="takes minutes; VOICES_REQUIRED=1 runs it")
@pytest.mark.skipif(sys.platform != "linux", reason="py-nanotts has wheels for Linux only")
async def test_every_voice_is_understood_and_as_loud_as_the_others(tmp_path: Path) -> None:
    scores = await measure_all("test", ModelCache(tmp_path))
    assert set(scores) == set(LIMITS)
    for language, score in scores.items():
        assert score.error_rate <= LIMITS[language], (language, score.misheard)
        assert all(-19.0 <= loudness <= -16.0 for loudness in score.loudness), (language, score.loudness)


def test_there_are_five_sentences_a_language() -> None:
    assert all(len(SENTENCES[language]["test"]) >= 5 for language in LIMITS)


def test_consonants_are_the_same_in_each_script() -> None:
    assert consonants("नमस्ते, धन्यवाद") == consonants("نمستے، دھنیاواد") == consonants("namaste, dhanyavad")
    assert consonants("शिकायत") == consonants("شکایت") == consonants("shikayat")
    assert consonants("भुगतान") != consonants("ग़लत")
