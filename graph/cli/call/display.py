"""A call in the terminal: live words of both sides, and the times of each turn."""

from __future__ import annotations

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from graph.cli.call.call_log import CallLog

_SHOWN = 6


class CallDisplay:
    """Redrawn in place on a terminal; elsewhere printed once, at the end."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=False) if console.is_terminal else None

    def __enter__(self) -> CallDisplay:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, log: CallLog) -> None:
        if self._live is not None:
            self._live.update(_lines(log, _SHOWN), refresh=True)

    def summarize(self, log: CallLog) -> None:
        """The whole call, a table of its times, and the id by which its record is found."""
        if self._live is None:
            self._console.print(_lines(log, len(log.lines)))
        self._console.print(times_table(log))
        if log.session_id is not None:
            self._console.print(f"Its record: session {log.session_id}", highlight=False, soft_wrap=True)


def _lines(log: CallLog, most: int) -> Group:
    shown = []
    for item_id in log.lines[-most:]:
        turn = log.turns.get(item_id)
        if turn is None:
            shown.append(Text.assemble(("Assistant  ", "bold cyan"), log.replies.get(item_id, "")))
        else:
            shown.append(Text.assemble(("You        ", "bold"), (turn.words, "" if turn.final else "dim")))
    return Group(*shown)


def times_table(log: CallLog) -> Table:
    """What each turn of the caller took, from the end of its last word."""
    table = Table("turn", "words", "partials", "end decided (ms)", "first sound (ms)", title="By this client's clock")
    for number, turn in enumerate(log.turns.values(), 1):
        table.add_row(str(number), turn.words, str(turn.partials), _ms(turn.decided_ms), _ms(turn.first_sound_ms))
    return table


def _ms(value: float | None) -> str:
    return "" if value is None else f"{value:.0f}"
