"""The languages that multilingual Whisper models were trained on."""

from __future__ import annotations

#: In the order of Whisper's language tokens. Javanese is "jw" there; its ISO 639-1 code is "jv".
_TOKENS = (
    "en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th ur hr "
    "bg lt la mi ml cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr pa si km sn "
    "yo so af oc ka be tg sd gu am yi lo uz fo ht ps tk nn mt sa lb my bo tl mg as tt haw ln ha ba jw su"
)
_ISO = {"jw": "jv"}

LANGUAGES = tuple(_ISO.get(token, token) for token in _TOKENS.split(" "))


def languages_of(model: str) -> tuple[str, ...]:
    """What a model of this name understands, as ISO 639-1 codes: by Whisper's convention, ".en" is English alone."""
    return ("en",) if model.endswith((".en", ".en.pt")) else LANGUAGES


def token_of(language: str) -> str:
    """Whisper's name for an ISO 639-1 code."""
    return next((token for token, code in _ISO.items() if code == language), language)


def language_of(token: str) -> str:
    """The ISO 639-1 code for Whisper's name of a language."""
    return _ISO.get(token, token)
