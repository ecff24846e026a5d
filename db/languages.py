"""Languages of sessions: ISO 639-1 codes and names of the languages of multilingual Whisper models; language tags."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from db.errors import BadUserInput

AUTO = "auto"

_NAMES = (
    "en=English, zh=Chinese, de=German, es=Spanish, ru=Russian, ko=Korean, fr=French, ja=Japanese, pt=Portuguese, "
    "tr=Turkish, pl=Polish, ca=Catalan, nl=Dutch, ar=Arabic, sv=Swedish, it=Italian, id=Indonesian, hi=Hindi, "
    "fi=Finnish, vi=Vietnamese, he=Hebrew, uk=Ukrainian, el=Greek, ms=Malay, cs=Czech, ro=Romanian, da=Danish, "
    "hu=Hungarian, ta=Tamil, no=Norwegian, th=Thai, ur=Urdu, hr=Croatian, bg=Bulgarian, lt=Lithuanian, la=Latin, "
    "mi=Maori, ml=Malayalam, cy=Welsh, sk=Slovak, te=Telugu, fa=Persian, lv=Latvian, bn=Bengali, sr=Serbian, "
    "az=Azerbaijani, sl=Slovenian, kn=Kannada, et=Estonian, mk=Macedonian, br=Breton, eu=Basque, is=Icelandic, "
    "hy=Armenian, ne=Nepali, mn=Mongolian, bs=Bosnian, kk=Kazakh, sq=Albanian, sw=Swahili, gl=Galician, mr=Marathi, "
    "pa=Punjabi, si=Sinhala, km=Khmer, sn=Shona, yo=Yoruba, so=Somali, af=Afrikaans, oc=Occitan, ka=Georgian, "
    "be=Belarusian, tg=Tajik, sd=Sindhi, gu=Gujarati, am=Amharic, yi=Yiddish, lo=Lao, uz=Uzbek, fo=Faroese, "
    "ht=Haitian Creole, ps=Pashto, tk=Turkmen, nn=Nynorsk, mt=Maltese, sa=Sanskrit, lb=Luxembourgish, my=Myanmar, "
    "bo=Tibetan, tl=Tagalog, mg=Malagasy, as=Assamese, tt=Tatar, haw=Hawaiian, ln=Lingala, ha=Hausa, ba=Bashkir, "
    "jv=Javanese, su=Sundanese"
)

#: English names by ISO 639-1 code (Hawaiian, which has none, by ISO 639-3), in the order of Whisper's language tokens.
LANGUAGES: Mapping[str, str] = dict(each.split("=") for each in _NAMES.split(", "))

#: Whisper's language tokens that differ from the ISO 639-1 code. Cantonese ("yue") of Whisper large-v3 is left out, as
#: no other model has it.
WHISPER_TOKENS: Mapping[str, str] = {"jv": "jw"}

#: Codes of Whisper and of older systems (withdrawn ISO 639-1 codes) with the current code.
_ALIASES = {**{token: code for code, token in WHISPER_TOKENS.items()}, "iw": "he", "in": "id", "ji": "yi"}


def iso_code(code: str) -> str:
    """The ISO 639-1 code for a code of Whisper or of an older system; other codes unchanged."""
    return _ALIASES.get(code, code)


def parse_language(tag: str, answered: Collection[str] = LANGUAGES) -> str:
    """Normalizes a language tag (BCP 47: language and region, as ``en`` or ``en-US``), or ``auto``.

    Raises BadUserInput for an unknown language, and for one that is not among ``answered``.
    """
    if tag.lower() == AUTO:
        return AUTO
    if re.fullmatch(r"[A-Za-z]{2,3}([-_][A-Za-z]{2})?", tag):
        primary, _, region = tag.replace("_", "-").lower().partition("-")
        primary = iso_code(primary)
        if primary in LANGUAGES:
            if primary not in answered:
                raise BadUserInput(
                    f"No worker of this server answers in {LANGUAGES[primary]}: see capabilities.languages."
                )
            return primary + (f"-{region.upper()}" if region else "")
    raise BadUserInput('Unknown language: use an ISO 639-1 code such as "en" or "es-MX", or "auto".')


def primary_language(tag: str) -> str | None:
    """The tag's language without the region; None for ``auto``."""
    return None if tag == AUTO else tag.partition("-")[0]
