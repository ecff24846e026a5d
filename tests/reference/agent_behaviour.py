"""What a dialogue makes of an agent definition: the part of its reference page that is written by hand.

A test of ``tests/inference/engines/scripted/dialogue`` shows what is said here of fields.
"""

from __future__ import annotations

from collections.abc import Mapping

from db.agents.check import MAX_EXAMPLES, MAX_FIELDS, MAX_INTENTS, MAX_SCENARIOS
from inference.engines.scripted.dialogue.state import MAX_ASKED, MAX_UNFIT

#: Format -> what is understood, and what is stored.
FORMATS: Mapping[str, tuple[str, str]] = {
    "date": (
        "`31.12.2026`, the third of March, tomorrow, next Friday, in two weeks",
        "`2026-12-31`. A day without a year is the next one (behind *since*, the last one). `3/4/2026` in English says"
        " two days and stays as it was said; other languages name the day first",
    ),
    "time": (
        "`19:30`, half past seven, *halb acht*, seven in the evening",
        "`19:30`, of 24 hours. *Half seven* is 07:30 in English and *halb sieben* 06:30 in German; an hour up to twelve"
        " is of the evening only if that is said",
    ),
    "money": (
        "`$49.90`, forty-nine euros ninety",
        "`49.90 EUR`, in the currency that was said. Without a currency an amount is taken only where it was asked"
        " for, and stored without one: `49.90`",
    ),
    "number": ("digits and words, one by one or in groups", "the digits as text, leading zeros kept: `0042`"),
    "phone": ("digits and words, in groups", "as it was said or written"),
    "account_id": ("letters and digits, spelled out too", "letters, digits and hyphens: `PL7782`"),
    "email": ("written, or spoken with *at* and *dot*", "the address"),
    "person_name": ("also spelled out", "the name as it was said"),
    "postal_address": ("street, number, code, place", "the address as it was said"),
    "condition": (
        "when, or under which condition, it shall be done: *only at the end of the month*",
        "the customer's words. Without such a field they stand in `query`",
    ),
}

BEHAVIOUR = """## How a dialogue follows it

This is what the engine `scripted` does. Engines that take a prompt (`openai`) get the scenarios as tools, and the
record of every engine is checked against the schemas before it is stored.

### Asking

- First one of `one_of`, then the fields of `ask_for` in their order, then `required` fields that it has not. What was
  said early is not asked.
- Each is asked at most <asked> times, the second time with the reason. A customer who has not got it or will not say is
  not asked again.
- Then without a `required` field, or any of `one_of`, **nothing is filed**, and that is said. Any other field is left
  out and the rest is filed: also `name`, `phone` and `account_id`, which are never required. `require: all` asks for
  each of them that `ask_for` has; `any` is content with one.
- Without `name` in `ask_for` nobody asks for it; a name that is said is still on the record. So are all fields outside
  `ask_for` whose value is understood: by `format`, `values` or `phrases`. A text without a format and without `phrases`
  is only filled where it is asked for.

### What is understood

| `format` | said | stored |
|---|---|---|
<formats>

- Today is the server's (`TZ` of its process); words are read in the language of the message. Corrections compare values
  without case, spaces and separators.
- Of several fields of one format the one whose name (`names`) stands near the value gets it, else the one that was
  asked for.
- A field that several scenarios have is written in each. What customers say for it (`names`, `phrases`, `values`)
  counts for all of that name, so the later ones need only the `schema` and what is said: there is no list of shared
  fields.
- **`enum`**: the value, and the words under `values`, in the languages of the agent. The record has the value; the
  customer hears the first of the words in their language, in `{door}` too. Without words it is the value, with spaces
  for `_`.
- **`type: integer`, `number`**: stored as a number, so without leading zeros. For digits that count nothing (the last
  four of a card) write `{type: string, format: number, pattern: "^[0-9]{4}$"}`.
- `boolean`, lists and objects are for engines that take a prompt; use an `enum` of yes and no.
- **A text without a format**: the whole answer, up to 40 words, without marks at its ends. Behind a phrase, `off to
  {}`, it goes to the end of the sentence, or to a courtesy, a name or a number that follows (", please"), not to every
  comma. With words behind the braces, `the {} plan`, it is a name of up to four words.

### Limits

A value that breaks the schema (`minimum`, `maximum`, `pattern`, `maxLength`, `type: integer` ...) is not taken: the
customer is told ("I cannot take 50: the most is 20.") and asked again; the <unfit>rd such value counts as none. What a
`format` forbids is found when it is filed, and asked for once more.

### Confirming and correcting

- `confirm: true` reads back what is known and files after a clear yes. Another value in place of the yes, or a
  condition, is noted and read back; a no files nothing. Fields that the text of `confirm` does not name are read back
  before it, with `read_back`.
- `confirm: false` files as soon as nothing is left to ask. A request that the customer only seems to consider is read
  back even so.
- After filing, "sorry, the 24th" changes the newest record that has such a field, at once and without a yes; what
  changed is said, with the reference. Filed records are not taken back: a person is offered (`handover`).
- What an external `tool` was told is not changed.

### Numbers in texts

Texts have no plural forms: "{pieces} keys" is said of one, too. Write what fits any number: "number of keys: {pieces}".

## Limits of a definition

<intents> intents, <examples> examples, <scenarios> scenarios of <fields> fields; a text has 500 characters, the file a
megabyte without its knowledge. In a list in brackets a comma separates: `[Hello, there]` is two texts, of which
`voxloom agents check` and publishing warn where they notice. Quote a text that has a comma.
"""


def behaviour() -> str:
    """The part of the page, with the figures of the code."""
    figures = {
        "formats": "\n".join(f"| `{name}` | {said} | {stored} |" for name, (said, stored) in FORMATS.items()),
        "asked": MAX_ASKED,
        "unfit": MAX_UNFIT,
        "intents": MAX_INTENTS,
        "examples": MAX_EXAMPLES,
        "scenarios": MAX_SCENARIOS,
        "fields": MAX_FIELDS,
    }
    text = BEHAVIOUR
    for name, figure in figures.items():
        text = text.replace(f"<{name}>", str(figure))
    return text
