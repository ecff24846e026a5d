"""The languages of Whisper models, and their language tokens. The table is in ``db.languages``."""

from __future__ import annotations

from db.languages import LANGUAGES, WHISPER_TOKENS, iso_code


def languages_of(model: str) -> tuple[str, ...]:
    """ISO 639-1 codes of a model's languages by its name: in Whisper's convention ".en" marks English-only models."""
    return spoken_by(multilingual=not model.endswith((".en", ".en.pt")))


def spoken_by(*, multilingual: bool) -> tuple[str, ...]:
    """ISO 639-1 codes of a model's languages, in the order of Whisper's tokens."""
    return tuple(LANGUAGES) if multilingual else ("en",)


def token_of(language: str) -> str:
    """Whisper's language token for an ISO 639-1 code."""
    return WHISPER_TOKENS.get(language, language)


def language_of(token: str) -> str:
    """The ISO 639-1 code for Whisper's language token."""
    return iso_code(token)
