"""Names that stand where none was given: apart, so that a command has them without loading the database's code."""

from __future__ import annotations

#: The agent of sessions that name none.
DEFAULT_AGENT = "billing_agent"

#: The tenant of API keys that name none.
DEFAULT_TENANT = "default"
