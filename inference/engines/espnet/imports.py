"""Imports ESPnet's speech synthesis where some of what it imports is missing, harmful or slow.

``espnet2.bin.tts_inference`` imports far more than speaking needs: readers of training data, enhancement, text
front ends of other languages. Those packages are not installed with VoxLoom (some of them have to be compiled); the
extra ``espnet-zoo`` has them, for models that do need one.

For the time of the import only, a finder gives a placeholder module for each of ``_OPTIONAL`` that is missing, and
for ``g2p_en`` always, since importing it downloads data. What is taken from a placeholder becomes a class, so that it
can stand in a type annotation or an ``isinstance``; calling it, or using the placeholder after the import, looks for
the real package and raises EngineUnavailable, naming the extra, if it is not there.

``typeguard.typechecked`` does nothing meanwhile: rewriting several hundred functions took 5.0 of 6.4 seconds. And
``pkg_resources``, which left setuptools with version 82, is replaced by the one function that pyworld calls.
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

#: The extra of pyproject.toml that has what other ESPnet models may need.
EXTRA = "espnet-zoo"

#: Imported by ESPnet, never called to speak with the voice "joe". Replaced only where the real one is missing.
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
#: Replaced always: to import the real one has side effects.
_SIDE_EFFECTS = frozenset({"g2p_en"})


def not_installed(package: str) -> EngineUnavailable:
    """The error for a package that a model needs and that VoxLoom does not install by itself."""
    return EngineUnavailable(
        f"This ESPnet model needs the package {package}, which is not installed. "
        f"VoxLoom's extra has it: pip install -e '.[{EXTRA}]'."
    )


class _Placeholder(ModuleType):
    """A module that is imported when it is first used, if it is there."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:  # ESPnet is being imported
            return _deferred(self.__name__, name)
        return getattr(_real(self.__name__), name)


def _real(module: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except ImportError:
        raise not_installed(module.partition(".")[0]) from None


def _deferred(module: str, name: str) -> type:
    """A class for ``module.name``: no instance of it exists, and calling it calls the real one."""

    def call(_: type, *arguments: Any, **options: Any) -> Any:
        return getattr(_real(module), name)(*arguments, **options)

    return type(name, (), {"__module__": module, "__new__": call})


class _Placeholders(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds a placeholder for each of ``packages`` and their submodules."""

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
        """Nothing to run."""


def _from_elsewhere(record: logging.LogRecord) -> bool:
    """ESPnet writes to the root logger: whole networks while it builds them, and now and then the text it speaks."""
    return _ESPNET.isdisjoint(Path(record.pathname).parts)


def import_text2speech() -> Any:
    """The class ``espnet2.bin.tts_inference.Text2Speech``. Raises ImportError if ESPnet is not installed."""
    logging.getLogger().addFilter(_from_elsewhere)  # once, however often it is added
    with _LOCK, warnings.catch_warnings(), _stand_ins():
        warnings.simplefilter("ignore")  # deprecations inside ESPnet's dependencies, at import
        return importlib.import_module("espnet2.bin.tts_inference").Text2Speech


@contextmanager
def _stand_ins() -> Iterator[None]:
    absent = {name for name in _OPTIONAL if name not in sys.modules and importlib.util.find_spec(name) is None}
    finder = _Placeholders(frozenset(absent | {name for name in _SIDE_EFFECTS if name not in sys.modules}))
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
    """What ``typeguard.typechecked`` is under ``python -O``: the function itself."""
    return target if target is not None else _unchecked
