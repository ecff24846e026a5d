"""``python -m graph.voice``: the voice role, whose mistakes of set-up are one line each (see ``db.entry_point``)."""

from __future__ import annotations

from db.entry_point import run_command


def _run() -> None:
    from graph.voice.app import run  # noqa: PLC0415 - Ctrl-C is answered while all this is imported

    run()


run_command(_run)
