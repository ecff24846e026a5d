"""Progress bars on the terminal while models are loaded."""

from __future__ import annotations

import threading
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn


class LoadingDisplay:
    """One line a model on standard error; plain text if it is not a terminal. Thread-safe."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            console=self._console,
        )
        self._tasks: dict[str, TaskID] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> LoadingDisplay:
        if self._console.is_terminal:
            self._bars.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self._console.is_terminal:
            self._bars.stop()

    def show(self, label: str, share: float | None) -> None:
        """Updates one model's line. ``share``: 0..1; None while unknown."""
        with self._lock:
            new = label not in self._tasks
            if new:
                self._tasks[label] = self._bars.add_task(label, total=1)
            if not self._console.is_terminal:
                if new or share == 1:
                    self._console.print(f"{label}: {'done' if share == 1 else '...'}", highlight=False)
                return
            task = self._tasks[label]
            if share is None:
                self._bars.update(task, total=None)
            else:
                self._bars.update(task, total=1, completed=share)
