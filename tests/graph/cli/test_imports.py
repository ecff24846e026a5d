"""A command loads what it uses: help and mistakes of usage or settings are told at once."""

from __future__ import annotations

import subprocess
import sys

_HEAVY = (
    "alembic",
    "asyncpg",
    "httpx",
    "numpy",
    "procrastinate",
    "psycopg",
    "rich.console",
    "sqlalchemy",
    "strawberry",
)


def test_the_map_of_commands_loads_neither_the_database_nor_clients() -> None:
    program = f"import sys, graph.cli.app; print(*(each for each in {_HEAVY} if each in sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
