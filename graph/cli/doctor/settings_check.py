"""Check of the settings: their values, and unknown VOXLOOM_ variables (typos)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path

from dotenv import dotenv_values

from db.errors import BadUserInput
from db.findings import Finding, fault, ok, warning
from db.load_settings import variables_of
from graph.cli.doctor.context import Context
from graph.guards.persisted_documents import trusted_documents
from graph.settings import ApiSettings
from graph.voice.settings import VoiceSettings

_NAME = "settings"
_PREFIX = "VOXLOOM_"


async def check(context: Context) -> Sequence[Finding]:
    assert context.worker is not None
    worker = await asyncio.shield(context.worker)
    faults = dict.fromkeys([*context.faults, *worker.get("faults", ())])
    found = [fault(_NAME, each, "Correct the variable, in the environment or in .env.") for each in faults]
    found += _contradictions(context.settings)
    known = {*variables_of(VoiceSettings).values(), *worker.get("variables", ())}
    found += _unknown(_given(), known)
    if not found:
        found.append(ok(_NAME, f"{len(_given() & known)} of {len(known)} are set, all of them valid"))
    return found


def _contradictions(settings: ApiSettings) -> list[Finding]:
    found = []
    try:
        _ = settings.listen_url
        trusted_documents(settings.trusted_documents)
    except BadUserInput as error:
        found.append(fault(_NAME, error.message, "Correct or remove it."))
    return found


def _given() -> set[str]:
    """The variables set in the environment or in .env, in upper case; settings ignore the letter case."""
    lines = dotenv_values(".env") if Path(".env").is_file() and _is_text(Path(".env")) else {}
    return {name.upper() for name in (*os.environ, *lines)}


def _is_text(file: Path) -> bool:
    try:
        file.read_text(encoding="utf-8")
    except (OSError, UnicodeError):
        return False  # loading the settings reports it
    return True


def _unknown(given: Iterable[str], known: set[str]) -> list[Finding]:
    found = []
    for name in sorted(each for each in given if each.startswith(_PREFIX) and each not in known):
        likely = get_close_matches(name, known, n=1, cutoff=0.8)
        advice = f"Did you mean {likely[0]}?" if likely else "See .env.example for all settings."
        found.append(warning(_NAME, f"{name} is not a setting and has no effect", advice))
    return found
