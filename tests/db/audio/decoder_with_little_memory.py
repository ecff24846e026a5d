"""A decoder process that may use little memory: LIMIT is of its address space, WATCHED of what is in use."""

from __future__ import annotations

import sys

from db.audio import decoder_process, limits

_LITTLE = {"LIMIT": 260 * 1024 * 1024, "WATCHED": 1024 * 1024}

if __name__ == "__main__":
    kind = sys.argv[1]
    limits.memory_bytes = lambda size, max_seconds: _LITTLE[kind]
    if kind == "WATCHED":
        decoder_process._set_limit = lambda kind, wanted: None
    decoder_process.run()
