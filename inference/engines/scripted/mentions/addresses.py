"""Postal addresses: behind a cue ("my new address is"), by a street's shape, or as the answer to a question."""

from __future__ import annotations

import re
from dataclasses import replace

from inference.engines.scripted.mentions.address_words import AddressWords, address_words
from inference.engines.scripted.mentions.fields import Fields
from inference.engines.scripted.mentions.names import NameRules, name_rules
from inference.engines.scripted.mentions.numbers import is_number
from inference.engines.scripted.mentions.numerals import find_numerals
from inference.engines.scripted.mentions.text import LETTER, Utterance, fold
from inference.engines.scripted.values import Expectation, Mention

_MAX_PARTS = 5
_MAX_CHARS = 160
_MAX_STREET_WORDS = 7
#: More places where the new one of two streets may begin are not looked at.
_MAX_STREETS = 12
_NEAR_STREET = 40
#: Most words of the name of a house.
_MAX_NAME_WORDS = 4
_NAMED_HOUSE = re.compile(r"(?:The|Le|La|Les|El|Los|Las) [A-ZÀ-Þ]")
_HOUSE_FIRST = re.compile(r"\d{1,5}[a-zA-Z]? (?:[A-ZÀ-Þ][\w'’\-]+ ?){1,4}$")
#: Most characters between a street and its town: "Goethestr. 8a umgezogen, 53111 Bonn".
_NEAR_TOWN = 20
#: So many digits in a part without a street are no house number.
_PHONE_DIGITS = 8
_AND = re.compile(r"[ ,]+(?:and|und|y|e|et|aur|और|اور) (?P<next>[^\s,.;]+)")
_STOP = re.compile(r",|;|\n|[.?!](?=\s|$)| - |\(|\)")
_ABBREVIATED = re.compile(
    r"(?:^|[ ,.])(?:st|str|ave|av|rd|ln|apt|no|nr|dr|blvd|bd|pl|pza|ste|avda|cl|whg|izda|dcha|izq|esc|bldg|fl|appt|bat"
    r"|[a-z])$|str$"
)
#: "2. OG", "3. Stock"
_ORDINAL = re.compile(r"(?<!\d)\d{1,2}$")
_FLOOR = re.compile(r" (?:og|ug|stock|stockwerk|etage|obergeschoss|aufgang|hinterhaus|hof)(?!\w)")
_WORDS = re.compile(rf"{LETTER}+(?:['\-]{LETTER}+)*")
#: So many digits in a row are no house number and post code.
_PHONE = re.compile(r"\d(?:[ \-]?\d){6}")
#: A house number that is said once more behind the street: "15, calle del Olmo 15".
_TWICE = re.compile(r"^(\d{1,5}), (?=\D* \1(?!\w))")
_SHORT_PART = re.compile(r"\d{1,3} ?[a-z]{0,2}(?: [a-z])?|[a-z] ?\d{0,3}")
_TOWN = re.compile(
    r"(?:[a-z]{1,3}[ -]?)?\d{4,6}\b.{0,40}|.{2,40} \d{4,6}"
    r"|(?:.{2,30} )?(?:[a-z]{1,2}\d[a-z\d]? ?\d[a-z]{2}|[a-z]\d[a-z] ?\d[a-z]\d)"  # British and Canadian codes
)


