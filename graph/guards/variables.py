"""Limits of variables: number of values and nesting, checked iteratively before recursive code sees them."""

from __future__ import annotations

from graph.limits import DocumentLimits


def variables_fault(variables: object, limits: DocumentLimits) -> str | None:
    """The fault of an operation's variables (too many values, too deep); None if there is none."""
    seen = 0
    level = [variables]
    for _ in range(limits.max_value_depth + 1):
        inner: list[object] = []
        for value in level:
            if isinstance(value, dict):
                inner.extend(value.values())
            elif isinstance(value, list):
                inner.extend(value)
            else:
                continue
            if seen + len(inner) > limits.max_values:
                return f"The variables have more than {limits.max_values} values."
        if not inner:
            return None
        seen += len(inner)
        level = inner
    if any(isinstance(value, dict | list) for value in level):
        return f"The variables are nested more than {limits.max_value_depth} deep."
    return None
