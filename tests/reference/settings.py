"""The settings as Markdown: names, defaults and words of ``.env.example``, bounds of the settings classes."""

from __future__ import annotations

import re
from pathlib import Path

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from db.load_settings import variables_of
from db.settings import DatabaseSettings
from graph.settings import ApiSettings
from graph.voice.settings import VoiceSettings
from inference.settings import InferenceSettings
from tests.settings_classes import engine_settings

_EXAMPLE = Path(__file__).parents[2] / ".env.example"

_HEAD = """# Settings

Environment variables; `.env` in the working directory is read too, and the environment wins over it. *Read by* says
which role reads the setting: the API, the worker, or both. The voice role reads all of them.
"""

_COLUMNS = "| setting | default | bounds | read by | meaning |\n|---|---|---|---|---|\n"

_SECTION = re.compile(r"^# --- (.+?) -+$")
_SETTING = re.compile(r"^#([A-Z][A-Z0-9_]*)=(.*)$")


def settings_page() -> str:
    """The page, in the order and the sections of ``.env.example``."""
    parts, words = [_HEAD], list[str]()
    for line in _EXAMPLE.read_text().splitlines():
        if section := _SECTION.match(line):
            parts.append(f"\n## {section[1]}\n\n{_COLUMNS}")
        elif setting := _SETTING.match(line):
            name, default = setting.groups()
            cells = (f"`{name}`", f"`{default}`" if default else "", _bounds(name), _read_by(name), _cell(words))
            parts.append(f"| {' | '.join(cells)} |\n")
        if line.startswith("# "):
            words.append(line.removeprefix("# "))
        else:
            words.clear()
    return "".join(parts)


def _fields(model: type[BaseSettings]) -> dict[str, FieldInfo]:
    """Each field by its environment variable."""
    return {variable: model.model_fields[name] for name, variable in variables_of(model).items()}


def _worker_fields() -> dict[str, FieldInfo]:
    """Those of the worker and of its engines."""
    models: list[type[BaseSettings]] = [InferenceSettings, *engine_settings()]
    return {variable: field for model in models for variable, field in _fields(model).items()}


def _read_by(variable: str) -> str:
    if variable in _fields(DatabaseSettings):
        return "both"
    roles = (("API", _fields(ApiSettings)), ("worker", _worker_fields()), ("voice", _fields(VoiceSettings)))
    return next((role for role, fields in roles if variable in fields), "")


def _bounds(variable: str) -> str:
    field = {**_fields(VoiceSettings), **_worker_fields()}.get(variable)
    found: dict[str, str] = {}
    for rule in field.metadata if field else ():
        for bound, sign in (("gt", "> "), ("ge", "≥ "), ("lt", "< "), ("le", "≤ ")):
            value = getattr(rule, bound, None)
            if value is not None:
                found[bound] = f"{sign}{value:,}"
    return ", ".join(found.values())


def _cell(words: list[str]) -> str:
    return " ".join(words).replace("|", "\\|")
