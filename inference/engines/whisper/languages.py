"""What multilingual Whisper models understand, by Whisper's own tokens. The table is `db.languages`."""

from __future__ import annotations

from db.languages import LANGUAGES, WHISPER_TOKENS, iso_code


def languages_of(model: str) -> tuple[str, ...]:
    """What a model of this name understands, as ISO 639-1 codes: by Whisper's convention, ".en" is English alone."""
    return spoken_by(multilingual=not model.endswith((".en", ".en.pt")))


def spoken_by(*, multilingual: bool) -> tuple[str, ...]:
    """What a loaded model understands, as ISO 639-1 codes in the order of Whisper's tokens."""
    return tuple(LANGUAGES) if multilingual else ("en",)


def token_of(language: str) -> str:
    """Whisper's token for an ISO 639-1 code."""
    return WHISPER_TOKENS.get(language, language)


def language_of(token: str) -> str:
    """The ISO 639-1 code for Whisper's token of a language."""
    return iso_code(token)
