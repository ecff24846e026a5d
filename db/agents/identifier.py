"""The type of names of agents, scenarios, intents and fields."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

#: Names of scenarios are names of tools too.
Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
