"""The parts of a voice process that all its connections share."""

from __future__ import annotations

from dataclasses import dataclass

from db.postgres.database import Database
from graph.guards.keys import Keys
from graph.guards.rate_limit import Rates
from graph.guards.revocations import Revocations
from graph.voice.calls import Calls
from graph.voice.settings import VoiceSettings


@dataclass(frozen=True, slots=True)
class VoiceParts:
    """What the transports of ``graph.voice`` get: authentication, the database for commands, and the calls."""

    settings: VoiceSettings
    database: Database
    keys: Keys
    rates: Rates
    revocations: Revocations
    calls: Calls
