"""One Understander a process: the scripted engine and the guard of other engines share its models and its cache."""

from __future__ import annotations

from pathlib import Path
from threading import Lock

from inference.engines.scripted.understanding.encoder import Encoder
from inference.engines.scripted.understanding.understander import Understander

_lock = Lock()
_shared: Understander | None = None


def shared_understander(threads: int, directory: Path | None = None) -> Understander:
    """The process's Understander, loaded by the first call, whose parameters count. Blocks for seconds.

    Raises EngineUnavailable if a package of its models is missing or altered; the next call tries again.
    """
    global _shared  # noqa: PLW0603 - one a process is the point
    with _lock:
        if _shared is None:
            _shared = Understander(Encoder(threads), directory)
        return _shared
