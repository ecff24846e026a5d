"""``python -m graph.voice``: the voice role, whose mistakes of set-up are one line each (see ``db.entry_point``)."""

from __future__ import annotations

from db.entry_point import run_command, uncollected


def _run() -> None:
    from db.load_settings import load_settings  # noqa: PLC0415 - Ctrl-C is answered while all this is imported
    from graph.voice.settings import VoiceSettings  # noqa: PLC0415 - likewise

    load_settings(VoiceSettings)  # wrong ones are told before the rest is imported

    with uncollected():
        from graph.voice.app import run  # noqa: PLC0415 - as above

    run()


run_command(_run)
