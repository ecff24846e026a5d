"""Names of persons: behind a cue, before "speaking", in a list of commas, or as the answer to a question."""

from __future__ import annotations

import re

from inference.engines.scripted.mentions.fields import Fields
from inference.engines.scripted.mentions.name_reader import NAME_WORD, Name, NameReader
from inference.engines.scripted.mentions.names import NameRules, name_rules, written
from inference.engines.scripted.mentions.text import LETTER, Utterance
from inference.engines.scripted.values import Expectation, Mention

_BREAK = re.compile(r"[,;:!?\n()\"]|\.(?=\s|$)| - |-(?= )")
_AND = re.compile(r"[ ,]+(?:and|und|y|et|aur|और|اور) ")
_MAX_CUES = 24
#: Most words of a name in lower case of which none is known.
_MAX_UNKNOWN = 3
#: Least words of a name that is said without a cue.
_MIN_WHOLE = 2
#: Most words of a greeting.
_MAX_GREETING = 4


def find_person_names(
    said: Utterance,
    language: str,
    fields: Fields,
    expected: Expectation,
    *,
    vocabulary: frozenset[str],
    identities: list[tuple[int, int]],
) -> list[Mention]:
    """The names as said. ``vocabulary``: the agent's words, which are nobody's name. ``identities``: spans of
    numbers and addresses beside which a name without a cue is likely.
    """
    rules = name_rules(language)
    asked = "person_name" in expected.formats or "name" in expected.fields
    finder = _Finder(said, rules, vocabulary, identities, asked=asked)
    spans = [*finder.cued(), *finder.before_tails()]
    if not spans or asked:
        only = asked and set(expected.fields) == {"name"}
        spans += finder.alone(asked=asked, only=only, identified=bool(identities))
    else:
        alone = finder.alone(asked=True, only=False, identified=False)
        spans += [each for each in alone if _longer(said, each, spans, language)]
    if not spans and expected.fields[:1] == ("name",):
        spans = finder.cued(anybody=True)  # "what is the name?" - "his name is Leo Hartmann"
    spans = spans or finder.for_whom()
    found: list[Mention] = []
    for start, end in spans:
        if said.is_free(start, end):
            said.claim(start, end)
            field = fields.assign("person_name", said.folded, start, end, expected)
            value = written(said.said(start, end), rules)
            found.append(Mention("person_name", value, *said.span(start, end), field))
    return found


def _longer(said: Utterance, name: tuple[int, int], others: list[tuple[int, int]], language: str) -> bool:
    """Whether a name says another one in full: "I'm Kev, Kevin Oyelaran"."""
    titles = name_rules(language).titles
    short = [
        " ".join(word for word in said.folded[start:end].split() if word.strip(".") not in titles)
        for start, end in others
    ]
    words = said.folded[slice(*name)].split()
    return len(words) > 1 and any(each and " " not in each and words[0].startswith(each[:3]) for each in short)


