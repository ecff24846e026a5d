"""Output of the findings: lines for people, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.metadata import version

from rich.console import Console
from rich.text import Text

from db.findings import Finding, Level

_STYLES = {Level.OK: "green", Level.WARNING: "yellow", Level.FAULT: "bold red"}


def print_lines(findings: Sequence[Finding]) -> None:
    """One line per finding: level, check, message, and after an arrow the advice."""
    console = Console()
    for each in findings:
        advice = f" -> {each.advice}" if each.advice else ""
        line = Text(f"{each.level.upper():<8}", style=_STYLES[each.level])
        line.append(f"{each.check:<11}{' '.join(each.message.split())}{advice}", style="default")
        console.print(line, soft_wrap=True, highlight=False)
    counts = ", ".join(f"{sum(each.level == level for each in findings)} {level}" for level in Level)
    console.print(f"\n{counts}.", highlight=False)


def as_json(findings: Sequence[Finding]) -> str:
    """One object: ``version``, ``ok`` (no fault), and ``findings`` with check, level, message and advice."""
    output = {
        "version": version("voxloom"),
        "ok": not any(each.level == Level.FAULT for each in findings),
        "findings": [each.as_json() for each in findings],
    }
    return json.dumps(output, ensure_ascii=False, indent=2)
