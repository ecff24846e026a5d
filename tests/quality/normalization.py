"""Accuracy of text normalisation for speech: ``python -m tests.quality.normalization``.

``--half test`` reports the half that no rule was tuned on. ``--library`` puts a normaliser that is installed beside
VoxLoom's own rules (docs/explanation/text-normalization.md).
"""

from __future__ import annotations

import argparse
import importlib
import re
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from inference.text.normalization.normalizer import spoken_form

_SENTENCES = Path(__file__).parent.parent / "inference" / "text" / "normalization" / "sentences.txt"


@dataclass(frozen=True, slots=True)
class Sentence:
    """``section``: language and kind; ``said``: what counts as right."""

    section: str
    written: str
    said: tuple[str, ...]
    tuning: bool

    @property
    def language(self) -> str:
        return self.section[:2]


def sentences() -> list[Sentence]:
    found, section, number = list[Sentence](), "", 0
    for line in _SENTENCES.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section, number = line.strip("[]"), 0
        elif line and not line.startswith("#"):
            written, _, said = line.partition(" => ")
            found.append(Sentence(section, written, tuple(said.split(" | ")), number % 2 == 0))
            number += 1
    return found


def plain(text: str) -> str:
    """Its words alone: without case, punctuation, hyphens and "and"; letters that are spelled stand apart."""
    text = re.sub(r"(?<![^\W\d_])([^\W\d_])\.", r"\1 ", text).lower().replace("-", " ")
    return " ".join(word for word in re.findall(r"[\w']+", text) if word != "and")


def right(sentence: Sentence, said: str) -> bool:
    return plain(said) in {plain(each) for each in sentence.said}


def _nemo() -> Callable[[str, str], str]:
    normalize = importlib.import_module("nemo_text_processing.text_normalization.normalize")
    made = {language: normalize.Normalizer(input_case="cased", lang=language) for language in ("en", "es", "de", "fr")}
    return lambda text, language: str(made[language].normalize(text, punct_post_process=True))


def _damga() -> Callable[[str, str], str]:
    make = importlib.import_module("damga").Normalizer
    made = {language: make(mode="tn", lang=language) for language in ("en", "es", "de", "fr")}
    return lambda text, language: str(made[language].normalize(text))


def _wetext() -> Callable[[str, str], str]:
    normalizer = importlib.import_module("wetext").Normalizer(lang="en", operator="tn")
    return lambda text, language: str(normalizer.normalize(text)) if language == "en" else text


_LIBRARIES = {"own": lambda: spoken_form, "nemo": _nemo, "damga": _damga, "wetext": _wetext}


def main(half: str, library: str, show: bool) -> None:
    started = time.perf_counter()
    say = _LIBRARIES[library]()
    loaded = time.perf_counter() - started
    good, asked = Counter[str](), Counter[str]()
    started = time.perf_counter()
    for sentence in sentences():
        if half == "all" or sentence.tuning == (half == "tuning"):
            try:
                said = say(sentence.written, sentence.language)
            except Exception as error:  # a library under trial: failing is not being right
                said = f"({type(error).__name__})"
            for group in {sentence.section, sentence.language}:
                asked[group] += 1
                good[group] += right(sentence, said)
            if show and not right(sentence, said):
                sys.stdout.write(f"  {sentence.written}\n    said:  {said}\n    right: {sentence.said[0]}\n")
    spent = (time.perf_counter() - started) / sum(asked[each] for each in ("en", "es", "de", "fr")) * 1000
    for group in asked:
        sys.stdout.write(f"{group:20} {good[group]} of {asked[group]}\n")
    sys.stdout.write(f"{library}: ready in {loaded:.1f} s, {spent:.1f} ms a sentence\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--half", choices=("tuning", "test", "all"), default="tuning")
    parser.add_argument("--library", choices=tuple(_LIBRARIES), default="own")
    parser.add_argument("--show", action="store_true", help="each sentence that is not right; of the tuning half only")
    arguments = parser.parse_args()
    main(arguments.half, arguments.library, arguments.show)
