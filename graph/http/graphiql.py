"""The GraphiQL page. All it needs is served from here: it works on a machine without a network."""

from __future__ import annotations

from pathlib import Path

PAGE = (Path(__file__).parents[1] / "static" / "graphiql.html").read_text()
