"""A decoder process with little memory. LIMIT: of address space (RLIMIT_AS). WATCHED: of resident memory."""

from __future__ import annotations

import sys

from db.audio import decoder_process, limits
from db.subprocesses import confinement

_LITTLE = {"LIMIT": 260 * 1024 * 1024, "WATCHED": 1024 * 1024}

if __name__ == "__main__":
    kind = sys.argv[1]
    limits.memory_bytes = lambda size, max_seconds: _LITTLE[kind]
    if kind == "WATCHED":
        confinement.set_limit = lambda kind, limit: None
    confinement.run_until_end(decoder_process.main)
