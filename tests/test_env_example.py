""".env.example names every setting there is, and its default as it is."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from pydantic_settings import BaseSettings

from db.load_settings import variables_of
from db.settings import DatabaseSettings
from graph.settings import ApiSettings
from graph.voice.settings import VoiceSettings
from inference.settings import InferenceSettings
from tests.settings_classes import engine_settings

_LINE = re.compile(r"^#([A-Z][A-Z0-9_]*)=(.*)$", re.MULTILINE)
_NOT_OURS = {"POSTGRES_PASSWORD"}  # compose.yaml's own


#: What each process reads.
_MODELS: tuple[type[BaseSettings], ...] = (
    DatabaseSettings,
    ApiSettings,
    VoiceSettings,
    InferenceSettings,
    *engine_settings(),
)


@pytest.fixture(scope="module")
def told() -> dict[str, str]:
    return dict(_LINE.findall((Path(__file__).parent.parent / ".env.example").read_text()))


def test_it_names_every_setting_and_no_other(told: dict[str, str]) -> None:
    there = {variable for model in _MODELS for variable in variables_of(model).values()}
    assert set(told) - _NOT_OURS == there


def test_every_setting_is_explained_in_the_line_above() -> None:
    lines = (Path(__file__).parent.parent / ".env.example").read_text().splitlines()
    for before, line in pairwise(lines):
        if _LINE.match(line):
            assert before.startswith("# "), line


@pytest.mark.parametrize("model", _MODELS)
def test_its_defaults_are_true(
    model: type[BaseSettings], told: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)  # away from the developer's own .env
    for variable in told:
        monkeypatch.delenv(variable, raising=False)
    without: dict[str, Any] = model().model_dump()
    for name, variable in variables_of(model).items():
        assert (told[variable] == "") == (without[name] is None), variable
        if told[variable]:
            monkeypatch.setenv(variable, told[variable])
    assert model().model_dump() == without
