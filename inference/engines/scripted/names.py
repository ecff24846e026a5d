"""Extracts a person's name: after a cue such as "my name is", or alone as the answer to a question."""

from __future__ import annotations

import re
from dataclasses import dataclass

from inference.engines.scripted.lexicon import WORD, Lexicon, fold

_BREAK = re.compile(r"[,.;:!?।\d@]")
_MAX_WORDS = 4


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A span of the text, in characters; ``mask``: its placeholder for intent classification."""

    start: int
    end: int
    mask: str


def find_name(text: str, words: Lexicon, spans: list[Span]) -> str | None:
    """The last name after a cue; its span is added to ``spans``. Weak cues ("this is ...") need a capitalized name."""
    found = None
    cues = [(match, False) for match in words.name_cues.finditer(text)]
    cues += [(match, True) for match in words.weak_name_cues.finditer(text)]
    for cue, weak in sorted(cues, key=lambda item: item[0].end()):
        tokens = _tokens(text, cue.end(), words)
        if not tokens or any(span.start <= tokens[0].start() < span.end for span in spans):
            continue
        if weak and not (_is_capitalized(tokens) or words.name_tails.match(text, _skip(text, tokens[-1].end()))):
            continue
        start, end = tokens[0].start(), tokens[-1].end()
        spans.append(Span(start, end, "NAME"))
        found = _capitalized(text[start:end])
    return found


def bare_name(text: str, words: Lexicon) -> str | None:
    """The whole text as a name, if it is one to four words without common words; else None."""
    stripped = text.strip(" ,.;:!?¡¿।")
    tokens = list(WORD.finditer(stripped))
    if not 1 <= len(tokens) <= _MAX_WORDS or _BREAK.search(stripped):
        return None
    if any(_is_common_word(token.group(), words) for token in tokens):
        return None
    return _capitalized(stripped)


def _is_common_word(word: str, words: Lexicon) -> bool:
    folded = fold(word)
    return folded in words.not_names or folded in words.name_stops or len(folded) < 2


def _tokens(text: str, at: int, words: Lexicon) -> list[re.Match[str]]:
    tokens: list[re.Match[str]] = []
    for match in WORD.finditer(text, at):
        gap = text[tokens[-1].end() if tokens else at : match.start()]
        # Punctuation ends a name.
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


def _is_capitalized(tokens: list[re.Match[str]]) -> bool:
    """Whether the first word is capitalized, as people and recognizers write names. False for scripts without case."""
    return len(tokens) <= _MAX_WORDS and tokens[0].group()[0].isupper() and not tokens[0].group().isupper()


def _capitalized(name: str) -> str:
    """Capitalizes a name that is all lower case, as some recognizers write it."""
    return name.title() if name.islower() else name
