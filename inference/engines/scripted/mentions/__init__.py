"""Mentions: values of an agent's fields that an utterance contains, with their place, format and field."""

from inference.engines.scripted.mentions.corrections import merge_correction
from inference.engines.scripted.mentions.dates import day_words, names_day
from inference.engines.scripted.mentions.edits import says_edit
from inference.engines.scripted.mentions.email_parts import Known
from inference.engines.scripted.mentions.finder import find_mentions, mask
from inference.engines.scripted.mentions.letter_changes import changed_name, find_letter_changes
from inference.engines.scripted.mentions.name_halves import half_of_name, with_half
from inference.engines.scripted.mentions.numerals import single_number
from inference.engines.scripted.mentions.own_names import is_own_name, last_name
from inference.engines.scripted.mentions.parts import correct_part
from inference.engines.scripted.mentions.spelling import spelled_words

__all__ = [
    "Known",
    "changed_name",
    "correct_part",
    "day_words",
    "find_letter_changes",
    "find_mentions",
    "half_of_name",
    "is_own_name",
    "last_name",
    "mask",
    "merge_correction",
    "names_day",
    "says_edit",
    "single_number",
    "spelled_words",
    "with_half",
]
