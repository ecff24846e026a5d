"""What a package gives VoxLoom to offer an engine: a factory, named by an entry point.

An ``EngineFactory`` holds the engine's settings class and the function that makes the engine. The package names it in
its pyproject.toml under the entry-point group ``voxloom.engines.asr``, ``.llm`` or ``.tts``: see
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


@dataclass(frozen=True, slots=True)
class EngineContext:
    """What a worker tells each engine that it makes.

    ``threads``: how many CPU threads one inference may use. ``cache``: where converted weights are kept. ``draft``:
    whether the engine was chosen by ``VOXLOOM_ASR_DRAFT_ENGINE``: its first words shall come early, its last are not
    used.
    """

    threads: int
    cache: ModelCache
    draft: bool = False


S_contra = TypeVar("S_contra", bound=EngineSettings, contravariant=True)
E_co = TypeVar("E_co", bound=Engine, covariant=True)


@dataclass(frozen=True, slots=True)
class EngineFactory(Generic[S_contra, E_co]):
    """How an engine is made: ``make(settings(), context)``.

    ``make`` returns quickly and loads no model: the engine's ``load`` does. It is called in the worker's main thread.
    Packages that are large or may be missing are imported in ``make`` or ``load``; an ImportError of either becomes
    one message that names the missing module and how to ``install`` it, such as ``pip install 'voxloom[worker]'``.
    """

    settings: type[S_contra]
    make: Callable[[S_contra, EngineContext], E_co]
    install: str
