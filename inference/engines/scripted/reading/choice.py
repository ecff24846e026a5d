"""Which reader the guard of a process has."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from inference.engines.scripted.reading.lexicon_reader import LexiconReader
from inference.engines.scripted.reading.reader import UnderstandingReader
from inference.settings import InferenceSettings
from inference.turn.guard.reading import DialogueReader

if TYPE_CHECKING:
    from inference.engines.scripted.understanding.understander import Understander

#: Where the vectors of agents' examples are kept between processes, below the directory of models.
_PROTOTYPES = "prototypes"


def choose_reader(settings: InferenceSettings) -> DialogueReader:
    """The reader of ``VOXLOOM_GUARD_READER``, not loaded; its models' packages are imported by its load."""
    if settings.guard_reader == "lexicon":
        return LexiconReader()
    return UnderstandingReader(partial(_understander, settings.model_threads, settings.model_cache_dir / _PROTOTYPES))


def _understander(threads: int, directory: Path) -> Understander:
    from inference.engines.scripted.understanding.shared import shared_understander  # noqa: PLC0415 - see above

    return shared_understander(threads, directory)
