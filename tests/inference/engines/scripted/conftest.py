"""Fixtures: the models of understanding, loaded once, and the built-in agent."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest
import yaml

from db.agents.definition import AgentDefinition
from inference.engines.scripted.understanding.encoder import Encoder
from inference.engines.scripted.understanding.understander import Understander


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    return Encoder(1)


@pytest.fixture(scope="session")
def understander(encoder: Encoder, model_dir: Path) -> Understander:
    return Understander(encoder, model_dir / "prototypes")


@pytest.fixture(scope="session")
def billing_agent() -> AgentDefinition:
    text = (files("db.agents") / "builtin" / "billing_agent.yaml").read_text(encoding="utf-8")
    return AgentDefinition.model_validate(yaml.safe_load(text))
