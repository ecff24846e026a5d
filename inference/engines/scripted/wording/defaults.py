"""Default replies of a language, read from ``languages/<code>/replies.toml``."""

from __future__ import annotations

from functools import cache

from inference.engines.scripted.lexicon import read_table

#: Key -> variants. An entry of a TOML table has the key ``table.key``.
Templates = dict[str, tuple[str, ...]]


@cache
def default_replies(language: str) -> Templates:
    """The default replies of one of LANGUAGES, cached."""
    templates: Templates = {}
    for key, value in read_table(language, "replies").items():
        if isinstance(value, dict):
            templates.update({f"{key}.{inner}": tuple(items) for inner, items in value.items()})
        else:
            templates[key] = tuple(value)
    return templates
