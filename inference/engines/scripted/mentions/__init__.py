"""Mentions: values of an agent's fields that an utterance contains, with their place, format and field."""

from inference.engines.scripted.mentions.corrections import merge_correction
from inference.engines.scripted.mentions.finder import find_mentions, mask

__all__ = ["find_mentions", "mask", "merge_correction"]
