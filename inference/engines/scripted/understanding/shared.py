"""One Understander a process: the scripted engine and the guard of other engines share its models and its cache."""

from __future__ import annotations

from pathlib import Path
from threading import Lock

from inference.engines.scripted.e5 import E5
from inference.engines.scripted.understanding.encoder import Encoder
from inference.engines.scripted.understanding.understander import Understander

_lock = Lock()
_shared: Understander | None = None
_e5_lock = Lock()
_e5: E5 | None = None


def shared_e5(threads: int) -> E5:
    """The process's E5, also of knowledge; loaded by the first call, whose ``threads`` count. Blocks for a second.

    Raises EngineUnavailable if a package is missing or altered; the next call tries again.
    """
    global _e5  # noqa: PLW0603 - one a process is the point
    with _e5_lock:
        if _e5 is None:
            _e5 = E5(threads)
        return _e5


def shared_understander(threads: int, directory: Path | None = None) -> Understander:
    """The process's Understander, loaded by the first call, whose parameters count. Blocks for seconds.

    Raises EngineUnavailable if a package of its models is missing or altered; the next call tries again.
    """
    global _shared  # noqa: PLW0603 - one a process is the point
    with _lock:
        if _shared is None:
            _shared = Understander(Encoder(threads, shared_e5(threads)), directory)
        return _shared
