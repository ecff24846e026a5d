"""Limits of decoding a recording, known to the process that decodes and to the one that waits for it."""

from __future__ import annotations

#: Samples a second of every decoded recording.
SAMPLE_RATE = 16_000

#: Seconds of CPU time for opening a file: finding out what is in it. Metadata that costs more is an attack.
OPEN_CPU_SECONDS = 2

#: What a recording may cost when it is decoded for its samples, after it was decoded once to be accepted: so much more,
#: lest a turn fail for a recording that was just within the limits.
AGAIN = 2

#: Address space of a decoder process before any recording: interpreter, libraries, and room for their tables.
_BASE_MEMORY = 512 * 1024 * 1024


def decode_cpu_seconds(max_seconds: float) -> int:
    """Seconds of CPU time for decoding a recording that may last ``max_seconds``: many times what any codec needs."""
    return 5 + int(max_seconds / 50)


def wall_seconds(max_seconds: float) -> float:
    """Longest that a decoder process may keep its caller waiting, on a machine that has other work to do."""
    return 2.0 * AGAIN * (OPEN_CPU_SECONDS + decode_cpu_seconds(max_seconds)) + 5


def memory_bytes(size: int, max_seconds: float) -> int:
    """Memory for a recording of ``size`` bytes: copies of it and of its samples (float32 at 16 kHz, two channels)."""
    return _BASE_MEMORY + 4 * size + int(max_seconds * SAMPLE_RATE) * 4 * 8


#: Exit code of a decoder process that had more memory in use than it may.
MEMORY_EXIT = 3

TOO_MUCH_MEMORY = "The recording takes too much memory to decode. Send it in another format."
TOO_MUCH_TIME = "The recording takes too much work to decode. Send it without its metadata, or in another format."
