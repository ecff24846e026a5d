"""A refusal of the guard: the result of a tool call that is not made, as the model sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from db.json_value import Json


class Rule(StrEnum):
    """Code of the refused call. NOT_OFFERED: the agent has no such tool. NOT_CONFIRMED: the customer has not said yes
    to a read-back. DENIED: the customer does not want it. NOT_SAID: a value that the customer did not say. DUPLICATE:
    filed already in this session. FORBIDDEN: the session may not use the tool.
    """

    NOT_OFFERED = "NOT_OFFERED"
    NOT_CONFIRMED = "NOT_CONFIRMED"
    DENIED = "DENIED"
    NOT_SAID = "NOT_SAID"
    DUPLICATE = "DUPLICATE"
    FORBIDDEN = "FORBIDDEN"


@dataclass(frozen=True, slots=True)
class Refusal:
    """``errors``: pairs of an argument's name, "" for the whole call, and a message, without any value that the model
    gave. ``more``: further keys of the result.
    """

    rule: Rule
    errors: tuple[tuple[str, str], ...]
    more: tuple[tuple[str, str], ...] = ()

    @property
    def result(self) -> Mapping[str, Json]:
        """The tool call's result: ``{"ok": false, "code", "errors": [{"loc", "msg"}]}``."""
        errors = [{"loc": loc, "msg": message} for loc, message in self.errors]
        return {"ok": False, "code": self.rule.value, "errors": errors, **dict(self.more)}

    @property
    def text(self) -> str:
        """The error of the tool call's row: ``CODE: message``."""
        return f"{self.rule}: " + "; ".join(f"{loc}: {message}" if loc else message for loc, message in self.errors)
