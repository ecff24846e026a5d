"""Lines for the steps of loading, on a terminal that another process writes to as well, and in a log."""

from __future__ import annotations

import io
import threading
from pathlib import Path

import pytest
from rich.console import Console

from inference.weights.cache import ModelCache
from inference.worker.progress import LoadingDisplay


def _display(*, is_terminal: bool) -> tuple[LoadingDisplay, io.StringIO]:
    output = io.StringIO()
    return LoadingDisplay(Console(file=output, force_terminal=is_terminal, width=80)), output


def _drawing() -> bool:
    """Whether a thread draws on the terminal, as it does ten times a second."""
    drawing = [each for each in threading.enumerate() if type(each).__name__ == "_RefreshThread"]
    for each in drawing:
        each.join(0.3)
    return any(each.is_alive() for each in drawing)


def test_it_draws_only_while_a_step_runs(tmp_path: Path) -> None:
    display, output = _display(is_terminal=True)
    cache = ModelCache(tmp_path, display.show)
    with display:
        with cache.step("voice: converting"):
            with cache.step("whisper: checking"), cache.step("whisper: checking"):
                assert _drawing()
            assert _drawing()
        assert not _drawing()
        with pytest.raises(OSError, match="full"), cache.step("voice: converting"):
            assert _drawing()
            raise OSError("full")
        assert not _drawing()
    assert "✓ whisper: checking" in output.getvalue()


def test_without_a_terminal_each_step_is_told_once(tmp_path: Path) -> None:
    display, output = _display(is_terminal=False)
    cache = ModelCache(tmp_path, display.show)
    with display, cache.step("whisper: checking"), cache.step("whisper: checking"):
        pass
    assert output.getvalue() == "whisper: checking: ...\nwhisper: checking: done\n"
