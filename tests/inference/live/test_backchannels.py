"""Backchannels as recognisers write them, and what must not be taken for one."""

from __future__ import annotations

import pytest

from inference.live.backchannels import is_backchannel


@pytest.mark.parametrize(
    ("language", "text"),
    [
        *(("en", text) for text in ("uh-huh", "Uh huh.", "Uhhuh", "Mm-hmm.", "mmhmm", "Mhm", "M-hm", "hmm...", "Mmm.")),
        *(("en", text) for text in ("OK", "O.K.", "Okay.", "okaaay", "Ok, ok.", "Yeah, yeah, I see.", "Right.")),
        *(("en", text) for text in ("All right.", "Oh, okay.", "[laughs] Yeah.", "Got it!", "That’s right.")),
        *(("es", text) for text in ("Sí.", "si si", "Ajá", "Vale, vale.", "¡Claro que sí!", "Mm-hm.", "¿Ah, sí?")),
        *(("de", text) for text in ("Mhm.", "Ja, genau.", "Ach so!", "alles klar", "Aha.", "Hm.")),
        *(("fr", text) for text in ("Oui, oui.", "D'accord.", "d’accord", "Très bien.", "Ah bon ?", "Hum.", "Ouais")),
        *(("hi", text) for text in ("जी हाँ।", "अच्छा, ठीक है", "हम्म", "ہاں جی۔", "Theek hai", "Okay")),
        *(("it", text) for text in ("Sì, va bene.", "Ho capito", "Mm", "Okay")),
        *(("pt", text) for text in ("Tá bom.", "Aham.", "Sim, sim", "Uhum", "pois é")),
        *(("xx", text) for text in ("Mhm", "OK")),
    ],
)
def test_backchannels(language: str, text: str) -> None:
    assert is_backchannel(text, language)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        *(("en", text) for text in ("no", "Wait.", "Okay, but", "yeah no", "yes I want", "right now", "stop", "5")),
        *(("en", text) for text in ("", "  ", "...", "[MUSIC]", "(coughs)", "♪", "sí", "okay " * 40, "o" * 10_000)),
        *(("es", text) for text in ("no", "sí pero", "espera", "claro que no")),
        *(("de", text) for text in ("nein", "ja aber", "Moment", "genau das nicht")),
        *(("fr", text) for text in ("non", "oui mais", "attendez")),
        *(("hi", text) for text in ("नहीं", "जी नहीं", "रुकिए", "नहीं जी")),
        *(("pt", text) for text in ("não", "é", "sim mas")),
    ],
)
def test_words_that_take_the_turn(language: str, text: str) -> None:
    assert not is_backchannel(text, language)


def test_the_phrases_of_a_call_replace_those_of_the_language() -> None:
    assert is_backchannel("Roger. Copy that!", "en", ("roger", "copy that"))
    assert not is_backchannel("okay", "en", ("roger",))
    assert not is_backchannel("okay", "en", ())
    assert not is_backchannel("okay", "en", ("", "...", "[x]"))
