"""Subprocess (sandbox) in which SVOX Pico speaks: ``python -P -m inference.engines.pico.process``.

Pico is C code of 2009 that reads text of any kind; it may crash or never return. ``db.subprocesses.confinement`` limits
its CPU time and memory. A request is a header with the name of the voice, and the text in UTF-8 as payload; the answer
is a header with ``error``, None if it spoke, and samples of 16 bits at 16 kHz as payload.
"""

from __future__ import annotations

import ctypes
import resource

from db.json_value import Json
from db.subprocesses.confinement import allow_cpu, confine, open_pipes, run_until_end, set_limit
from db.subprocesses.messages import frame

#: CPU seconds of a request: a hundred times what the longest text takes.
_CPU_SECONDS = 10

#: Address space in bytes: interpreter, libraries, a voice of 1.5 MB and the samples.
_MEMORY = 512 * 1024 * 1024

#: Shares of Pico's own volume, which clips at 1, and pitch: a recognizer makes fewer errors with the lower voice.
_VOLUME = 0.6
_PITCH = 0.9

#: glibc's M_PERTURB: memory is filled with the complement of this byte when it is allocated.
_M_PERTURB = -6
_TO_ZERO = 0xFF


def main() -> None:
    """Answers each request on standard input with a message on standard output; returns at the end of the input."""
    from py_nanotts import NanoTTS  # noqa: PLC0415  found missing before the process says that it is ready

    confine()
    # Pico reads memory that it has not written: with zeros in it the same text gives the same samples.
    ctypes.CDLL(None).mallopt(_M_PERTURB, _TO_ZERO)
    set_limit(resource.RLIMIT_AS, _MEMORY)
    pico = NanoTTS()
    next_request, answers = open_pipes()
    while True:
        header, text = next_request()
        allow_cpu(_CPU_SECONDS)
        answer: dict[str, Json] = {"error": None}
        samples = b""
        try:
            samples = pico.speak(text.decode(), voice=str(header["voice"]), volume=_VOLUME, pitch=_PITCH)
        except (RuntimeError, ValueError, MemoryError) as error:  # its message may contain the text
            answer["error"] = type(error).__name__
        answers.write(frame(answer, len(samples)))
        answers.write(samples)
        answers.flush()


if __name__ == "__main__":
    run_until_end(main)
