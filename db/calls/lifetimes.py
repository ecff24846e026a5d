"""How long a live call waits for its caller, in seconds."""

from __future__ import annotations

#: From openCall to the first connection.
CONNECT_SECONDS = 300

#: From a lost connection to the next one.
RESUME_SECONDS = 30

#: Added by the sweep, so that the call's own process ends it first.
GRACE_SECONDS = 15
