"""Whisper on CTranslate2, called directly rather than by faster-whisper, for windows below 30 seconds. No torch."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
from faster_whisper.feature_extractor import FeatureExtractor
from tokenizers import Tokenizer

from inference.engines.whisper.decoding import MAX_TOKENS, Decoded, Stopped
from inference.engines.whisper.languages import language_of, spoken_by, token_of
from inference.ports import SAMPLE_RATE, Samples


class CTranslate2Whisper:
    """Implements ``decoding.WhisperModel`` in 8-bit integers (int8).

    ``threads``: of one run. ``parallel``: runs at the same time on one copy of the weights.
    """

    def __init__(self, directory: Path, threads: int, parallel: int = 1) -> None:
        """Raises RuntimeError or OSError for a directory without a model."""
        self._model = ctranslate2.models.Whisper(
            str(directory), compute_type="int8", intra_threads=threads, inter_threads=parallel
        )
        self._tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
        self._spectrogram = FeatureExtractor(feature_size=self._model.n_mels)
        self.languages = spoken_by(multilingual=self._model.is_multilingual)

    def encode(self, samples: Samples, seconds: float) -> Any:
        audio = np.zeros(round(seconds * SAMPLE_RATE), np.float32)
        audio[: samples.size] = samples
        mel = self._spectrogram(audio, padding=0)
        return self._model.encode(ctranslate2.StorageView.from_array(np.ascontiguousarray(mel[None], np.float32)))

    def language_probabilities(self, features: Any) -> dict[str, float]:
        if not self._model.is_multilingual:
            return {"en": 1.0}
        return {language_of(token.strip("<|>")): p for token, p in self._model.detect_language(features)[0]}

    def decode(
        self,
        features: Any,
        language: str,
        temperature: float,
        stop: threading.Event,
        *,
        beams: int = 1,
        max_tokens: int = MAX_TOKENS,
    ) -> Decoded:
        """Cannot be stopped while it runs, about a second for a piece."""
        if stop.is_set():
            raise Stopped
        (result,) = self._model.generate(
            features,
            [self._prompt(language)],
            beam_size=1 if temperature else beams,
            max_length=2 * max_tokens,  # CTranslate2 reserves half of it for the prompt
            sampling_topk=0 if temperature else 1,
            sampling_temperature=temperature or 1.0,
            return_scores=True,
            return_no_speech_prob=True,
        )
        (tokens,) = result.sequences_ids
        return Decoded(
            text=self._tokenizer.decode(tokens, skip_special_tokens=True).strip(),
            tokens=len(tokens),
            average_log_probability=result.scores[0] * len(tokens) / (len(tokens) + 1),
            no_speech_probability=result.no_speech_prob,
        )

    def _prompt(self, language: str) -> list[str]:
        spoken = [f"<|{token_of(language)}|>", "<|transcribe|>"] if self._model.is_multilingual else []
        return ["<|startoftranscript|>", *spoken, "<|notimestamps|>"]
