"""A person's name in an utterance: after "my name is" and its like, or alone as the answer to a question."""

from __future__ import annotations

import re
from dataclasses import dataclass

from inference.engines.scripted.lexicon import WORD, Lexicon, fold

_BREAK = re.compile(r"[,.;:!?।\d@]")
_MAX_WORDS = 4


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of the text that the intent model sees as ``mask``."""

    start: int
    end: int
    mask: str


def find_name(text: str, words: Lexicon, spans: list[Span]) -> str | None:
    """The last name said after a cue. A weak cue ("this is ...") counts when what follows is written as a name."""
    found = None
    cues = [(match, False) for match in words.name_cues.finditer(text)]
    cues += [(match, True) for match in words.weak_name_cues.finditer(text)]
    for cue, weak in sorted(cues, key=lambda item: item[0].end()):
        tokens = _tokens(text, cue.end(), words)
        if not tokens or any(span.start <= tokens[0].start() < span.end for span in spans):
            continue
        if weak and not (_written_as_name(tokens) or words.name_tails.match(text, _skip(text, tokens[-1].end()))):
            continue
        start, end = tokens[0].start(), tokens[-1].end()
        spans.append(Span(start, end, "NAME"))
        found = _cased(text[start:end])
    return found


def bare_name(text: str, words: Lexicon) -> str | None:
    """The text as a name, if it can be one: one to four words, none of them an everyday one."""
    stripped = text.strip(" ,.;:!?¡¿।")
    tokens = list(WORD.finditer(stripped))
    if not 1 <= len(tokens) <= _MAX_WORDS or _BREAK.search(stripped):
        return None
    if any(_everyday(token.group(), words) for token in tokens):
        return None
    return _cased(stripped)


def _everyday(word: str, words: Lexicon) -> bool:
    folded = fold(word)
    return folded in words.not_names or folded in words.name_stops or len(folded) < 2


def _tokens(text: str, at: int, words: Lexicon) -> list[re.Match[str]]:
    tokens: list[re.Match[str]] = []
    for match in WORD.finditer(text, at):
        gap = text[tokens[-1].end() if tokens else at : match.start()]
        # "Mr. Smith" and "my name, um, is" aside, punctuation ends a name.
        if (tokens and _BREAK.search(gap)) or any(ch.isdigit() for ch in match.group()):
            break
        folded = fold(match.group())
        if folded in words.name_stops or (not tokens and folded in words.not_names) or len(tokens) == _MAX_WORDS:
            break
        if not tokens and _BREAK.search(gap.strip(" ,:")):
            break
        tokens.append(match)
    return tokens


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in " ,":
        at += 1
    return at


def _written_as_name(tokens: list[re.Match[str]]) -> bool:
    """Capital first letters, as recognisers and people write names. Scripts without case never pass."""
    return len(tokens) <= _MAX_WORDS and tokens[0].group()[0].isupper() and not tokens[0].group().isupper()


def _cased(name: str) -> str:
    """As said; all small letters, as some recognisers write, get capitals."""
    return name.title() if name.islower() else name
