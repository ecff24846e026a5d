"""A process that decodes recordings, one after the other: ``python -m db.audio.decoder_process``.

FFmpeg's parsers are native code that no deadline of Python's reaches, and some of them need hours for a file of two
megabytes (a list of tags takes time by the square of its length). So they run here, where the kernel ends them: by CPU
time (RLIMIT_CPU, raised for each recording), by memory (RLIMIT_AS) and, from outside, by a kill.

It imports what decoding needs and nothing else, has neither sockets nor secrets of the process that started it, may
write no file, and ends with that process: at the end of its standard input, whatever it is doing.
"""

from __future__ import annotations

import math
import os
import queue
import re
import resource
import signal
import sys
import threading
import time
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

from db.audio import limits
from db.audio.decode_request import READY, DecodeRequest, framed, read_message
from db.audio.decoding import read_recording
from db.audio.recorded import Recording, RecordingFacts
from db.errors import AudioUnreadable, VoxLoomError

#: Recordings after which a process is replaced by a fresh one, and the memory that ends it sooner.
_RECORDINGS = 500
_KEPT_MEMORY = 300 * 1024 * 1024

#: Time between two looks at what a recording uses.
_LOOK_SECONDS = 0.05

#: CPU time after which a recording is no ordinary one: the rest is done at a lower priority (nice).
_ORDINARY_SECONDS = 0.5
_LATER_NICE = 10


def main() -> None:
    """Answers each message on standard input by one on standard output; ends with the input."""
    _confine()
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library that prints must not break the messages
    requests: queue.Queue[tuple[dict[str, Any], bytes]] = queue.Queue(1)
    threading.Thread(target=_receive, args=(requests,), daemon=True).start()
    answers.write(READY)
    answers.flush()
    for number in range(1, _RECORDINGS + 1):
        head, data = requests.get()
        answer, payload = _answer(DecodeRequest(**head), data)
        worn = _peak_memory() > _KEPT_MEMORY or os.getpriority(os.PRIO_PROCESS, os.getpid()) > nice
        answer["last"] = worn or number == _RECORDINGS or answer.get("last", False)
        answers.write(framed(answer, len(payload)))
        answers.write(payload)
        answers.flush()
        if answer["last"]:
            return


def run() -> None:
    """Runs ``main`` and ends at once: the thread that waits for input would keep the interpreter from ending."""
    try:
        main()
    except BaseException:
        os._exit(1)
    os._exit(0)


def _receive(requests: queue.Queue[tuple[dict[str, Any], bytes]]) -> None:
    """Reads in a thread of its own, so that the end of the parent is noticed in the middle of the work."""
    while (message := read_message(sys.stdin.buffer)) is not None:
        requests.put(message)
    os._exit(0)


def _answer(request: DecodeRequest, data: bytes) -> tuple[dict[str, Any], bytes]:
    memory = limits.memory_bytes(len(data), request.max_seconds)
    done = threading.Event()
    watch = threading.Thread(target=_watch, args=(memory, done), daemon=True)
    watch.start()
    _set_limit(resource.RLIMIT_AS, memory)
    try:
        recording = read_recording(
            data,
            max_seconds=request.max_seconds,
            declared_mime_type=request.declared_mime_type,
            customer_channel=request.customer_channel,
            allow_cpu=partial(_allow_cpu, limits.AGAIN if request.samples else 1),
        )
        return {"facts": _facts(recording)}, recording.samples.tobytes() if request.samples else b""
    except MemoryError:
        return {"error": AudioUnreadable.code, "message": limits.TOO_MUCH_MEMORY, "last": True}, b""
    except VoxLoomError as error:
        return {"error": error.code, "message": error.message}, b""
    finally:
        done.set()
        watch.join()


def _facts(recording: Recording) -> dict[str, Any]:
    return {field.name: getattr(recording, field.name) for field in fields(RecordingFacts)}


def _allow_cpu(times: int, seconds: float) -> None:
    """From now on ``times`` times ``seconds`` of CPU time, and a part of one; then the kernel ends this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _set_limit(resource.RLIMIT_CPU, math.ceil(used.ru_utime + used.ru_stime + times * seconds))


def _watch(most: int, done: threading.Event) -> None:
    """Ends this process when it uses more memory than it may, as macOS does not enforce RLIMIT_AS.

    Lowers its priority when it uses the CPU for long: those who wait for other answers go first.
    """
    began = time.process_time()
    while not done.wait(_LOOK_SECONDS):
        if _peak_memory() > most:
            os._exit(limits.MEMORY_EXIT)
        if time.process_time() - began > _ORDINARY_SECONDS:
            # By id: on Linux "this process" would be this thread alone.
            os.setpriority(os.PRIO_PROCESS, os.getpid(), min(19, os.getpriority(os.PRIO_PROCESS, 0) + _LATER_NICE))


def _peak_memory() -> int:
    """The most memory this process ever had in use, in bytes."""
    # Not ru_maxrss on Linux: it begins with what the parent had, which may hold models of gigabytes.
    if sys.platform == "linux":
        peak = re.search(rb"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_bytes())
        return int(peak[1]) * 1024 if peak else 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # in bytes on macOS


def _confine() -> None:
    # Its owner ends it, by the end of the input or a kill. A signal to the whole group is for the owner, who may still
    # have recordings to finish.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    for kind in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE):
        resource.setrlimit(kind, (0, 0))


def _set_limit(kind: int, wanted: int) -> None:
    _, hard = resource.getrlimit(kind)
    soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    try:
        resource.setrlimit(kind, (soft, hard))
    except ValueError:  # macOS refuses some, and the watch and the owner's deadline are there
        return


if __name__ == "__main__":
    run()
