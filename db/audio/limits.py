"""Limits of decoding (CPU time, memory, wall-clock time), shared by the decoder process and its parent."""

from __future__ import annotations

#: Sample rate of decoded recordings, in Hz.
SAMPLE_RATE = 16_000

#: Seconds of CPU time for opening a file, in which FFmpeg probes its streams. Metadata that costs more is an attack.
OPEN_CPU_SECONDS = 2

#: Factor on the limits when a turn decodes a recording again for its samples: a recording that was accepted just below
#: the limits must not fail its turn.
SECOND_DECODE_FACTOR = 2

#: Address space of an idle decoder process, in bytes: interpreter, libraries, and room for their tables.
_BASE_MEMORY = 512 * 1024 * 1024


def decode_cpu_seconds(max_seconds: float) -> int:
    """Seconds of CPU time for decoding a recording of at most ``max_seconds``: many times what any codec needs."""
    return 5 + int(max_seconds / 50)


def wall_seconds(max_seconds: float) -> float:
    """Timeout of one request to a decoder process, in seconds, on a machine that is busy with other work."""
    return 2.0 * SECOND_DECODE_FACTOR * (OPEN_CPU_SECONDS + decode_cpu_seconds(max_seconds)) + 5


def memory_bytes(size: int, max_seconds: float) -> int:
    """Memory for a recording of ``size`` bytes: copies of it and of its samples (float32 at 16 kHz, two channels)."""
    return _BASE_MEMORY + 4 * size + int(max_seconds * SAMPLE_RATE) * 4 * 8


TOO_MUCH_MEMORY = "The recording takes too much memory to decode. Send it in another format."
TOO_MUCH_TIME = "The recording takes too much CPU time to decode. Send it without metadata or in another format."
