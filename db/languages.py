"""The languages a session may have: those that Whisper knows, ISO 639-1 where it has a code."""

from __future__ import annotations

import re

from db.errors import BadUserInput

AUTO = "auto"

_CODES = (
    "en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th ur hr bg lt la mi ml "
    "cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr pa si km sn yo so af oc ka be tg sd gu am "
    "yi lo uz fo ht ps tk nn mt sa lb my bo tl mg as tt haw ln ha ba jw su yue"
)
LANGUAGES = frozenset(_CODES.split())


def clean_language(tag: str) -> str:
    """The language tag in lower case with its region in upper case (``en``, ``en-US``), or ``auto``.

    Raises BadUserInput for a tag that names no known language.
    """
    if tag.lower() == AUTO:
        return AUTO
    if re.fullmatch(r"[A-Za-z]{2,3}([-_][A-Za-z]{2})?", tag):
        primary, _, region = tag.replace("_", "-").partition("-")
        if primary.lower() in LANGUAGES:
            return primary.lower() + (f"-{region.upper()}" if region else "")
    raise BadUserInput('Unknown language: use an ISO 639-1 code such as "en" or "es-MX", or "auto".')


def primary_language(tag: str) -> str | None:
    """The language alone, without its region; null for ``auto``."""
    return None if tag == AUTO else tag.partition("-")[0]
