"""Whisper on torch (openai-whisper), with an encoder for windows below 30 seconds. Importing it takes seconds."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import whisper
from torch.nn.functional import gelu
from whisper.tokenizer import get_tokenizer

from inference.engines.whisper.decoding import MAX_TOKENS, Decoded, Stopped
from inference.engines.whisper.languages import language_of, spoken_by, token_of
from inference.ports import SAMPLE_RATE, Samples


class TorchWhisper:
    """Implements ``decoding.WhisperModel``. Decoding changes the model, so one thread at a time does it."""

    def __init__(self, model: Any, threads: int) -> None:
        self._model = model
        self._threads = threads
        self._decoding = threading.Lock()
        self._half = model.device.type == "cuda"
        # Loads the vocabulary into openai-whisper's cache, so that the first turn does not wait for it.
        get_tokenizer(model.is_multilingual, num_languages=model.num_languages)
        self.languages = spoken_by(multilingual=model.is_multilingual)

    def encode(self, samples: Samples, seconds: float) -> torch.Tensor:
        """openai-whisper's ``AudioEncoder.forward`` for any length; shape ``(1, 50 * seconds, width)``."""
        audio = whisper.pad_or_trim(samples, round(seconds * SAMPLE_RATE))
        encoder = self._model.encoder
        with torch.inference_mode():
            mel = whisper.log_mel_spectrogram(audio, self._model.dims.n_mels, device=self._model.device)
            x = mel.unsqueeze(0).to(torch.float16 if self._half else torch.float32)
            x = gelu(encoder.conv1(x))
            x = gelu(encoder.conv2(x)).permute(0, 2, 1)
            x = (x + encoder.positional_embedding[: x.shape[1]]).to(x.dtype)
            for block in encoder.blocks:
                x = block(x)
            features: torch.Tensor = encoder.ln_post(x)
        return features

    def language_probabilities(self, features: torch.Tensor) -> dict[str, float]:
        if not self._model.is_multilingual:
            return {"en": 1.0}
        with self._decoding, self._with_context_of(features), self._fewer_threads():
            _, (probabilities,) = self._model.detect_language(features)
        return {language_of(token): probability for token, probability in probabilities.items()}

    def decode(
        self,
        features: torch.Tensor,
        language: str,
        temperature: float,
        stop: threading.Event,
        *,
        beams: int = 1,
        max_tokens: int = MAX_TOKENS,
    ) -> Decoded:
        options = whisper.DecodingOptions(
            language=token_of(language),
            temperature=temperature,
            beam_size=beams if beams > 1 and not temperature else None,
            sample_len=max_tokens,
            without_timestamps=True,
            fp16=self._half,
        )
        with (
            self._decoding,
            self._with_context_of(features),
            self._stopping_at_a_token(stop),
            self._fewer_threads(),
        ):
            (result,) = whisper.decode(self._model, features, options)
        return Decoded(result.text, len(result.tokens), result.avg_logprob, result.no_speech_prob)

    @contextmanager
    def _with_context_of(self, features: torch.Tensor) -> Iterator[None]:
        # openai-whisper tells encoded features from a spectrogram by this length.
        dims = self._model.dims
        whole = dims.n_audio_ctx
        dims.n_audio_ctx = features.shape[1]
        try:
            yield
        finally:
            dims.n_audio_ctx = whole

    @contextmanager
    def _fewer_threads(self) -> Iterator[None]:
        # A token takes thousands of small kernels: more threads are no faster, and many times slower when another
        # engine needs the same cores.
        torch.set_num_threads(max(1, self._threads // 2))
        try:
            yield
        finally:
            torch.set_num_threads(self._threads)

    @contextmanager
    def _stopping_at_a_token(self, stop: threading.Event) -> Iterator[None]:
        def check(*_: object) -> None:
            if stop.is_set():
                raise Stopped

        hook = self._model.decoder.register_forward_pre_hook(check)
        try:
            yield
        finally:
            hook.remove()
