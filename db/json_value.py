"""Type of JSON values: what clients, tools and models exchange, and ``jsonb`` columns hold."""

from __future__ import annotations

from typing import Any

#: A JSON value. Any: its shape is known to, or checked by, the code that reads it.
Json = Any
