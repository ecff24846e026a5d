"""Imports ESPnet's TTS with placeholder modules for optional dependencies that are missing, harmful or slow.

``espnet2.bin.tts_inference`` imports more than inference needs: training data, speech enhancement, text front ends of
other languages. VoxLoom does not install those packages, some of which need a compiler; the extra ``espnet-zoo`` has
them, for models that need one.

During the import only, a finder on ``sys.meta_path`` provides a placeholder module for each package of ``_OPTIONAL``
that is missing, and for ``g2p_en`` always, since importing it downloads data. Attributes of a placeholder are classes,
valid in type annotations and ``isinstance``. Calling one, or using a placeholder after the import, imports the real
package, and raises EngineUnavailable with the extra's name if it is missing.

``typeguard.typechecked`` is disabled during the import: it took 5.0 of 6.4 seconds. ``pkg_resources``, which setuptools
82 removed, is replaced by the one function that pyworld calls.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.metadata
import importlib.util
import logging
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from db.errors import EngineUnavailable

_LOCK = threading.Lock()
_ESPNET = frozenset({"espnet", "espnet2"})

#: The extra of pyproject.toml with the optional packages of ESPnet models.
EXTRA = "espnet-zoo"

#: Imported by ESPnet and not used by the voice "joe". Replaced only if missing.
_OPTIONAL = frozenset(
    {
        "h5py",
        "humanfriendly",
        "jaconv",
        "jamo",
        "kaldiio",
        "opt_einsum",
        "pyworld",
        "sentencepiece",
        "soundfile",
        "tacotron_cleaner",
        "torch_complex",
        "torchaudio",
    }
)
#: Always replaced: importing the package has side effects.
_SIDE_EFFECTS = frozenset({"g2p_en"})


def not_installed(package: str) -> EngineUnavailable:
    """The error for a package that a model needs and that is only in the extra."""
    return EngineUnavailable(
        f"This ESPnet model needs the package {package}, which is not installed. "
        f"Install VoxLoom's extra: pip install -e '.[{EXTRA}]'."
    )


class _Placeholder(ModuleType):
    """Placeholder of a module: imports the real one on first use after ESPnet's import."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:  # during ESPnet's import
            return _placeholder_class(self.__name__, name)
        return getattr(_real(self.__name__), name)


def _real(module: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except ImportError:
        raise not_installed(module.partition(".")[0]) from None


def _placeholder_class(module: str, name: str) -> type:
    """A class without instances in place of ``module.name``; calling it calls the real one."""

    def call(_: type, *arguments: Any, **options: Any) -> Any:
        return getattr(_real(module), name)(*arguments, **options)

    return type(name, (), {"__module__": module, "__new__": call})


class _PlaceholderFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finder and loader of placeholders for ``packages`` and their submodules."""

    def __init__(self, packages: frozenset[str]) -> None:
        self._packages = packages
        self.made: dict[str, ModuleType] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname.partition(".")[0] not in self._packages:
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        self.made[spec.name] = _Placeholder(spec.name)
        return self.made[spec.name]

    def exec_module(self, module: ModuleType) -> None:
        """Does nothing: placeholders have no code."""


def _is_not_espnet(record: logging.LogRecord) -> bool:
    """Log filter, False for records of ESPnet: it logs whole networks, and sometimes the text, to the root logger."""
    return _ESPNET.isdisjoint(Path(record.pathname).parts)


def import_text2speech() -> Any:
    """The class ``espnet2.bin.tts_inference.Text2Speech``. Raises ImportError if ESPnet is not installed."""
    logging.getLogger().addFilter(_is_not_espnet)  # idempotent
    with _LOCK, warnings.catch_warnings(), _placeholders():
        warnings.simplefilter("ignore")  # deprecations inside ESPnet's dependencies, at import
        return importlib.import_module("espnet2.bin.tts_inference").Text2Speech


@contextmanager
def _placeholders() -> Iterator[None]:
    absent = {name for name in _OPTIONAL if name not in sys.modules and importlib.util.find_spec(name) is None}
    finder = _PlaceholderFinder(frozenset(absent | {name for name in _SIDE_EFFECTS if name not in sys.modules}))
    if importlib.util.find_spec("pkg_resources") is None:
        finder.made["pkg_resources"] = ModuleType("pkg_resources")
        vars(finder.made["pkg_resources"])["get_distribution"] = importlib.metadata.distribution
        sys.modules["pkg_resources"] = finder.made["pkg_resources"]
    typeguard: Any = importlib.import_module("typeguard")
    typechecked = typeguard.typechecked
    typeguard.typechecked = _unchecked
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        typeguard.typechecked = typechecked
        for name, module in finder.made.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]


def _unchecked(target: Any = None, **options: Any) -> Any:
    """Replaces ``typeguard.typechecked`` by its behaviour under ``python -O``: returns the function unchanged."""
    return target if target is not None else _unchecked
