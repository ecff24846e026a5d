"""Subprocess (sandbox) that decodes recordings one at a time: ``python -m db.audio.decoder_process``.

FFmpeg's parsers are native code that a Python timeout cannot interrupt, and some need hours for a file of two megabytes
(time quadratic in the number of tags). ``db.subprocesses.confinement`` limits its CPU time, raised for each recording,
and its memory. The process imports only what decoding needs.
"""

from __future__ import annotations

import os
import re
import resource
import sys
import threading
import time
from dataclasses import fields
from functools import partial
from pathlib import Path

from db.audio import limits
from db.audio.decoder_protocol import DecodeRequest
from db.audio.decoding import read_recording
from db.audio.recording import Recording, RecordingInfo
from db.errors import AudioUnreadable, VoxLoomError
from db.json_value import Json
from db.subprocesses import confinement
from db.subprocesses.messages import frame

#: Recordings, and bytes of peak memory, after which a process is replaced.
_MAX_RECORDINGS = 500
_MAX_IDLE_MEMORY = 300 * 1024 * 1024

#: Interval at which memory and CPU time are checked.
_CHECK_SECONDS = 0.05

#: CPU seconds of a recording after which the process continues at a lower priority: its nice value grows by this much.
_NORMAL_PRIORITY_SECONDS = 0.5
_NICE_INCREMENT = 10


def main() -> None:
    """Answers each request on standard input with a message on standard output; returns at the end of the input."""
    confinement.confine()
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    next_request, answers = confinement.open_pipes()
    for number in range(1, _MAX_RECORDINGS + 1):
        header, data = next_request()
        answer, payload = _answer(DecodeRequest(**header), data)
        used_up = _peak_memory() > _MAX_IDLE_MEMORY or os.getpriority(os.PRIO_PROCESS, os.getpid()) > nice
        answer["last"] = used_up or number == _MAX_RECORDINGS or answer.get("last", False)
        answers.write(frame(answer, len(payload)))
        answers.write(payload)
        answers.flush()
        if answer["last"]:
            return


def _answer(request: DecodeRequest, data: bytes) -> tuple[dict[str, Json], bytes]:
    memory = limits.memory_bytes(len(data), request.max_seconds)
    done = threading.Event()
    watch = threading.Thread(target=_watch, args=(memory, done), daemon=True)
    watch.start()
    confinement.set_limit(resource.RLIMIT_AS, memory)
    try:
        recording = read_recording(
            data,
            max_seconds=request.max_seconds,
            declared_mime_type=request.declared_mime_type,
            customer_channel=request.customer_channel,
            allow_cpu=partial(_allow_cpu, limits.SECOND_DECODE_FACTOR if request.samples else 1),
        )
        return {"info": _info(recording)}, recording.samples.tobytes() if request.samples else b""
    except MemoryError:
        return {"error": AudioUnreadable.code, "message": limits.TOO_MUCH_MEMORY, "last": True}, b""
    except VoxLoomError as error:
        return {"error": error.code, "message": error.message}, b""
    finally:
        done.set()
        watch.join()


def _info(recording: Recording) -> dict[str, Json]:
    return {field.name: getattr(recording, field.name) for field in fields(RecordingInfo)}


def _allow_cpu(factor: int, seconds: float) -> None:
    confinement.allow_cpu(factor * seconds)


def _watch(max_memory: int, done: threading.Event) -> None:
    """Exits if the process exceeds its memory, as macOS does not enforce RLIMIT_AS.

    Lowers the priority of a long decode, so that other recordings and requests go first.
    """
    began = time.process_time()
    while not done.wait(_CHECK_SECONDS):
        if _peak_memory() > max_memory:
            os._exit(confinement.MEMORY_EXIT)
        if time.process_time() - began > _NORMAL_PRIORITY_SECONDS:
            # By id: on Linux an id of 0 is this thread only.
            os.setpriority(os.PRIO_PROCESS, os.getpid(), min(19, os.getpriority(os.PRIO_PROCESS, 0) + _NICE_INCREMENT))


def _peak_memory() -> int:
    """Peak resident memory of this process, in bytes."""
    # Not ru_maxrss on Linux: it starts with the parent's memory, which may include models of gigabytes.
    if sys.platform == "linux":
        peak = re.search(rb"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_bytes())
        return int(peak[1]) * 1024 if peak else 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # in bytes on macOS


if __name__ == "__main__":
    confinement.run_until_end(main)
