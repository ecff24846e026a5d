"""Cutting of knowledge into passages."""

from __future__ import annotations

import pytest

from inference.knowledge.passages import MAX_PASSAGES, NoPassages, cut
from tests.waiting import bounded_work

_TEXT = """# House rules

Welcome. We are open all year.

## Dogs
- Dogs are welcome on the terrace.
- They may not enter the hall.

Paying
------
Cards are taken! Are vouchers? Yes, for 3.5 years.
This line goes on.

```
# not a heading
```
"""


def test_sections_keep_their_headings_and_sentences_stay_whole() -> None:
    found = cut(_TEXT)
    assert [(each.heading, each.sentences) for each in found] == [
        ("House rules", ("Welcome.", "We are open all year.")),
        ("House rules > Dogs", ("- Dogs are welcome on the terrace.", "- They may not enter the hall.")),
        (
            "House rules > Paying",
            ("Cards are taken!", "Are vouchers?", "Yes, for 3.5 years.", "This line goes on.", "# not a heading"),
        ),
    ]
    assert found[0].embedded == ("House rules: Welcome. We are open all year.",), "a short one is joined with the next"
    assert found[1].embedded[0] == "Dogs: - Dogs are welcome on the terrace."


def test_a_long_section_is_cut_between_sentences() -> None:
    sentence = "Every word of this sentence counts as one of the words of its passage."
    found = cut(f"# A\n{' '.join([sentence] * 40)}")
    assert len(found) > 3
    assert all(80 <= len(each.text.split()) <= 120 for each in found[:-1])
    assert all(each.text.endswith("passage.") and each.heading == "A" for each in found)


def test_texts_of_other_scripts_are_cut_too() -> None:
    hindi = "कुत्ते छत पर आ सकते हैं। हॉल में नहीं।" * 30
    japanese = "犬はテラスに入れます。ホールには入れません。" * 60
    for text in (hindi, japanese):
        found = cut(text)
        assert len(found) > 1
        assert all(each.text[-1] in "।。" for each in found)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\t\n",
        "# \n## \n###### x",
        "\n".join(f"# Heading {n}" for n in range(5_000)),
        "# " * 100_000,
        "a" * 1_000_000,
        "a " * 500_000,
        "." * 1_000_000,
        "\n" * 1_000_000,
        "```\n" * 100_000,
        "-" * 1_000_000,
        "x\n-\n" * 250_000,
        "\u202e\u0000 \ud83d" * 1_000,
        "| a | b |\n" * 3_000,
    ],
    ids=range(14),
)
def test_what_is_no_text_is_cut_in_a_moment_or_refused(text: str) -> None:
    with bounded_work():
        try:
            found = cut(text)
        except NoPassages:
            found = []
    assert len(found) <= MAX_PASSAGES
    assert all(len(each.heading) <= 400 for each in found)
    assert all(len(sentence) <= 1_200 for each in found for sentence in each.sentences)
    if not text.strip(" \n\t#"):
        assert found == []
