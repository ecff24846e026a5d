"""ESPnet: ``espnet2.bin.tts_inference.Text2Speech`` with the voice "joe" or any other ESPnet speech model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from db.errors import EngineUnavailable
from inference.engines.espnet.phonemes import to_espeak, to_tokens
from inference.engines.synthesizer_base import SpeakingEngine
from inference.ports import EngineInfo, Samples
from inference.weights.cache import ModelCache

if TYPE_CHECKING:
    from collections.abc import Callable

_JOE = "joe"


class EspnetEngine(SpeakingEngine):
    """``model``: "joe" (English, 22,050 Hz), a local path, or a tag; see ``espnet_model.load_text2speech``.

    ``languages``: what a model other than "joe" speaks, as nothing in it says so; empty means any. ``threads``: of
    torch, in the whole process. A ``voice`` is the number of a speaker where the model has several.

    A model's randomness is seeded for each piece; torch has one generator a process, so another model that draws
    from it at the same moment could change a sound by a shade.
    """

    def __init__(self, model: str = _JOE, *, cache: ModelCache, threads: int, languages: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.info = EngineInfo("espnet", model, ("en",) if model == _JOE else languages)
        self._cache = cache
        self._threads = threads
        self._text2speech: Any = None
        self._read: Callable[[str], str] = str

    def _load(self) -> int:
        import torch  # noqa: PLC0415  takes seconds: not when the worker starts

        from inference.engines.espnet.model import load_text2speech  # noqa: PLC0415  the same

        torch.set_num_threads(self._threads)
        built = load_text2speech(self.info.model, self._cache)
        if built.use_speech or built.use_spembs or built.use_lids:
            raise self._unavailable("wants a reference voice or a language number, which VoxLoom has not")
        if not built.fs:
            raise self._unavailable("does not say its sample rate")
        self._text2speech = built
        if self.info.model == _JOE:
            self._read = _reader_of_joe(built)
        self._render("Ready.", None, 0)  # the first run allocates what later ones use again
        return int(built.fs)

    def _unload(self) -> None:
        self._text2speech = None
        self._read = str

    def _has_voice(self, voice: str | None) -> bool:
        speakers = self._text2speech.tts.spks
        if voice is None:
            return True
        if speakers is None:
            return voice == self.info.model
        return voice.isascii() and voice.isdigit() and len(voice) < 6 and int(voice) < speakers

    def _render(self, words: str, voice: str | None, seed: int) -> Samples:
        import torch  # noqa: PLC0415  loaded long since

        arguments = {}
        if self._text2speech.use_sids:
            arguments["sids"] = np.array([int(voice or 0)])
        try:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed)
                wave = self._text2speech(self._read(words), **arguments)["wav"]
        except EngineUnavailable:
            raise
        except Exception as exc:  # its message may quote the text
            raise self._unavailable(f"failed to speak ({type(exc).__name__})") from None
        return np.asarray(wave.detach().cpu().numpy(), dtype=np.float32).reshape(-1)


def _reader_of_joe(text2speech: Any) -> Callable[[str], str]:
    try:
        from hibari.g2p import G2P  # noqa: PLC0415  only this voice needs it
    except ImportError:
        raise EngineUnavailable("The voice joe needs the package hibari-tts for its phonemes.") from None
    phonemize = G2P()
    known = frozenset(text2speech.train_args.token_list)
    return lambda words: to_tokens(to_espeak(phonemize(words)), known)
