"""The languages that multilingual Whisper models were trained on."""

from __future__ import annotations

from db import languages

#: Codes by Whisper's tokens, where the two differ: Javanese is "jw" there.
_ISO = {"jw": "jv"}

#: In the order of Whisper's language tokens.
LANGUAGES = tuple(languages.LANGUAGES)


def languages_of(model: str) -> tuple[str, ...]:
    """What a model of this name understands, as ISO 639-1 codes: by Whisper's convention, ".en" is English alone."""
    return ("en",) if model.endswith((".en", ".en.pt")) else LANGUAGES


def token_of(language: str) -> str:
    """Whisper's name for an ISO 639-1 code."""
    return next((token for token, code in _ISO.items() if code == language), language)


def language_of(token: str) -> str:
    """The ISO 639-1 code for Whisper's name of a language."""
    return _ISO.get(token, token)