def find_addresses(said: Utterance, language: str, fields: Fields, expected: Expectation) -> list[Mention]:
    """The postal addresses as said, house numbers in digits. Without a cue in the utterance an address has no field."""
    words, rules = address_words(language), name_rules(language)
    starts: list[tuple[int, str]] = []
    for cue in words.cues.finditer(said.folded):
        skipped = words.skips.match(said.folded, cue.end())
        starts.append((skipped.end() if skipped else cue.end(), "cue"))
    cued = bool(starts)
    for shape in words.shapes:
        starts += [
            (_skip_articles(said, match.start(), words), "shape")
            for match in shape.finditer(said.folded)
            if _is_plain(said, match, words, rules) and not is_number(said.folded, match.start(), language)
        ]
    old = _left(said, words)
    starts = [each for each in starts if not any(first <= each[0] < last for first, last in old)]
    starts += [(last, "shape") for _, last in old]
    cued = cued or bool(old)
    asked = "postal_address" in fields.asked(expected)
    if asked:
        starts.append((_lead(said, rules, words), "asked"))
    found: list[Mention] = []
    for start, how in sorted(starts, key=lambda each: (each[0], each[1] == "asked")):
        if how == "asked" and _is_other_number(said.folded, start, words, language):
            continue
        end = _extent(said, start, words, rules, asked=how == "asked")
        if end is None or not said.is_free(start, end):
            continue
        value = _TWICE.sub("", _value(said, start, end, language))
        said.claim(start, end)
        field = fields.assign("postal_address", said.folded, start, end, expected)
        mention = Mention("postal_address", value, *said.span(start, end), field if cued or asked else None)
        last = found[-1] if found else None
        if last and _TOWN.fullmatch(fold(value)) and mention.start - last.end <= _NEAR_TOWN:
            found[-1] = replace(last, value=f"{last.value}, {value}", end=mention.end)
        else:
            found.append(mention)
    return found


def _is_other_number(folded: str, start: int, words: AddressWords, language: str) -> bool:
    """Whether an answer gives a phone number or the like: "the new number is 98110 45632"."""
    digits = re.compile(r"[^\d.!?]*").match(folded, start)
    if digits is None or words.street.search(digits.group()):
        return False
    return _PHONE.match(folded, digits.end()) is not None or is_number(folded, digits.end(), language)


def _left(said: Utterance, words: AddressWords) -> list[tuple[int, int]]:
    """The spans from a street that is left up to the new one: "from 3 Elm Court to | 19 Birch Road"."""
    folded = said.folded
    for move in list(words.moves.finditer(folded))[:_MAX_STREETS]:
        before, at = max(0, move.start() - _NEAR_STREET), move.end()
        left = next((match for shape in words.shapes if (match := shape.search(folded, before, move.start()))), None)
        if left and any(shape.match(folded, at) for shape in words.shapes):
            return [(max(0, left.start() - 16), at)]
    return []


def _skip_articles(said: Utterance, start: int, words: AddressWords) -> int:
    """Skips small words such as "in der" that a street's shape may begin with."""
    skipped = words.skips.match(said.folded, start)
    small = said.has_case(start) and not said.is_upper(start)
    return skipped.end() if small and skipped else start


def _is_plain(said: Utterance, match: re.Match[str], words: AddressWords, rules: NameRules) -> bool:
    """Whether the words of a street are no others: not "3 routers on this road"."""
    if not match.group()[0].isdigit():
        return True
    inner = list(_WORDS.finditer(said.folded, match.start(), match.end()))[1:-1]
    small = [each.group() for each in inner if not said.is_upper(each.start()) and said.has_case(each.start())]
    streets = [each for each in small if words.street.fullmatch(each)]
    return bool(streets) or not any(each in rules.own for each in small)


def _lead(said: Utterance, rules: NameRules, words: AddressWords) -> int:
    """Where an answer begins, behind "yes, it's" and the like."""
    at = 0
    folded = said.folded
    while True:
        if words.loose.match(folded, at) or _NAMED_HOUSE.match(said.text, said.span(at, len(folded))[0]):
            return at  # "Unter den Linden 77", "The Old Rectory"
        match = (
            re.compile(r"[ ,.:!;\-]+").match(folded, at)
            or rules.leads.match(folded, at)
            or words.skips.match(folded, at)
        )
        if match is None or match.end() == at:
            return at
        at = match.end()