class _Finder(NameReader):
    def __init__(
        self,
        said: Utterance,
        rules: NameRules,
        vocabulary: frozenset[str],
        identities: list[tuple[int, int]],
        *,
        asked: bool,
    ) -> None:
        super().__init__(said, rules, vocabulary, asked=asked)
        self.identities = identities

    def for_whom(self) -> list[tuple[int, int]]:
        """The full name of a known given name that a sentence ends with: "a table for two for Nina Berg"."""
        for match in list(self.rules.whom.finditer(self.folded))[-_MAX_CUES:]:
            name = self.sequence(self._skip(match.end(), "strong"), len(self.folded))
            whole = name is not None and name.given and name.capital and name.words > 1
            if name is not None and whole and self.said.has_case(name.start) and self._ends_clause(name.end):
                return [(name.start, name.end)]
        return []

    def cued(self, *, anybody: bool = False) -> list[tuple[int, int]]:
        """Names behind cues. ``anybody``: also those that are said to be somebody else's."""
        found = []
        strong = list(self.rules.cues.finditer(self.folded))
        inside = {at for match in strong for at in range(match.start(), match.end())}
        cues = [(match, "strong") for match in strong]
        cues += [(each, "bare") for each in self.rules.bare_cues.finditer(self.folded) if each.start() not in inside]
        cues += [(match, "weak") for match in self.rules.weak_cues.finditer(self.folded)]
        for match, kind in sorted(cues, key=lambda each: (each[0].end(), each[1] != "strong"))[:_MAX_CUES]:
            if not anybody and self.rules.not_mine.search(self.folded[max(0, match.start() - 40) : match.start()]):
                continue
            name = self.sequence(self._skip(match.end(), kind), len(self.folded))
            pointing = self.rules.pointing.fullmatch(match.group()) is not None
            if name is not None and self._accept(name, kind, pointing=pointing):
                found.append((name.start, name.end))
        return found

    def _skip(self, at: int, kind: str) -> int:
        """Skips punctuation and words such as "is" and "uh" behind a cue."""
        while True:
            match = re.compile(r"[ :,]+").match(self.folded, at)
            if match is None and kind == "strong":
                match = self.rules.holders.match(self.folded, at)  # "in the name of my husband Leo Hartmann"
            if match is None:
                match = self.rules.leads.match(self.folded, at)
                if match and (match.group() in self.rules.titles or self.begins_name_at(at)):
                    return at
                if match and kind == "weak" and not self._title_follows(match.end()):
                    return at
            if match is None or match.end() == at:
                return at
            at = match.end()

    def _title_follows(self, at: int) -> bool:
        """Whether a title stands next: "soy la | señora García"."""
        token = NAME_WORD.match(self.folded, self.gap(at, True))
        return token is not None and token.group() in self.rules.titles

    def _accept(self, name: Name, kind: str, *, pointing: bool) -> bool:
        """Whether what stands behind a cue is a name. Weak cues need a capital, a known name, or a word behind it."""
        if kind == "strong":
            return name.words > 0
        if name.titled:
            return True
        if self._is_thing(name):
            return False
        cased = self.said.has_case(name.start)
        if kind == "bare":
            return name.capital or name.given or not cased
        tail = self.rules.tails.match(self.folded, name.end) is not None
        if not cased and name.words > 1 and self._ends_clause(name.end) and self.asked:
            return True
        unknown = self.asked and name.words > 1 and self.lower and cased and not pointing
        unknown = unknown and not self._has_common(name)
        if unknown and name.words <= _MAX_UNKNOWN and self._ends_clause(name.end):
            return True  # "soy xu wei", as recognizers write it
        plain = self.lower and cased and not pointing and not self._has_common(name)
        if plain and 1 < name.words <= _MAX_UNKNOWN and self.rules.goes_on.match(self.folded, name.end):
            return True  # "soy rosaura mena cuenta 44190"
        if name.given or tail:
            return (name.capital and cased) or tail or self._ends_clause(name.end)
        # Lower case as some recognizers write, or a script without capitals: "this is bob", "मैं रमेश बोल रहा हूँ".
        return name.capital and cased and (name.words > 1 or not (pointing or self.rules.nouns_are_capitals))

    def _is_thing(self, name: Name) -> bool:
        """Whether a name without a known given name looks like another word: "Kundennummer", a town, "de Madrid"."""
        text = self.folded[name.start : name.end]
        words = text.split()
        if name.given or name.titled:
            return False
        last = words[-1]
        thing = len(words) == 1 and (last in self.common or last.endswith(self.rules.endings))
        lower = words[0] in self.rules.particles and not self.said.is_upper(name.start) and not self.lower
        return thing or lower or text in self.rules.places or last in self.rules.places

    def _signs(self, name: Name, first: int) -> bool:
        """Whether a name stands under what was said, as the last sentence: "My line is dead. Debjani Mukherji"."""
        before = self.folded[:first].rstrip()
        unknown = name.capital and name.words in {2, 3} and not self._has_common(name) and not self.lower
        return unknown and before.endswith((".", "!", "?")) and not self.rules.nouns_are_capitals

    def _has_common(self, name: Name) -> bool:
        """Whether a word of a name is or looks like a word of the agent's languages."""
        words = self.folded[name.start : name.end].split()
        return any(word in self.common or word.endswith(self.rules.endings) for word in words)

    def _ends_clause(self, at: int) -> bool:
        rest = self.folded[at:].lstrip(" ")
        return not rest or _BREAK.match(rest) is not None or rest.split(maxsplit=1)[0] in self.rules.stops | self.common

    def before_tails(self) -> list[tuple[int, int]]:
        """Names before "speaking", "here", "is my name"."""
        found = []
        for tail in self.rules.tails.finditer(self.folded):
            first = self._clause_start(tail.start())
            start = self._trim_leads(first, tail.start())
            name = self.sequence(start, tail.start())
            if name is None or self.folded[name.end : tail.start()].strip(" ,"):
                start = self._behind_common(first, tail.start())
                name = self.sequence(start, tail.start()) if start > first else None
                cased = name is not None and self.said.has_case(name.start) and not self.lower
                if name is None or cased or name.words > _MAX_UNKNOWN + 1 or self._is_thing(name):
                    continue
                if self.folded[name.end : tail.start()].strip(" ,"):
                    continue
                if name.words > 1 and not self.said.has_case(name.start):
                    found.append((name.start, name.end))
                    continue
            if (
                name.titled
                or name.given
                or (name.capital and self.said.has_case(name.start))
                or (start > first and name.words <= 3 and self.lower)
            ):
                found.append((name.start, name.end))
        return found

    def _behind_common(self, first: int, end: int) -> int:
        """Where the last words begin that are no words of the language: "यह कनेक्शन | हरीश त्रिपाठी के नाम पर"."""
        common = [word for word in NAME_WORD.finditer(self.folded, first, end) if word.group() in self.common]
        return common[-1].end() if common else first

    def _clause_start(self, at: int) -> int:
        breaks = [match.end() for match in _BREAK.finditer(self.folded, 0, at) if not self._abbreviates(match)]
        claims = [last for _, last in self.said.claimed if last <= at]
        return max([0, *breaks, *claims])

    def _abbreviates(self, match: re.Match[str]) -> bool:
        """Whether a full stop belongs to a title or an initial: "Dr.", "J. R."."""
        if match.group() != ".":
            return False
        word = re.search(rf"{LETTER}+$", self.folded[max(0, match.start() - 12) : match.start()])
        return word is not None and (
            (word.group() in self.rules.titles and word.group() not in self.rules.own)
            or (len(word.group()) == 1 and self.said.is_upper(match.start() - 1))
        )

    def alone(self, *, asked: bool, only: bool, identified: bool) -> list[tuple[int, int]]:
        """Clauses that are a name and nothing else."""
        clauses = self._clauses()
        found = []
        for at, (first, last) in enumerate(clauses):
            start = self._trim_leads(first, last)
            end = self._trim_trails(start, last)
            town = self.rules.origins.search(self.folded, start, end)
            end = town.start() if town and not asked else end
            name = self.sequence(start, end)
            if name is None or self.folded[name.end : end].strip(" .,'-") or self._is_thing(name):
                continue
            if self.rules.other_persons.search(self.folded[max(0, first - 24) : first]) or self._asks(
                name, first, last
            ):
                continue
            cased = self.said.has_case(name.start)
            edge = at in {0, len(clauses) - 1} or identified
            many = name.words >= 2 or name.titled
            if asked:
                sure = many or name.given or (cased and name.capital) or only
                whole = name.start <= start and len(clauses) == 1
                again = at > 0 and self.folded[name.start : name.end].startswith(self._clause(clauses[at - 1]))
                lower = self.lower and many and (only or identified or again) and not self._has_common(name)
                plausible = name.capital or name.given or whole or lower if cased else many or only or name.given
                accepted = sure and plausible and name.words <= 6 and (many or only or at in {0, len(clauses) - 1})
            elif cased:
                known = name.given or name.titled
                accepted = name.capital and many and ((identified and edge) or (known and edge and len(clauses) > 1))
                accepted = accepted or (at == len(clauses) - 1 and self._signs(name, first))
                accepted = accepted or self._introduces(name, clauses, at, town=town is not None)
                accepted = accepted or self._beside_identity(name, first, last)
            else:
                accepted = many and name.words <= 4 and identified
            if accepted:
                found.append((name.start, name.end))
        return found

    def _introduces(self, name: Name, clauses: list[tuple[int, int]], at: int, *, town: bool) -> bool:
        """Whether a name and a town are said first, or behind a greeting: "Hello, Leo Hartmann, from Leeds"."""
        sure = name.capital and name.words <= _MAX_UNKNOWN and (name.given or not self.rules.nouns_are_capitals)
        words = set(self.folded[name.start : name.end].split()) - self.rules.particles
        if not sure or name.words < _MIN_WHOLE or words & self.common:
            return False
        before = NAME_WORD.findall(self.folded[: clauses[at][0]])
        end = clauses[at + 1][1] if at + 1 < len(clauses) else 0
        town = town or self.rules.origins.fullmatch(self.folded, name.end, max(end, name.end)) is not None
        return town and all(word in self.common for word in before) and len(before) <= _MAX_GREETING

    def _beside_identity(self, name: Name, first: int, last: int) -> bool:
        """Whether a name in lower case with a known given name is all that is said before or behind a number."""
        whole = self.lower and name.given and _MIN_WHOLE <= name.words <= _MAX_UNKNOWN and not self._has_common(name)
        return whole and any(end == first or start == last for start, end in self.identities)

    def _asks(self, name: Name, first: int, last: int) -> bool:
        """Whether unknown words in lower case are a question, or behind "it's": "c'est réparé du coup ?"."""
        if name.given or name.titled or not self.said.has_case(name.start) or self.said.is_upper(name.start):
            return False
        pointed = self.rules.pointing.search(self.folded, first, name.start) is not None
        done = self.folded[name.start : name.end].split()[0].endswith(self.rules.participles)
        return (pointed and done) or self.folded[last:].lstrip(" ")[:1] == "?"

    def _clause(self, span: tuple[int, int]) -> str:
        """The words of a clause without what leads it, with the space behind them."""
        return self.folded[self._trim_leads(*span) : span[1]].strip() + " "

    def _clauses(self) -> list[tuple[int, int]]:
        marks = [(match.start(), match.end()) for match in _BREAK.finditer(self.folded) if not self._abbreviates(match)]
        marks += self.identities
        found = []
        at = 0
        for start, end in sorted(marks):
            if self.folded[at:start].strip():
                found.append((at, start))
            at = max(at, end)
        if self.folded[at:].strip():
            found.append((at, len(self.folded)))
        return found

    def _trim_leads(self, start: int, end: int) -> int:
        while start < end:
            match = re.compile(r"[ ,.:¿¡'\-]+").match(self.folded, start, end) or self.rules.leads.match(
                self.folded, start, end
            )
            if match is None or match.end() == start:
                break
            after = self.folded[match.end() : end].strip(" .,")
            if self.begins_name_at(start):
                break
            if not after or self.folded[start : match.end()].strip() in self.rules.titles:
                break
            start = match.end()
        return start

    def _trim_trails(self, start: int, end: int) -> int:
        spelling = self.rules.spelling.search(self.folded, start, end)
        end = spelling.start() if spelling else end
        joined = _AND.search(self.folded, start, end)
        if joined and self.rules.numbers.search(self.folded, joined.start(), end):
            end = joined.start()  # "Aaliyah Brooks and the account is"
        while (match := self.rules.trails.search(self.folded, start, end)) is not None:
            if self.ends_name(match):
                break
            end = match.start()
        return end
