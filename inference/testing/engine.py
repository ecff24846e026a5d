"""Contract tests for all engines, and for packages with engine plug-ins."""

from __future__ import annotations

from pathlib import Path

from inference.engines.catalog import make_engine
from inference.engines.discovery import Kind, find_engine
from inference.engines.factory import EngineContext, EngineFactory
from inference.ports import Engine, EngineInfo
from inference.weights.cache import ModelCache


class EngineContract:
    """Base class of the contract of each port. A subclass has a fixture ``engine``, loaded."""

    def test_it_says_who_it_is(self, engine: Engine) -> None:
        assert isinstance(engine.info, EngineInfo)
        assert engine.info.engine
        assert engine.info.model
        assert all(language.islower() for language in engine.info.languages)  # ISO 639-1
        assert engine.concurrency >= 1


class PluginContract:
    """A worker finds the engine by its entry point ``name``, and creates it without loading its model."""

    kind: Kind
    name: str

    def test_its_entry_point_names_a_factory(self) -> None:
        assert isinstance(find_engine(self.kind, self.name, setting="test").load(), EngineFactory)

    def test_its_settings_have_a_prefix_of_their_own(self) -> None:
        settings = find_engine(self.kind, self.name, setting="test").load().settings
        prefix = settings.model_config["env_prefix"]
        assert prefix.startswith("VOXLOOM_")
        assert not settings.model_fields or prefix.count("_") >= 2

    def test_a_worker_makes_it(self, tmp_path: Path) -> None:
        context = EngineContext(threads=1, cache=ModelCache(tmp_path / "models"))
        engine, install = make_engine(self.kind, self.name, context, setting="test")
        assert getattr(engine, "reason", None) is None
        assert engine.info.engine
        assert install
        assert not (tmp_path / "models").exists(), "weights were converted before load()"