def _extent(said: Utterance, start: int, words: AddressWords, rules: NameRules, *, asked: bool) -> int | None:
    """Where the address ends that begins at ``start``; None if there is none."""
    folded = said.folded
    end = start
    at = start
    for part in range(_MAX_PARTS):
        first = words.house_first.match(folded, at) if part == 0 else None
        stop = _part_end(folded, first.end() if first else at)
        cut = words.ends.search(folded, at, min(stop, start + _MAX_CHARS))
        close = min(cut.start() if cut else stop, _joined_clause(said, at, stop, words, rules))
        close = min([close, *(first for first, last in said.claimed if at <= first < close)])
        piece = folded[at:close].strip()
        if part == 0 and words.cues.search(folded, at, close):
            return None  # the address begins behind the last cue
        if part == 0:
            named = asked and not _is_street(said, at, close, words, asked=asked)
            if named and not _street_follows(said, at, close, words):
                return None
            if not named and not _is_street(said, at, close, words, asked=asked):
                return None
            close = close if named else _street_end(said, at, close, words, rules)
        elif not piece or not _is_part(said, at, close, words, rules):
            streets = words.street.search(piece) or (asked and _HOUSE_FIRST.match(said.said(at, close)))
            inner = (asked or words.street.search(folded, start, end) is None) and streets
            if not inner or not (piece[0].isdigit() or asked) or len(piece.split()) > _MAX_STREET_WORDS:
                break
        end = close
        if close < stop or stop >= len(folded) or folded[stop] != ",":
            break
        at = stop + 1
    while True:
        while end > start and folded[end - 1] in " ,.-:":
            end -= 1
        joint = words.joints.search(folded, start, end)
        if joint is None:
            break
        end = joint.start()
    return end if end - start >= 4 else None


def _joined_clause(said: Utterance, at: int, stop: int, words: AddressWords, rules: NameRules) -> int:
    """Where "and" begins something else than a part of an address: "Salamanca y | me llamo"."""
    lower = said.text == said.text.lower()
    for match in _AND.finditer(said.folded, at, stop):
        word = match["next"]
        small = said.has_case(match.start("next")) and not said.is_upper(match.start("next")) and not lower
        number = (
            word[0].isdigit()
            or words.numbers.fullmatch(word)
            or words.street.fullmatch(word)
            or words.parts.fullmatch(word)
        )
        uncased = not said.has_case(match.start("next"))
        if not number and (small or uncased or word in rules.own):
            return match.start()
    return stop


def _street_end(said: Utterance, start: int, close: int, words: AddressWords, rules: NameRules) -> int:
    """Where a street and what follows it in its clause end: "12 Rose Lane NW in Leeds | was closed"."""
    bodies = [
        match.end() for shape in (*words.shapes, words.loose) if (match := shape.match(said.folded, start, close))
    ]
    if not bodies:
        return close
    at = max(bodies)
    small = not any(said.is_upper(place) for place in range(start, at))
    named = False
    while token := re.compile(r"[ .]{0,2}([^\s,]+)").match(said.folded, at, close):
        word, place = token[1].strip("."), token.start(1)
        following = re.compile(r" ([^\s,]+)").match(said.folded, token.end(), close)
        capital = said.is_upper(place) or word[:1].isdigit() or words.parts.fullmatch(word) is not None
        town = following and (said.is_upper(following.start(1)) or (small and following[1] in words.places))
        joins = following and ((word in words.joint_words and town) or (small and named and word in rules.particles))
        plain = (small or not said.has_case(place)) and word not in rules.own and word not in rules.stops
        if not (capital or joins or plain):
            break
        named = words.parts.fullmatch(word) is not None or (named and word in rules.particles)  # "colonia del | valle"
        at = token.end()
    return at


