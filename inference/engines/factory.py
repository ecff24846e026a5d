"""Factories of engines: the objects that entry points of engine plug-ins name.

An ``EngineFactory`` has the engine's settings class and a function that creates the engine. The package names it in
its pyproject.toml under the entry-point group ``voxloom.engines.asr``, ``.streaming_asr``, ``.llm`` or ``.tts``: see
docs/how-to/write-an-engine.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic_settings import BaseSettings, SettingsConfigDict

from inference.ports import Engine
from inference.weights.cache import ModelCache


class EngineSettings(BaseSettings):
    """Base class of an engine's settings: read from environment variables and ``.env``.

    A subclass sets a prefix of its own: ``model_config = SettingsConfigDict(env_prefix="VOXLOOM_MYENGINE_")``. An
    engine without settings uses this class as it is.
    """

    model_config = SettingsConfigDict(
        env_prefix="VOXLOOM_", env_file=".env", extra="ignore", populate_by_name=True, env_ignore_empty=True
    )


#: Turns that may use an engine at the same time where its steps run on a lane.
_LANE_CONCURRENCY = 16


@dataclass(frozen=True, slots=True)
class EngineContext:
    """Parameters from the worker for each engine that it creates.

    ``threads``: CPU threads for one inference. ``cache``: for converted weights. ``draft``: whether the engine was
    chosen by ``VOXLOOM_ASR_DRAFT_ENGINE``: it should yield partials early, and its final transcript is not used.
    ``parallel``: inferences that may run at the same time on one copy of the weights, if the engine can.
    ``on_lane``: whether it runs on a lane (``inference.lane``), in a process that holds calls.
    """

    threads: int
    cache: ModelCache
    draft: bool = False
    parallel: int = 1
    on_lane: bool = False

    @property
    def concurrency(self) -> int:
        """For an engine whose callers take turns on its model: 1, or more on a lane, where they do so at each step."""
        return _LANE_CONCURRENCY if self.on_lane else 1


S_contra = TypeVar("S_contra", bound=EngineSettings, contravariant=True)
E_co = TypeVar("E_co", bound=Engine, covariant=True)


@dataclass(frozen=True, slots=True)
class EngineFactory(Generic[S_contra, E_co]):
    """Creates an engine: ``make(settings(), context)``.

    ``make`` runs in the worker's main thread, so it must return quickly; the engine's ``load`` loads the model. Import
    large or optional packages in ``make`` or ``load``: the worker reports an ImportError of either with the missing
    module and ``install``, the command that installs it, such as ``pip install 'voxloom[worker]'``.
    """

    settings: type[S_contra]
    make: Callable[[S_contra, EngineContext], E_co]
    install: str
