"""Hostile requests (denial of service): each must be refused with a code, cheaply, without harm to others."""

from __future__ import annotations

import json
from dataclasses import dataclass

COMPLEX, BAD = "QUERY_TOO_COMPLEX", "BAD_USER_INPUT"


@dataclass(frozen=True, slots=True)
class Hostile:
    """A request's body, and the code that it is answered with. ``raw``: it is no JSON, so no websocket's message."""

    body: str
    code: str
    raw: bool = False


def _document(text: str, code: str = COMPLEX, name: str | None = None) -> Hostile:
    return Hostile(json.dumps({"query": text, "operationName": name}), code)


def _with(variables: str, text: str = "query($a: JSON) { viewer { tenant } }") -> Hostile:
    return Hostile(f'{{"query": {json.dumps(text)}, "variables": {variables}}}', BAD)


def _chain(length: int, inner: str, last: str) -> str:
    """Fragments on Query, each with ``inner`` in which NEXT is the next one's spread."""
    links = (f"fragment f{n} on Query {{ {inner.replace('NEXT', f'...f{n + 1}')} }}" for n in range(length))
    return "{ ...f0 } " + " ".join(links) + f" fragment f{length} on Query {{ {last} }}"


def _find(selection: str, code: str = COMPLEX) -> Hostile:
    return _document(f'{{ session(id: "x") {{ {selection} }} }}', code)


_CALLS = "{ modelCalls { id } }"
_VIEWER = "viewer { tenant }"
_CREATE = 'mutation { createSession(input: {customerId: "c", metadata: VALUE}) { session { id } } }'
_LOOP = "messages { turn { session { " * 4 + "id" + " } } }" * 4

