"""Mapping of misaki's phonemes to espeak's en-us."""

from __future__ import annotations

import pytest

from inference.engines.espnet.phonemes import to_espeak, to_tokens


@pytest.mark.parametrize(
    ("misaki", "espeak"),
    [
        ("həlˈO wˈɜɹld.", "həlˈoʊ wˈɜːld."),
        ("əbˈWt", "ɐbˈaʊt"),
        ("əɹˈWnd", "ɐɹˈaʊnd"),
        ("hˈæpi", "hˈæpi"),
        ("wi sˈi", "wiː sˈiː"),
        ("ˈɛɹiə", "ˈɛɹiə"),
        ("mˈɛməɹi", "mˈɛmɚɹi"),
        ("sˈɛvəɹəl", "sˈɛvɹəl"),
        ("hˈɜɹi", "hˈɜːɹi"),
        ("nˈʌmbəɹ", "nˈʌmbɚ"),
        ("kˈɔlz", "kˈɔːlz"),
        ("kˈɔst", "kˈɔst"),
        ("vˈYs", "vˈɔɪs"),
        ("ʧˈɑɹʤ", "tʃˈɑːɹdʒ"),
        ("ɹəsˈiv", "ɹᵻsˈiːv"),
        ("ʤˈænjəwˌɛɹi", "dʒˈænjuːˌɛɹi"),
        ("ði ənd", "ðɪ ænd"),
        ("jˈu — “nˈW”…", "jˈuː , nˈaʊ."),
    ],
)
def test_to_espeak(misaki: str, espeak: str) -> None:
    assert to_espeak(misaki) == espeak


def test_tokens_are_padded_framed_and_known() -> None:
    assert to_tokens("a b☃", frozenset("ab") | {"<space>"}) == "^ _ a _ <space> _ b _ $"
