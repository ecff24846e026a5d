"""Lines on the terminal for what takes a while when models are loaded."""

from __future__ import annotations

import threading
from collections import Counter
from types import TracebackType

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn


class LoadingDisplay:
    """One line a step on standard error, with a spinner while one runs; plain text without a terminal. Thread-safe.

    It draws only while a step runs: what it draws moves the cursor, so that it would overwrite the lines that another
    process, as ``voxloom up``, prints on the terminal meanwhile.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        self._lines: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        #: How many steps with a label run: two engines may check the same file.
        self._running: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __enter__(self) -> LoadingDisplay:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        with self._lock:
            self._stop()

    def show(self, label: str, has_ended: bool) -> None:
        """A step begins, or has ended."""
        with self._lock:
            before = self._running[label]
            self._running[label] += -1 if has_ended else 1
            is_running = self._running[label] > 0
            if is_running == (before > 0):
                return
            if self._console.is_terminal:
                self._draw(label, is_running)
            else:
                self._console.print(f"{label}: {'...' if is_running else 'done'}", highlight=False)

    def _draw(self, label: str, is_running: bool) -> None:
        if self._lines is None:
            columns = (SpinnerColumn(finished_text="✓"), TextColumn("{task.description}"), TimeElapsedColumn())
            self._lines = Progress(*columns, console=self._console)
            self._lines.start()
        task = self._tasks.get(label)
        if task is None:
            task = self._tasks[label] = self._lines.add_task(label, total=None)
        self._lines.update(task, total=None if is_running else 1, completed=0 if is_running else 1)
        if not any(self._running.values()):
            self._stop()

    def _stop(self) -> None:
        if self._lines is not None:
            self._lines.stop()
        self._lines, self._tasks = None, {}
