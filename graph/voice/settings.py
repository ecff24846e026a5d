"""Settings of the voice role, beside those of the API's edge and of the engines."""

from __future__ import annotations

import os
import sys

from pydantic import BaseModel, Field, SecretStr

from db.agents.identifier import Identifier
from db.defaults import DEFAULT_TENANT
from graph.settings import ApiSettings

_CALLS_PER_CORE = 2


class TwilioNumber(BaseModel):
    """A phone number that is answered: by which agent, in which language, for which tenant."""

    number: str = Field(pattern=r"^\+[0-9]{3,15}$")
    agent: Identifier
    language: str = "en"
    tenant: str = DEFAULT_TENANT


class VoiceSettings(ApiSettings):
    """Whether the process takes queued turns too, how many calls it holds, and which phone numbers it answers."""

    voice_takes_turns: bool = True
    voice_max_calls: int | None = Field(None, ge=1, le=1_000)
    twilio_auth_token: SecretStr | None = None
    twilio_numbers: tuple[TwilioNumber, ...] = ()

    @property
    def max_calls(self) -> int:
        """Calls at the same time: as set, or two for each core."""
        return self.voice_max_calls or _CALLS_PER_CORE * cores()


def cores() -> int:
    """The cores that this process may use (on macOS: that the machine has)."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
