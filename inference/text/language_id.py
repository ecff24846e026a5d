"""Language identification of text, for sessions whose language is "auto".

Uses py3langid, a naive Bayes classifier over byte n-grams (Lui and Baldwin, "langid.py", ACL 2012 demonstrations).
"""

from __future__ import annotations

from collections.abc import Sequence

from py3langid.langid import MODEL_FILE, LanguageIdentifier

#: Least probability: "ok", a name or a number fits any language.
_MIN_PROBABILITY = 0.8


class TextLanguage:
    """Identifies one of ``languages`` (ISO 639-1), or any language if none are given. Construction takes a second."""

    def __init__(self, languages: Sequence[str] = ()) -> None:
        self._identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
        known = set(languages) & set(self._identifier.labels)
        if known:
            self._identifier.set_languages(sorted(known))

    def of(self, text: str) -> str | None:
        """The text's language; None if it is uncertain."""
        language, probability = self._identifier.classify(text)
        return str(language) if probability >= _MIN_PROBABILITY else None
