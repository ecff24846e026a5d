"""Findings of installation checks (health check), shared by ``voxloom doctor`` and the worker's checks."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum


class Level(StrEnum):
    """Severity. ``WARNING``: works, with a limitation. ``FAULT``: does not work."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """One result: name of the check, severity, state, and advice. Never contains secrets or customers' words."""

    check: str
    level: Level
    message: str
    advice: str = ""

    def as_json(self) -> dict[str, str]:
        return {name: str(value) for name, value in asdict(self).items()}


def ok(check: str, message: str) -> Finding:
    return Finding(check, Level.OK, message)


def warning(check: str, message: str, advice: str) -> Finding:
    return Finding(check, Level.WARNING, message, advice)


def fault(check: str, message: str, advice: str) -> Finding:
    return Finding(check, Level.FAULT, message, advice)
