"""The engine ``espnet``: ESPnet's ``Text2Speech`` with the bundled voice "joe" or any other ESPnet TTS model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from db.errors import EngineUnavailable
from inference.engines.espnet.phonemes import to_espeak, to_tokens
from inference.engines.roman_numerals import without_empty_numerals
from inference.engines.synthesizer_base import SynthesizerBase
from inference.import_package import import_package
from inference.ports import EngineInfo, Samples
from inference.weights.cache import ModelCache

if TYPE_CHECKING:
    from collections.abc import Callable

_JOE = "joe"


class EspnetEngine(SynthesizerBase):
    """A Synthesizer. ``model``: "joe" (English, 22,050 Hz), a path or a tag, see ``model.load_text2speech``.

    ``languages``: of a model other than "joe", ISO 639-1, empty for any; ESPnet models do not state it. ``threads``:
    of torch, for the whole process. ``voice``: the number of a speaker, for multi-speaker models.

    Each piece seeds torch's generator. Since the generator is shared by the process, another model that uses it at the
    same moment may change the audio slightly.
    """

    def __init__(
        self,
        model: str = _JOE,
        *,
        cache: ModelCache,
        threads: int,
        languages: tuple[str, ...] = (),
        concurrency: int = 1,
    ) -> None:
        super().__init__()
        self.concurrency = concurrency
        joe = model == _JOE
        self.info = EngineInfo("espnet", model, ("en",) if joe else languages, (model,) if joe else ())
        self._cache = cache
        self._threads = threads
        self._text2speech: Any = None
        self._phonemize: Callable[[str], str] = str

    def _load(self) -> int:
        import torch  # noqa: PLC0415  takes seconds: not at the worker's start

        from inference.engines.espnet.model import load_text2speech  # noqa: PLC0415  the same

        torch.set_num_threads(self._threads)
        built = load_text2speech(self.info.model, self._cache)
        if built.use_speech or built.use_spembs or built.use_lids:
            raise self._unavailable(
                "needs a reference recording, a speaker embedding or a language id, which VoxLoom does not have"
            )
        if not built.fs:
            raise self._unavailable("does not state its sample rate")
        self._text2speech = built
        if self.info.model == _JOE:
            self._phonemize = _phonemizer_of_joe(built)
        self._render("Ready.", language="en", voice=None, seed=0)  # allocates the buffers that later runs reuse
        return int(built.fs)

    def _unload(self) -> None:
        self._text2speech = None
        self._phonemize = str

    def _has_voice(self, voice: str | None, language: str) -> bool:
        speakers = self._text2speech.tts.spks
        if voice is None:
            return True
        if speakers is None:
            return voice == self.info.model
        return voice.isascii() and voice.isdigit() and len(voice) < 6 and int(voice) < speakers

    def _render(self, words: str, *, language: str, voice: str | None, seed: int) -> Samples:
        import torch  # noqa: PLC0415  already imported by _load

        arguments = {}
        if self._text2speech.use_sids:
            arguments["sids"] = np.array([int(voice or 0)])
        try:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed)
                wave = self._text2speech(self._phonemize(without_empty_numerals(words)), **arguments)["wav"]
        except EngineUnavailable:
            raise
        except Exception as exc:  # its message may contain the text
            raise self._unavailable(f"failed to synthesize ({type(exc).__name__})") from None
        return np.asarray(wave.detach().cpu().numpy(), dtype=np.float32).reshape(-1)


def _phonemizer_of_joe(text2speech: Any) -> Callable[[str], str]:
    try:
        import_package("hibari")
        from hibari.g2p import G2P  # noqa: PLC0415  only this voice needs it
    except ImportError:
        raise EngineUnavailable("The voice joe needs the package hibari-tts for its phonemes.") from None
    phonemize = G2P()
    known = frozenset(text2speech.train_args.token_list)
    return lambda words: to_tokens(to_espeak(phonemize(words)), known)
