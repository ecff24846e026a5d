"""Child side of a subprocess that runs native code: limits by the kernel, requests from standard input.

Native code cannot be interrupted by a Python timeout. Here the kernel stops it: by CPU time (RLIMIT_CPU) and memory
(RLIMIT_AS); and the parent may kill the process. The process has no sockets or secrets of its parent, cannot write
files, and exits with its parent: at the end of its standard input, even in the middle of a request.
"""

from __future__ import annotations

import math
import os
import queue
import resource
import signal
import sys
import threading
from collections.abc import Callable
from typing import BinaryIO

from db.json_value import Json
from db.subprocesses.messages import READY, read_message

#: Exit code of a subprocess that exceeded its memory limit.
MEMORY_EXIT = 3

#: A request: header and payload.
Request = tuple[dict[str, Json], bytes]


def confine() -> None:
    """Ignores signals, and forbids core dumps and files.

    The parent stops this process, by closing its input or SIGKILL. Signals to the process group are for the parent,
    which may still have work to finish.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    for kind in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE):
        resource.setrlimit(kind, (0, 0))


def open_pipes() -> tuple[Callable[[], Request], BinaryIO]:
    """How to get the next request, which waits for it, and the stream for answers; tells the parent it is ready.

    Requests are read in a thread, so that the process exits with its parent even while it works.
    """
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # output of a library must not corrupt the messages
    requests: queue.Queue[Request] = queue.Queue(1)
    threading.Thread(target=_receive, args=(requests,), daemon=True).start()
    answers.write(READY)
    answers.flush()
    return requests.get, answers


def run_until_end(main: Callable[[], None]) -> None:
    """Runs ``main`` and exits at once: the thread that reads the input would delay the interpreter's exit."""
    try:
        main()
    except BaseException:
        os._exit(1)
    os._exit(0)


def allow_cpu(seconds: float) -> None:
    """Sets the limit of CPU time to ``seconds`` from now, rounded up to a second; the kernel kills beyond it."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    set_limit(resource.RLIMIT_CPU, math.ceil(used.ru_utime + used.ru_stime + seconds))


def set_limit(kind: int, limit: int) -> None:
    """Sets a soft limit (``resource.RLIMIT_...``), at most the hard one."""
    _, hard = resource.getrlimit(kind)
    soft = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    try:
        resource.setrlimit(kind, (soft, hard))
    except ValueError:  # macOS refuses some; other limits and the parent's timeout remain
        return


def _receive(requests: queue.Queue[Request]) -> None:
    while (message := read_message(sys.stdin.buffer)) is not None:
        requests.put(message)
    os._exit(0)
