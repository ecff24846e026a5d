"""What a check of the installation found: the words that ``voxloom doctor`` and the worker's own checks share."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum


class Level(StrEnum):
    """``WARNING``: it works, but something will surprise. ``FAULT``: it does not work."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was checked, how it is, and what to do. It never has a secret, nor what a customer said."""

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
