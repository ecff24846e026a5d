"""What names look like in a language: cues, titles, particles, words that are nobody's name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from inference.engines.scripted.lexicon import LANGUAGES
from inference.engines.scripted.mentions.text import LEFT, RIGHT, fold
from inference.engines.scripted.mentions.words import alternation, known_names, languages_of, mention_words

#: Letters of a title that may be another word and needs its capital: "Me Dupont".
_SHORT_TITLE = 2


@dataclass(frozen=True, slots=True)
class NameRules:
    """Patterns and sets of folded words. ``given``: given names of all languages. ``common``: words of all languages
    that are nobody's name; ``own``: those of the language itself. ``stops``: words at which a name ends.
    """

    cues: re.Pattern[str]
    bare_cues: re.Pattern[str]
    weak_cues: re.Pattern[str]
    tails: re.Pattern[str]
    not_mine: re.Pattern[str]
    whom: re.Pattern[str]
    leads: re.Pattern[str]
    trails: re.Pattern[str]
    spelling: re.Pattern[str]
    pointing: re.Pattern[str]
    impersonal: re.Pattern[str]
    holders: re.Pattern[str]
    origins: re.Pattern[str]
    other_persons: re.Pattern[str]
    endings: tuple[str, ...]
    participles: tuple[str, ...]
    titles: frozenset[str]
    cased_titles: frozenset[str]
    suffixes: frozenset[str]
    particles: frozenset[str]
    given: frozenset[str]
    common: frozenset[str]
    own: frozenset[str]
    stops: frozenset[str]
    places: frozenset[str]
    days: frozenset[str]
    nouns_are_capitals: bool
    numbers: re.Pattern[str]
    goes_on: re.Pattern[str]


@cache
def name_rules(language: str) -> NameRules:
    """The rules of a language, and of those that its speakers mix in. Cues of all languages count."""
    own = [mention_words(each) for each in languages_of(language)]
    every = [mention_words(each) for each in LANGUAGES]
    known = [known_names(each) for each in LANGUAGES]
    numbers = [word for each in own for word in (*each.numbers.account, *each.numbers.phone)]
    days = [word for each in every for words in (*each.dates.months, *each.dates.weekdays) for word in words]
    relative = [word for each in every for word in each.dates.relative]
    given = frozenset(fold(word) for each in known for word in each.given.split())
    common = {fold(word) for each in known for word in each.common.split()}
    spoken_words = {fold(word) for each in languages_of(language) for word in known_names(each).common.split()}
    mine = set(spoken_words)
    units = [part for each in own for word in each.numbers.units for part in word.split()]
    mine |= {fold(word) for word in (*days, *relative, *units)}
    spoken = [word for each in own for word in (*each.names.leads, *each.names.trails, *each.names.cues, *numbers)]
    mine |= {fold(part) for word in spoken for part in word.split()} - given
    common |= mine
    places = frozenset(fold(place) for each in every for place in each.places.places)

    titles = {fold(word) for each in own for word in each.names.titles}
    particles = {fold(word) for each in known for word in each.particles.split()} - mine
    particles |= {fold(word) for each in languages_of(language) for word in known_names(each).particles.split()}

    def either(items: list[str], end: str = RIGHT) -> re.Pattern[str]:
        return re.compile(f"{LEFT}{alternation(items)}{end}")

    leads = [word for each in every for word in each.names.leads]
    tails = alternation(word for each in own for word in each.names.tails)
    trails = [word for each in every for word in each.names.trails]
    return NameRules(
        cues=either([word for each in every for word in each.names.cues], f"(?:{RIGHT}|(?<=[:']))"),
        bare_cues=either([word for each in own for word in each.names.bare_cues]),
        weak_cues=either([word for each in own for word in each.names.weak_cues], f"(?:{RIGHT}|(?<='))"),
        tails=re.compile(f"[ ,]*{LEFT}(?<!['-]){tails}{RIGHT}"),
        not_mine=re.compile(
            f"{LEFT}{alternation(word for each in own for word in each.names.not_mine)}(?: [^\\s,.]+)? $"
        ),
        whom=either([word for each in own for word in each.names.whom]),
        pointing=either([word for each in own for word in each.names.pointing_cues], f"(?:{RIGHT}|(?<='))"),
        impersonal=either([word for each in own for word in each.names.impersonal_cues], f"(?:{RIGHT}|(?<='))"),
        holders=re.compile(
            f"{alternation(word for each in own for word in each.names.mine)}"
            f" {alternation(word for each in own for word in each.names.other_persons)}(?:'s name|e?s|e?n)?{RIGHT}"
        ),
        origins=re.compile(
            f"{alternation(word for each in own for word in each.names.origins)}(?: |(?<='))"
            r"[^\W\d_]+(?:[ -][^\W\d_]+){0,2}[ .,;!]*$"
        ),
        other_persons=re.compile(
            f"{LEFT}{alternation(word for each in own for word in each.names.other_persons)}(?: \\w{{1,3}})? ?,? ?$"
        ),
        endings=tuple(fold(word) for each in own for word in each.names.endings),
        participles=tuple(fold(word) for each in own for word in each.names.participles),
        leads=either(leads, f"(?:{RIGHT}|(?<='))"),
        trails=re.compile(f"[ ,]+{alternation([*trails, *numbers])}[ ,.]*$"),
        spelling=re.compile(
            f" {alternation(word for each in own for word in each.names.with_letters)}(?: [^ ,]+){{1,4}}[ .]*$"
        ),
        titles=frozenset({fold(word) for each in every for word in each.names.titles} - (mine - titles)) | titles,
        cased_titles=frozenset(word for word in titles & spoken_words if len(word) <= _SHORT_TITLE),
        suffixes=frozenset(fold(word) for each in every for word in each.names.suffixes),
        particles=frozenset(particles),
        given=given,
        common=frozenset(common),
        own=frozenset(mine),
        stops=frozenset(
            {
                fold(part)
                for each in own
                for word in (*each.names.tails, *each.names.trails, *numbers)
                for part in word.split()
            }
            | {fold(word) for each in own for word in each.places.ends if " " not in word}
        ),
        places=places,
        days=frozenset(fold(word) for word in (*days, *relative)),
        nouns_are_capitals=language == "de",
        numbers=either(numbers),
        goes_on=re.compile(
            f"[ ,]+{alternation([*numbers, *(word for each in own for word in each.names.callers)])}{RIGHT}"
        ),
    )


def written(name: str, rules: NameRules) -> str:
    """A name with capital letters, if it has none or nothing else."""
    if name.islower() or (name.isupper() and len(name) > 4):
        words = name.lower().split()
        return " ".join(
            word if at and word in rules.particles else word.title().replace("'S", "'s")
            for at, word in enumerate(words)
        )
    return name
