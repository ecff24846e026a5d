"""The condition under which or the time at which something shall be done, in the customer's words."""

from __future__ import annotations

from inference.engines.scripted.understanding.clauses import Clause
from inference.engines.scripted.understanding.cues import Cues
from inference.engines.scripted.understanding.normalized import normalized

_MAX_CHARS = 200


def condition_of(clause: Clause, cues: Cues) -> str | None:
    """The words from the condition's cue to the end of the clause; None without one, and in questions."""
    said = normalized(clause.text)
    match = cues.conditions.search(said.text)
    if match is None or clause.asked or cues.indirect_questions.search(said.text, 0, match.end()):
        return None
    start = 0 if clause.joint and match.start() < len(clause.joint) else match.start()
    found = said.slice(start, len(said.text)).strip(" ,.!")
    return found[:_MAX_CHARS] or None
