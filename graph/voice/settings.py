"""Settings of the voice role, beside those of the API's edge and of the engines."""

from __future__ import annotations

import os
import sys

from pydantic import Field

from graph.settings import ApiSettings

_CALLS_PER_CORE = 2


class VoiceSettings(ApiSettings):
    """Whether the process takes queued turns too, and how many calls it holds."""

    voice_takes_turns: bool = True
    voice_max_calls: int | None = Field(None, ge=1, le=1_000)

    @property
    def max_calls(self) -> int:
        """Calls at the same time: as set, or two for each core."""
        return self.voice_max_calls or _CALLS_PER_CORE * cores()


def cores() -> int:
    """The cores that this process may use (on macOS: that the machine has)."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
