"""The entry point of ``voxloom``; ``python -m graph.cli`` and ``python -m graph.cli.main`` are the same.

The commands are in ``graph.cli.commands``, their map in ``graph.cli.app``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from db.entry_point import INTERRUPTED, USAGE_ERROR, UsageError, run_command

if TYPE_CHECKING:
    from typer.exceptions import TyperException


def main() -> NoReturn:
    """Runs the command line. A usage error is one line on standard error (``db.entry_point``)."""
    run_command(_run)


def _run() -> int | None:
    from typer.exceptions import TyperException  # noqa: PLC0415 - Ctrl-C is answered while all this is imported

    from graph.cli.app import app  # noqa: PLC0415 - likewise

    try:
        code: int | None = app(prog_name="voxloom", standalone_mode=False)
    except TyperException as error:
        if not error.format_message():  # no command: the help was shown
            return USAGE_ERROR
        raise UsageError(_usage_error(error)) from None
    if code == INTERRUPTED:  # Typer's exit code for a KeyboardInterrupt
        raise KeyboardInterrupt
    return code


def _usage_error(error: TyperException) -> str:
    """Typer's message, and the help to read."""
    context = getattr(error, "ctx", None)
    command = "voxloom" if context is None else context.command_path
    return f"{command}: {error.format_message().rstrip('.')}. See `{command} --help`."


if __name__ == "__main__":
    main()
