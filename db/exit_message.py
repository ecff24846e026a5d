"""One-line error messages of command-line programs, written before they exit."""

from __future__ import annotations

import os
import sys

from db.errors import ConnectFailed, DatabaseUnavailable, VoxLoomError
from db.sqlstate import driver_errors, from_driver, sqlstate_of

#: SQLSTATEs of a missing table, column or schema: the database has another revision.
_OTHER_SCHEMA = ("42P01", "42703", "3F000")


def exit_message(error: BaseException) -> str | None:
    """``CODE: message``; None for a bug, which needs its traceback.

    For a database error class, SQLSTATE and source line only: its text may contain customers' words.
    """
    if isinstance(error, VoxLoomError):
        return f"{error.code}: {error.message}"
    if isinstance(error, ModuleNotFoundError) and not (error.name or "").startswith(("db", "graph", "inference")):
        return f"MISSING_PACKAGE: {error.name} is not installed in {sys.prefix}; voxloom[worker] has all packages."
    from db.postgres.outage import DATABASE_ERRORS, is_outage  # noqa: PLC0415 - loads the drivers

    if isinstance(error, DATABASE_ERRORS):
        failed = next((each for each in driver_errors(error) if isinstance(each, ConnectFailed)), None)
        if failed is not None:
            return f"{DatabaseUnavailable.code}: {failed}"
        if sqlstate_of(error) is not None or is_outage(error) or not isinstance(error, OSError):
            return _database(error)
    return _system(error) if isinstance(error, OSError) else None


def exit_code(error: BaseException) -> int:
    """EX_CONFIG of sysexits.h for settings that cannot be used: starting again does not help. Else 1."""
    from db.load_settings import BadSettings  # noqa: PLC0415 - see above

    return os.EX_CONFIG if isinstance(error, BadSettings) else 1


def _database(error: BaseException) -> str:
    from db.logs import error_fields  # noqa: PLC0415 - see above
    from db.postgres.outage import client_error  # noqa: PLC0415 - see above

    details = ", ".join(f"{name} {value}" for name, value in error_fields(error).items() if name != "error")
    name = error_fields(error)["error"]
    if sqlstate_of(error) in _OTHER_SCHEMA:
        return f"DATABASE_ERROR: the schema is not that of this version ({name}, {details}): run `voxloom migrate`."
    temporary = client_error(error)
    message = "the database refused a statement" if temporary is None else temporary.message.rstrip(".")
    return f"{'DATABASE_ERROR' if temporary is None else temporary.code}: {message} ({name}, {details})."


def _system(error: OSError) -> str:
    """An error of a file, a socket or a disk: the path and the operating system's message."""
    from db.logs import source_line  # noqa: PLC0415 - see above

    message = error.strerror or str(error) or type(error).__name__
    paths = [str(each) for each in (error.filename, error.filename2) if each is not None]
    where = " -> ".join(paths) if paths else source_line(error)
    if isinstance(error, TimeoutError) and from_driver(error):
        return f"{DatabaseUnavailable.code}: no answer in time ({where})."
    return f"SYSTEM_ERROR: {where}: {message}."
