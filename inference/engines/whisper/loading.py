"""Loads Whisper models. Engines of one process that name the same model share it: its weights are in memory once."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast
from weakref import WeakValueDictionary

from db.errors import EngineUnavailable
from inference.engines.whisper.weights import BUNDLED, ctranslate2_directory, openai_checkpoint, tiny_english_directory
from inference.import_package import import_package
from inference.weights.cache import ModelCache

if TYPE_CHECKING:
    from inference.engines.whisper.ctranslate2_model import CTranslate2Whisper
    from inference.engines.whisper.torch_model import TorchWhisper

M = TypeVar("M")

#: The English model of partial transcripts, by this name for ``load_ctranslate2``.
TINY_ENGLISH = "tiny.en"

#: The loaded models while an engine holds them, and a lock for each, since loading takes seconds.
_loaded: WeakValueDictionary[Hashable, object] = WeakValueDictionary()
_locks: defaultdict[Hashable, threading.Lock] = defaultdict(threading.Lock)


def load_ctranslate2(name: str, cache: ModelCache, threads: int, parallel: int = 1) -> CTranslate2Whisper:
    """A model by name, see ``CTranslate2Engine``; "tiny.en" is bundled too.

    Raises EngineUnavailable, or ImportError for a missing package.
    """
    import_package("faster_whisper")
    from faster_whisper.utils import download_model  # noqa: PLC0415  not on every machine

    from inference.engines.whisper.ctranslate2_model import CTranslate2Whisper  # noqa: PLC0415

    def load() -> CTranslate2Whisper:
        try:
            if name == BUNDLED:
                directory = ctranslate2_directory(cache)
            elif name == TINY_ENGLISH:
                directory = tiny_english_directory()
            elif Path(name).is_dir():
                directory = Path(name)
            else:
                directory = Path(download_model(name, cache_dir=str(cache.root / "ctranslate2")))
            return CTranslate2Whisper(directory, threads, parallel)
        except EngineUnavailable:
            raise
        except Exception as exc:  # a hub, a tokenizer and a model file fail in many ways
            raise EngineUnavailable(
                f"ctranslate2 cannot load {Path(name).name}: it is not a converted Whisper, or the download failed."
            ) from exc

    return _once(("ctranslate2", name, cache.root, threads, parallel), load)


def load_torch(name: str, cache: ModelCache, threads: int) -> TorchWhisper:
    """A model by name, see ``WhisperEngine``. ``threads``: of torch, for the whole process.

    Raises EngineUnavailable, or ImportError for a missing package.
    """
    import torch  # noqa: PLC0415  seconds long, and not on every machine
    import whisper  # noqa: PLC0415

    from inference.engines.whisper.torch_model import TorchWhisper  # noqa: PLC0415

    torch.set_num_threads(threads)

    def load() -> TorchWhisper:
        source = str(openai_checkpoint(cache)) if name == BUNDLED else name
        try:
            model = whisper.load_model(source, download_root=str(cache.root / "openai-whisper"))
        except Exception as exc:  # a download, an unpickler and a state dict fail in many ways
            raise EngineUnavailable(
                f"openai-whisper cannot load {Path(name).name}: it is not a checkpoint, or the download failed."
            ) from exc
        return TorchWhisper(model.eval(), threads)

    return _once(("torch", name, cache.root, threads), load)


def _once(key: Hashable, load: Callable[[], M]) -> M:
    with _locks[key]:
        model = cast("M | None", _loaded.get(key))
        if model is None:
            model = load()
            _loaded[key] = model
        return model