def _street_follows(said: Utterance, start: int, end: int, words: AddressWords) -> bool:
    """Whether an answer begins with the name or the code of a house and goes on with a street or a town."""
    piece = said.folded[start:end].strip()
    code = re.fullmatch(r"[a-z]{1,2}[ \-]?\d{1,4}[a-z]?", piece) is not None
    if said.folded[end : end + 1] != "," or not 0 < len(piece.split()) <= _MAX_NAME_WORDS:
        return False
    if said.has_case(start) and not said.is_upper(start):
        return False
    rest = said.folded[end + 1 : end + 1 + _MAX_CHARS]
    digits = re.search(r"\d", rest) is not None
    return (code or digits) and (words.street.search(rest) is not None or _TOWN.search(rest.split(",")[0]) is not None)


def _part_end(folded: str, at: int) -> int:
    for match in _STOP.finditer(folded, at):
        if match.group() == "." and _ABBREVIATED.search(folded[max(0, match.start() - 6) : match.start()]):
            continue
        if match.group() == "." and _ORDINAL.search(folded, 0, match.start()) and _FLOOR.match(folded, match.end()):
            continue
        return match.start()
    return len(folded)


def _is_street(said: Utterance, start: int, end: int, words: AddressWords, *, asked: bool) -> bool:
    """Whether a part holds a street and number, or as an answer at least one of them."""
    piece = said.folded[start:end].strip()
    tokens = piece.split()
    if not tokens or len(tokens) > 12:
        return False
    number = re.search(r"\d", piece) is not None or any(each.match(said.folded, start, end) for each in words.shapes)
    street = words.street.search(piece) is not None or words.parts.search(piece) is not None
    if number and street:
        return True
    capital = said.is_upper(start) or not said.has_case(start) or tokens[0][0].isdigit()
    later = re.search(r"\d", said.folded[end : end + 40]) is not None
    if asked and street is False and sum(map(str.isdigit, piece)) >= _PHONE_DIGITS and "," not in piece:
        return False  # a telephone number
    if asked:
        return (number and capital and len(tokens) >= 2 and re.search(r"[^\W\d_]{2}", piece) is not None) or street
    return (capital and len(tokens) >= 2 and (number or street) and len(tokens) <= 8) or (street and later)


def _is_part(said: Utterance, start: int, end: int, words: AddressWords, rules: NameRules) -> bool:
    """Whether a part behind a comma still belongs to the address: flat, ZIP code, town, country."""
    while start < end and said.folded[start] == " ":
        start += 1
    piece = said.folded[start:end].strip()
    tokens = _WORDS.findall(piece)
    if not tokens or len(tokens) > 6 or rules.cues.search(piece):
        return False
    if _SHORT_PART.fullmatch(piece) or words.parts.search(piece) or piece in words.places:
        return True
    if tokens[0] in rules.titles:
        return False
    if _TOWN.fullmatch(piece) and len(tokens) <= 5:
        return True
    if re.search(r"\d", piece) or len(tokens) > 3:
        return False
    if len(tokens) > 1 and tokens[0] in rules.given:
        return False
    plain = not any(token in rules.common or token in rules.stops for token in tokens)
    return plain and (said.is_upper(start) or not said.has_case(start) or said.folded == said.text)


def _value(said: Utterance, start: int, end: int, language: str) -> str:
    """The address as said; a house number in words as digits."""
    pieces: list[str] = []
    at = start
    for numeral in find_numerals(said.folded[start:end], language):
        first, last = start + numeral.start, start + numeral.end
        edge = first == start or last == end or said.folded[last] in ",;" or numeral.digits > "9"
        edge = edge or address_words(language).parts.match(said.folded, last + 1) is not None
        part = address_words(language).parts.search(said.folded[max(start, first - 16) : first].rstrip())
        beside = part is not None and said.folded[max(start, first - 16) : first].rstrip().endswith(part.group())
        if numeral.spoken and ((not numeral.weak and edge) or beside):
            pieces += [said.said(at, first), numeral.digits]
            at = last
    pieces.append(said.said(at, end))
    return re.sub(r" ,", ",", " ".join(piece for piece in pieces if piece))