HOSTILE: dict[str, Hostile] = {
    "braces without end": _document("{" * 90_000),
    "fields too deep": _document("{ a" * 3_000 + "}" * 3_000),
    "deep": _find("turns { session { " * 6 + "id" + " } }" * 6),
    "round in circles": _find(_LOOP),
    "pages of lists": _document(
        "{ " + "".join(f"a{n}: sessions(first: 100) {{ nodes {{ turns {_CALLS} }} }} " for n in range(6)) + "}"
    ),
    "wide": _find(" ".join(f"id{n}" for n in range(10_000))),
    "10,000 aliases": _document("{ " + " ".join(f"a{n}: {_VIEWER}" for n in range(10_000)) + " }"),
    "600 aliases": _document("{ viewer { " + " ".join(f"a{n}: tenant" for n in range(600)) + " } }"),
    "many fields at the top": _document("{ " + f"{_VIEWER} " * 300 + "}"),
    "many unknown fields": _find(" ".join(f"custmerId{n}" for n in range(900)), BAD),
    "the same field over and over": _find("id " * 950),
    "fields that overlap": _find("turns { reply { id } userMessage { id } } " * 110),
    "fields that overlap in fragments": _document(
        '{ session(id: "x") { ...f ...g } } '
        + "".join(f"fragment {f} on Session {{ {'turns { reply { id } } ' * 90} }} " for f in "fg")
    ),
    "a fragment that contains itself": _document("{ ...f } fragment f on Query { ...f }", BAD),
    "fragments in a circle": _document(
        "{ ...f0 } " + " ".join(f"fragment f{n} on Query {{ ...f{(n + 1) % 200} }}" for n in range(200)), BAD
    ),
    "a circle that nobody enters": _document(
        "{ viewer { tenant } } fragment f on Viewer { ...g } fragment g on Viewer { ...f }", BAD
    ),
    "a fragment bomb": _document(_chain(150, "NEXT NEXT", _VIEWER)),
    "a fragment bomb of aliases": _document(_chain(60, "a: viewer { keyId } NEXT b: viewer { keyId } NEXT", _VIEWER)),
    "a long chain of fragments": _document(_chain(150, f"{_VIEWER} NEXT", _VIEWER)),
    "two fragments of one name": _document("{ ...f } fragment f on Query { a } fragment f on Query { b }", BAD),
    "operations that share a chain": _document(
        " ".join(f"query q{n} {{ ...f0 }}" for n in range(100)) + _chain(150, "NEXT", _VIEWER)[10:],
        name="q7",
    ),
    "many operations": _document(" ".join(f"query q{n} {{ {_VIEWER} }}" for n in range(2_000))),
    "200 operations": _document(" ".join(f"query q{n} {{ {_VIEWER} }}" for n in range(200)), name="q9"),
    "operations, none named": _document(" ".join(f"query q{n} {{ {_VIEWER} }}" for n in range(40)), BAD),
    "10,000 directives": _document("{ viewer { tenant " + "@include(if: true) " * 10_000 + "} }"),
    "300 unknown directives": _document("{ viewer { tenant " + "@nope " * 300 + "} }", BAD),
    "10,000 variables": _document("query(" + " ".join(f"$v{n}: Int" for n in range(10_000)) + f") {{ {_VIEWER} }}"),
    "400 unused variables": _document(
        "query(" + " ".join(f"$v{n}: Int" for n in range(400)) + f") {{ {_VIEWER} }}", BAD
    ),
    "a huge text": _document(_CREATE.replace("VALUE", '{a: "' + "x" * 1_000_000 + '"}')),
    "a huge block of text": _document(_CREATE.replace("VALUE", '{a: """' + "\n x" * 100_000 + '"""}')),
    "a text without end": _document('{ a(b: """' + '\\"""' * 20_000, BAD),
    "quotes": _document('"' * 90_000),
    "a huge number": _document(f"{{ sessions(first: {'9' * 90_000}) {{ nodes {{ id }} }} }}", BAD),
    "a huge list": _document(_CREATE.replace("VALUE", "{a: [" + "1 " * 40_000 + "]}")),
    "a deep value": _document(_CREATE.replace("VALUE", "{a: " + "[" * 2_000 + "]" * 2_000 + "}")),
    "a huge name": _document("{ " + "a" * 90_000 + " }", BAD),
    "a huge comment": _document("{ viewer { tenant } nope } #" + "x" * 1_000_000),
    "90,000 comments": _document("#\n" * 45_000 + "{ viewer { tenant } }"),
    "blanks": _document("{" + " \t\ufeff" * 200_000 + "viewer { tenant } }"),
    "blanks that cannot be parsed in slices": _document("{" + " \t\ufeff" * 500_000 + "viewer { tenant } }", BAD),
    "commas": _document("{" + "," * 500_000 + "viewer { tenant } }", BAD),
    "four bytes a character": _document("{ viewer { tenant } } #" + "\U0001f600" * 30_000),
    "half a character": _document("{ viewer { \ud800 } }", BAD),
    "signs that look like spaces": _document("{\u00a0viewer\u2003{ tenant } }", BAD),
    "letters that look like others": _document("{ vi\u0435wer { tenant } }", BAD),
    "text that turns round": _document("{ viewer { \u202etnanet\u202c } }", BAD),
    "NUL": _document("{ viewer { \0 } }", BAD),
    "introspection in circles": _document(
        "{ __schema { types " + "{ fields { type " * 6 + "{ name }" + " } }" * 6 + " } }", BAD
    ),
    "introspection many times": _document(
        "{ __schema { " + " ".join(f"t{n}: types {{ fields {{ name }} }}" for n in range(90)) + " } }"
    ),
    "introspection under many names": _document(
        "{ " + " ".join(f"s{n}: __schema {{ types {{ name }} }}" for n in range(19)) + " }"
    ),
    "deep variables": _with('{"a": ' + "[" * 90_000 + "]" * 90_000 + "}"),
    "deep objects as variables": _with('{"a": ' + '{"a": ' * 20_000 + "1" + "}" * 20_000 + "}"),
    "deep variables, just readable": _with('{"a": ' + "[" * 33 + "]" * 33 + "}"),
    "1,000,000 values": _with('{"a": [' + "1," * 1_000_000 + "1]}"),
    "100,000 variables given": _with("{" + ",".join(f'"v{n}": 1' for n in range(100_000)) + "}"),
    "a huge number as variable": _with('{"a": ' + "9" * 1_000_000 + "}"),
    "a page of 10^30": _with(
        '{"n": 1' + "0" * 30 + "}", "query($n: Int!) { sessions(first: $n) { nodes { id } } }"
    ),
    "only brackets": Hostile("[" * 1_000_000, BAD, raw=True),
    "only quotes": Hostile('"' * 1_000_000, BAD, raw=True),
    "a batch": Hostile(json.dumps([{"query": f"{{ {_VIEWER} }}"}] * 1_000), BAD, raw=True),
}  # fmt: skip
