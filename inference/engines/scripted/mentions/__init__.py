"""Mentions: values of an agent's fields that an utterance contains, with their place, format and field."""

from inference.engines.scripted.mentions.choices import is_plain_answer
from inference.engines.scripted.mentions.codes import codes_in, is_code, joined_code
from inference.engines.scripted.mentions.corrections import merge_correction
from inference.engines.scripted.mentions.dates import day_words, names_day
from inference.engines.scripted.mentions.edits import says_edit
from inference.engines.scripted.mentions.email_parts import Known
from inference.engines.scripted.mentions.fields import choices_of, read_as_format
from inference.engines.scripted.mentions.finder import find_mentions, mask, without_name
from inference.engines.scripted.mentions.letter_changes import changed_name, find_letter_changes
from inference.engines.scripted.mentions.name_halves import half_of_name, with_half
from inference.engines.scripted.mentions.numerals import only_number, single_number
from inference.engines.scripted.mentions.own_names import is_own_name, last_name
from inference.engines.scripted.mentions.parts import correct_part
from inference.engines.scripted.mentions.pieces import Piece, Which, find_piece
from inference.engines.scripted.mentions.spelling import spelled_words

__all__ = [
    "Known",
    "Piece",
    "Which",
    "changed_name",
    "choices_of",
    "codes_in",
    "correct_part",
    "day_words",
    "find_letter_changes",
    "find_mentions",
    "find_piece",
    "half_of_name",
    "is_code",
    "is_own_name",
    "is_plain_answer",
    "joined_code",
    "last_name",
    "mask",
    "merge_correction",
    "names_day",
    "only_number",
    "read_as_format",
    "says_edit",
    "single_number",
    "spelled_words",
    "with_half",
    "without_name",
]
