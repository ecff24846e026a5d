"""One person's name, word by word: titles, given names, particles, surnames, suffixes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from inference.engines.scripted.mentions.names import NameRules
from inference.engines.scripted.mentions.text import LETTER, Utterance

NAME_WORD = re.compile(rf"(?:(?!\d){LETTER})+(?:['\-](?:(?!\d){LETTER})+)*")
_MAX_TOKENS = 9
_MAX_LOWER = 4
_MIN_SURNAME = 3
#: Words joined to a particle in the middle of a name: "von und zu", "van den Berg".
JOINTS = frozenset({"und", "y", "i", "e", "et", "van", "von", "den", "het"})
#: Words of one language that are parts of names of another; beside another name and with capitals they are a name.
_NAMES_ELSEWHERE = frozenset({
    "al", "an", "anh", "ban", "bao", "can", "chi", "das", "del", "di", "do", "em", "ha", "han", "ho", "la", "le", "lo",
    "mai", "mi", "min", "na", "sa", "sang", "su", "tak", "thi", "to", "tu", "yu",
})  # fmt: skip
#: Those that may begin a name in a language that has the word: nobody answers with them.
_BEGIN_NAMES = frozenset({"an", "can", "do", "thi", "to"})


@dataclass(frozen=True, slots=True)
class Name:
    """A name at ``folded[start:end]``. ``words``: without titles and particles. ``given``: has a known given name."""

    start: int
    end: int
    words: int
    given: bool
    titled: bool
    capital: bool


class NameReader:
    """Reads names at places of an utterance. ``vocabulary``: the agent's words, which are nobody's name. ``asked``:
    whether a name was asked for.
    """

    def __init__(self, said: Utterance, rules: NameRules, vocabulary: frozenset[str], *, asked: bool = False) -> None:
        self.asked = asked
        self.said = said
        self.rules = rules
        self.common = rules.common | (vocabulary - rules.given)
        self.own = rules.own | (vocabulary - rules.given)
        self.folded = said.folded
        letters = [at for at in range(len(self.folded)) if self.folded[at].isalpha() and said.has_case(at)]
        self.lower = not any(said.is_upper(at) for at in letters if not self._begins_sentence(at))

    def _begins_sentence(self, at: int) -> bool:
        before = self.folded[:at].rstrip(" ¿¡\"'")
        return not before or before[-1] in ".!?\n"

    def sequence(self, start: int, limit: int) -> Name | None:
        """The name that begins at ``start``: titles, given names, particles, surnames, suffixes."""
        at = start
        tokens: list[re.Match[str]] = []
        held: list[re.Match[str]] = []
        words = 0
        given = titled = False
        capital = True
        while len(tokens) + len(held) < _MAX_TOKENS and at < limit:
            token = NAME_WORD.match(self.folded, self.gap(at, bool(tokens or held)), limit)
            if token is None or not self.said.is_free(token.start(), token.end()):
                break
            kind = self._kind(token, words, sure=given or titled)
            if held and not kind and self.said.is_upper(token.start()) and not self.rules.nouns_are_capitals:
                kind = "name"  # behind a particle: "bin Said"
            if kind == "title" and not words:
                titled = True
            elif kind == "particle" and (words or titled or held or self._may_begin(token)):
                held.append(token)
                at = token.end()
                continue
            elif kind == "name":
                lower = not self.is_capital(token)
                if lower and words and capital and tokens[-1].group() not in self.rules.particles:
                    break
                if words >= _MAX_LOWER + 1 and (lower or not self.said.has_case(token.start())):
                    break
                capital = capital and not lower
                given = given or token.group() in self.rules.given or self._is_double(token)
                words += 1
            elif kind != "suffix" or not words:
                break
            tokens += [*held, token]
            held = []
            at = self._after(token)
        if not any(len(token.group()) > 1 for token in tokens) or not words or self._is_possessive(tokens[-1]):
            return None
        end = self._after(tokens[-1]) if len(tokens[-1].group()) == 1 else tokens[-1].end()
        return Name(tokens[0].start(), end, words, given, titled, capital)

    def _is_double(self, token: re.Match[str]) -> bool:
        """Whether a word is two given names: "Anna-Maria", "Mei-Ling"."""
        first, *others = token.group().split("-")
        capitals = [self.said.is_upper(token.start() + at + 1) for at, ch in enumerate(token.group()) if ch == "-"]
        return bool(others) and (first in self.rules.given or (self.is_capital(token) and all(capitals)))

    def is_capital(self, token: re.Match[str]) -> bool:
        """Whether a word has a capital ("Lee", "d'Aubigny"), or its script has none."""
        start = token.start()
        if not self.said.has_case(start) or self.said.is_upper(start):
            return True
        joints = [start + at for at, ch in enumerate(token.group()[:-1]) if ch in "'-" and at]
        return any(self.said.is_upper(at + 1) for at in joints)

    def _may_begin(self, token: re.Match[str]) -> bool:
        """Whether a name may begin with a particle: "de la Cruz", but in German only with a capital."""
        return not self.rules.nouns_are_capitals or self.said.is_upper(token.start())

    def gap(self, at: int, inside: bool) -> int:
        """Skips the spaces between two words of a name; a comma only before "Jr."."""
        while at < len(self.folded) and self.folded[at] == " ":
            at += 1
        return at

    def _after(self, token: re.Match[str]) -> int:
        """The end of a word with the full stop of a title or an initial."""
        word = token.group()
        dotted = self.folded[token.end() : token.end() + 1] == "."
        short = len(word) == 1 or word in self.rules.titles or word in self.rules.suffixes
        return token.end() + 1 if dotted and short else token.end()

    def _is_possessive(self, token: re.Match[str]) -> bool:
        return token.group().endswith("'s") and re.match(r" \w", self.folded[token.end() :]) is not None

    def _kind(self, token: re.Match[str], words: int, *, sure: bool) -> str:
        word = token.group()
        upper = self.is_capital(token)
        if not words and word in self.rules.titles and word not in self.rules.given:
            return "title" if upper or word not in self.rules.cased_titles else ""
        if word in self.rules.suffixes and words:
            return "suffix"
        if word in self.rules.particles and self._continues(token):
            return "particle"
        if word in JOINTS and words and self._continues(token, capital=True):
            return "particle"
        cased = self.said.has_case(token.start())
        common = self.own if upper and cased else self.common
        # "Tom Baker", "Frau Koch": a surname that is a word too.
        surname = sure and upper and cased and len(word) >= _MIN_SURNAME and word not in self.rules.days
        if self.asked and word in self.rules.days and upper and cased and (sure or self._surname_follows(token)):
            return "name"  # "Sunday Adeleke", "Marie-Ange Dimanche"
        if upper and cased and (words or self._begins_name(token)) and word in _NAMES_ELSEWHERE:
            return "name"
        if word in self.rules.stops or (word in common and not (word in self.rules.given and upper) and not surname):
            return ""
        if len(word) == 1:
            return "name" if upper and cased and word.isalpha() else ""
        if word.endswith("'s") and not words:
            return ""
        return "name"

    def begins_name_at(self, at: int) -> bool:
        """Whether a name with capitals begins with a particle or a word of another language: "Le Van Tam", "To Lan"."""
        token = NAME_WORD.match(self.folded, at)
        if token is None or not self.said.is_upper(at) or not self.said.has_case(at):
            return False
        following = NAME_WORD.match(self.folded, self.gap(token.end(), True))
        article = token.group() in self.rules.particles and following is not None and self.is_capital(following)
        return article or self._begins_name(token)

    def _begins_name(self, token: re.Match[str]) -> bool:
        """Whether a name begins with a word that another language has too: "Can Yılmaz", "Do Thi Ha"."""
        word = token.group()
        if word not in _NAMES_ELSEWHERE or not self.said.is_upper(token.start()) or self.lower:
            return False
        following = NAME_WORD.match(self.folded, self.gap(token.end(), True))
        if following is None or following.start() == token.end() or not self.said.is_upper(following.start()):
            return False
        sure = self.asked or not self._begins_sentence(token.start())
        begins = sure and word in _BEGIN_NAMES and not self.rules.nouns_are_capitals
        own = word in self.rules.own
        if own and not begins:
            return False
        return following.group() not in self.own or (not own and following.group() in _NAMES_ELSEWHERE)

    def ends_name(self, trail: re.Match[str]) -> bool:
        """Whether a courtesy behind a name is its last word, by its capital: "Mi Na Han"."""
        word = trail.group().strip(" .")
        return (
            word in _NAMES_ELSEWHERE
            and self.said.is_upper(trail.end() - len(trail.group().lstrip()))
            and not self.lower
        )

    def _surname_follows(self, token: re.Match[str]) -> bool:
        following = NAME_WORD.match(self.folded, self.gap(token.end(), True))
        if following is None or following.group() in self.common or following.group() in self.rules.days:
            return False
        return following.start() > token.end() and self.said.is_upper(following.start())

    def _continues(self, token: re.Match[str], *, capital: bool = False) -> bool:
        """Whether a name goes on behind a particle."""
        at = token.end()
        for _ in range(3):
            following = NAME_WORD.match(self.folded, self.gap(at, True))
            if following is None or following.start() == token.end():
                return False
            word = following.group()
            if word not in self.rules.particles | JOINTS:
                if self.said.has_case(following.start()) and self.is_capital(following):
                    return not self.rules.nouns_are_capitals or word not in self.own or word in self.rules.given
                return not capital and self.lower and word not in self.common and word not in self.rules.stops
            at = following.end()
        return False
