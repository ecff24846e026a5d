"""Type of JSON values, as in ``jsonb`` columns and in messages of clients, tools and models."""

from __future__ import annotations

from typing import Any

#: A JSON value. Any: its shape is known to, or checked by, the code that reads it.
Json = Any
