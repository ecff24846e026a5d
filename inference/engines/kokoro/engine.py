"""The engine ``kokoro``: Kokoro-82M (StyleTTS 2) in int8 on onnxruntime, for Spanish, French and Hindi. No torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from inference.engines.kokoro.tokens import Phonemize
from inference.engines.kokoro.weights import VOICES, Styles, obtain_model, read_styles, read_symbols
from inference.engines.synthesizer_base import SynthesizerBase
from inference.ports import EngineInfo, Samples
from inference.weights.cache import ModelCache

_MODEL = "kokoro-82m-int8"
_SAMPLE_RATE = 24_000

#: Symbols of one run of the model, which takes up to 510; memory and the wait grow with them.
_LONGEST_RUN = 200

#: What is said once in each language when the engine is loaded: the first run of onnxruntime allocates its buffers.
_WARMING = {"es": "Hola.", "fr": "Bonjour.", "hi": "नमस्ते।"}

#: The languages with a phonemizer, ISO 639-1.
LANGUAGES = tuple(_WARMING)


class KokoroEngine(SynthesizerBase):
    """A Synthesizer, 24 kHz. ``languages``: those of ``LANGUAGES`` to speak, which ``load`` makes ready.

    ``voice``: one of ``weights.VOICES`` in its language. ``threads``: of onnxruntime.

    The pieces are short: on two threads a second of speech takes 0.3 s of work.
    """

    first_piece = 30
    piece = 70

    def __init__(
        self,
        *,
        cache: ModelCache,
        threads: int,
        languages: Sequence[str] = LANGUAGES,
        concurrency: int = 1,
    ) -> None:
        super().__init__()
        self.concurrency = concurrency
        voices = tuple(name for name, voice in VOICES.items() if voice.language in languages)
        self.info = EngineInfo(
            "kokoro", _MODEL, tuple(languages), voices, tuple(VOICES[name].language for name in voices)
        )
        self._cache = cache
        self._threads = threads
        self._session: Any = None
        self._run_options: Any = None
        self._symbols: dict[str, int] = {}
        self._styles: dict[str, Styles] = {}
        self._phonemize: dict[str, Phonemize] = {}

    def _load(self) -> int:
        self._symbols = read_symbols()
        self._styles = {name: read_styles(name) for name in self.info.voices}
        self._phonemize = {language: _phonemizer(language) for language in self.info.languages}
        self._session, self._run_options = _open(str(obtain_model(self._cache)), self._threads)
        for language in self.info.languages:
            self._render(_WARMING[language], language=language, voice=None, seed=0)
        return _SAMPLE_RATE

    def _unload(self) -> None:
        self._session = self._run_options = None
        self._styles, self._phonemize = {}, {}

    def _has_voice(self, voice: str | None, language: str) -> bool:
        return voice is None or (voice in VOICES and VOICES[voice].language == language)

    def _render(self, words: str, *, language: str, voice: str | None, seed: int) -> Samples:
        chosen = voice or next(name for name, each in VOICES.items() if each.language == language)
        phonemes = self._phonemize[language](words)
        ids = [self._symbols[symbol] for symbol in phonemes if symbol in self._symbols]
        space = self._symbols[" "]
        runs = [self._run(run, self._styles[chosen], VOICES[chosen].speed) for run in _runs(ids, space)]
        return np.concatenate([np.zeros(0, np.float32), *runs])

    def _run(self, ids: Sequence[int], styles: Styles, speed: float) -> Samples:
        (samples,) = self._session.run(
            None,
            {
                "tokens": np.array([[0, *ids, 0]], np.int64),
                "style": styles[len(ids) - 1][None],
                "speed": np.full(1, speed, np.float32),
            },
            self._run_options,
        )
        return np.asarray(samples, np.float32).reshape(-1)


def _open(path: str, threads: int) -> tuple[Any, Any]:
    """The session, and the options of each run: memory is given back after it, as sentences differ in length."""
    import onnxruntime  # noqa: PLC0415  found missing here, not when the worker starts

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_mem_pattern = False  # shapes differ in each run
    options.log_severity_level = 3
    run = onnxruntime.RunOptions()
    run.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"]), run


def _phonemizer(language: str) -> Phonemize:
    if language == "es":
        from inference.engines.kokoro.spanish import spanish  # noqa: PLC0415  only where it is spoken

        return spanish
    if language == "fr":
        from inference.engines.kokoro.french import load_french  # noqa: PLC0415  220 MB, only where it is spoken

        return load_french()
    from inference.engines.kokoro.hindi import hindi  # noqa: PLC0415  only where it is spoken

    return hindi


def _runs(ids: Sequence[int], space: int) -> Iterator[Sequence[int]]:
    """Cuts symbols between words into runs of bounded length."""
    start = 0
    while len(ids) - start > _LONGEST_RUN:
        end = start + _LONGEST_RUN
        words = [at for at in range(start + 1, end) if ids[at] == space]
        end = words[-1] if words else end
        yield ids[start:end]
        start = end
    if start < len(ids):
        yield ids[start:]
