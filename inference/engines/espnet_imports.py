"""Imports ESPnet's speech synthesis where some of what it imports is missing, harmful or slow.

``espnet2.bin.tts_inference`` pulls in modules that speaking never calls:

- ``torchaudio`` (enhancement, augmentation): has no build for every torch;
- ``g2p_en``: downloads data merely by being imported;
- ``pkg_resources`` (through ``pyworld``, for its own version): left setuptools with version 82;
- ``typeguard.typechecked`` on several hundred functions: rewriting them took 5.0 of 6.4 seconds of the import.

For the time of the import only, the first two are replaced by names that fetch the real module when they are first
used and refuse loudly if it cannot be had; the third by the one function that pyworld calls; the fourth does nothing.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from db.errors import EngineUnavailable

_LOCK = threading.Lock()
_ESPNET = frozenset({"espnet", "espnet2"})

#: Replaced only where the real one is missing.
_IF_MISSING = ("torchaudio",)
#: Replaced always: to import the real one has side effects.
_LATER = ("g2p_en",)


class _Deferred(ModuleType):
    """Stands where a module should be until somebody uses it."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            real = importlib.import_module(self.__name__)
        except ImportError:
            raise EngineUnavailable(f"This ESPnet model needs {self.__name__}, which is not installed.") from None
        if real is self:
            raise EngineUnavailable(f"{self.__name__}.{name} was used while ESPnet was being imported.")
        return getattr(real, name)


def _from_elsewhere(record: logging.LogRecord) -> bool:
    """ESPnet writes to the root logger: whole networks while it builds them, and now and then the text it speaks."""
    return _ESPNET.isdisjoint(Path(record.pathname).parts)


def import_text2speech() -> Any:
    """The class ``espnet2.bin.tts_inference.Text2Speech``. Raises EngineUnavailable if ESPnet is not installed."""
    logging.getLogger().addFilter(_from_elsewhere)  # once, however often it is added
    with _LOCK, warnings.catch_warnings(), _stand_ins():
        warnings.simplefilter("ignore")  # deprecations inside ESPnet's dependencies, at import
        try:
            return importlib.import_module("espnet2.bin.tts_inference").Text2Speech
        except ImportError as exc:
            raise EngineUnavailable(f"ESPnet cannot be imported: {exc.name or 'a package'} is missing.") from None


@contextmanager
def _stand_ins() -> Iterator[None]:
    names = [name for name in _IF_MISSING if importlib.util.find_spec(name) is None]
    modules: dict[str, ModuleType] = {name: _Deferred(name) for name in (*names, *_LATER) if name not in sys.modules}
    if importlib.util.find_spec("pkg_resources") is None:
        modules["pkg_resources"] = _Deferred("pkg_resources")
        modules["pkg_resources"].get_distribution = importlib.metadata.distribution  # type: ignore[attr-defined]
    typeguard: Any = importlib.import_module("typeguard")
    typechecked = typeguard.typechecked
    sys.modules.update(modules)
    typeguard.typechecked = _unchecked
    try:
        yield
    finally:
        typeguard.typechecked = typechecked
        for name, module in modules.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]


def _unchecked(target: Any = None, **options: Any) -> Any:
    """What ``typeguard.typechecked`` is under ``python -O``: the function itself."""
    return target if target is not None else _unchecked
