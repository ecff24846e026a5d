"""Fixtures: the models of understanding, loaded once, and the built-in agent."""

from __future__ import annotations

from importlib.resources import files

import pytest
import yaml

from db.agents.definition import AgentDefinition
from inference.engines.scripted.understanding.encoder import Encoder
from inference.engines.scripted.understanding.understander import Understander


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    return Encoder(1)


@pytest.fixture(scope="session")
def understander(encoder: Encoder, pytestconfig: pytest.Config) -> Understander:
    # Vectors of prototypes outlive a run: computing them takes longer than all tests.
    directory = pytestconfig.cache.mkdir("prototypes") if pytestconfig.cache else None
    return Understander(encoder, directory)


@pytest.fixture(scope="session")
def billing_agent() -> AgentDefinition:
    text = (files("db.agents") / "builtin" / "billing_agent.yaml").read_text(encoding="utf-8")
    return AgentDefinition.model_validate(yaml.safe_load(text))
