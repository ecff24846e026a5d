"""The one line that a command-line program says of an error before it exits."""

from __future__ import annotations

import os
import sys

from db.errors import ConnectFailed, DatabaseUnavailable, VoxLoomError
from db.load_settings import BadSettings
from db.logs import error_fields, place_of
from db.postgres.outage import DATABASE_ERRORS, client_error, is_away
from db.sqlstate import driver_errors, from_driver, sqlstate_of

#: SQLSTATEs of a schema that is not the one the code was written for: a table or a column that is not there.
_OTHER_SCHEMA = ("42P01", "42703", "3F000")


def exit_message(error: BaseException) -> str | None:
    """``CODE: what is wrong``; None for an error of the code itself, which needs its traceback.

    An error of the database is told by its name, SQLSTATE and place only: its text may hold what somebody said.
    """
    if isinstance(error, VoxLoomError):
        return f"{error.code}: {error.message}"
    if isinstance(error, ModuleNotFoundError) and not (error.name or "").startswith(("db", "graph", "inference")):
        return f"MISSING_PACKAGE: {error.name} is not installed in {sys.prefix}; voxloom[worker] has all packages."
    if isinstance(error, DATABASE_ERRORS):
        failed = next((each for each in driver_errors(error) if isinstance(each, ConnectFailed)), None)
        if failed is not None:
            return f"{DatabaseUnavailable.code}: {failed}"
        if sqlstate_of(error) is not None or is_away(error) or not isinstance(error, OSError):
            return _database(error)
    return _system(error) if isinstance(error, OSError) else None


def exit_code(error: BaseException) -> int:
    """EX_CONFIG of sysexits.h for settings that cannot be used: starting again does not help. Else 1."""
    return os.EX_CONFIG if isinstance(error, BadSettings) else 1


def _database(error: BaseException) -> str:
    told = ", ".join(f"{name} {value}" for name, value in error_fields(error).items() if name != "error")
    name = error_fields(error)["error"]
    if sqlstate_of(error) in _OTHER_SCHEMA:
        return f"DATABASE_ERROR: the schema is not that of this version ({name}, {told}): run `voxloom migrate`."
    passing = client_error(error)
    words = "the database refused a statement" if passing is None else passing.message.rstrip(".")
    return f"{'DATABASE_ERROR' if passing is None else passing.code}: {words} ({name}, {told})."


def _system(error: OSError) -> str:
    """A file, a socket, a full disk: the system's own words."""
    words = error.strerror or str(error) or type(error).__name__
    named = [str(each) for each in (error.filename, error.filename2) if each is not None]
    where = " -> ".join(named) if named else place_of(error)
    if isinstance(error, TimeoutError) and from_driver(error):
        return f"{DatabaseUnavailable.code}: no answer in time ({where})."
    return f"SYSTEM_ERROR: {where}: {words}."
