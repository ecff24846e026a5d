"""Where in a recording somebody speaks, and where a long one can be cut.

Speech probabilities come from Silero VAD 6 (MIT, github.com/snakers4/silero-vad) in its form for whole sequences: each
frame of 512 samples is seen with the 64 before it, and an LSTM carries what was heard from frame to frame.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from db.errors import EngineUnavailable
from inference.ports import SAMPLE_RATE, Samples
from inference.weights.cache import PackageFile

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

_MODEL = PackageFile(
    distribution="silero-vad",
    path="silero_vad/data/silero_vad_16k_sequence.onnx",
    sha256="9ccdacc4719d8aa7e45a77536bfabec45a03ba1f2fad5e241ab4060b24238a85",
)

FRAME = 512
_CONTEXT = 64

#: Frames a model run: 16 s, so that a long recording does not need memory for all of it at once.
_BLOCK = 512

#: Speech begins at the first probability and ends below the second: no flicker at a threshold between them.
_ONSET, _OFFSET = 0.5, 0.35

#: Shorter silence within speech is not a pause; shorter speech is a click.
_MIN_PAUSE = round(0.2 * SAMPLE_RATE / FRAME)
_MIN_SPEECH = round(0.1 * SAMPLE_RATE / FRAME)

#: Nobody pauses for so long within a thought: what follows is heard on its own, and the silence by no model.
_LONG_PAUSE = 3 * SAMPLE_RATE

#: Seconds kept on both sides of speech: quiet consonants at its edges.
_MARGIN = 0.2


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a recording, as sample positions at 16 kHz; ``end`` is the first one behind it."""

    start: int
    end: int

    @property
    def seconds(self) -> float:
        return (self.end - self.start) / SAMPLE_RATE


class SpeechDetector:
    """Silero VAD on one thread. Loads in ``load``; may be used from several threads at once."""

    def __init__(self) -> None:
        self._session: InferenceSession | None = None

    def load(self) -> None:
        """Reads the model, once. Raises EngineUnavailable if its package is missing or not the known one."""
        if self._session is not None:
            return
        try:
            import onnxruntime  # noqa: PLC0415  not on every machine: an API process has none
        except ImportError as exc:
            raise EngineUnavailable("Voice activity detection needs the package onnxruntime.") from exc
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            _MODEL.verified(), sess_options=options, providers=["CPUExecutionProvider"]
        )

    def probabilities(self, samples: Samples) -> NDArray[np.float32]:
        """How likely each frame of 512 samples is speech, 0..1; the last frame is filled up with silence."""
        assert self._session is not None, "load() first"
        frames = -(-samples.size // FRAME)
        if not frames:
            return np.zeros(0, np.float32)
        padded = np.zeros(_CONTEXT + frames * FRAME, np.float32)
        padded[_CONTEXT : _CONTEXT + samples.size] = samples
        windows = np.lib.stride_tricks.sliding_window_view(padded, _CONTEXT + FRAME)[::FRAME]
        hidden = cell = np.zeros((1, 1, 128), np.float32)
        found = []
        for first in range(0, frames, _BLOCK):
            block = {"input": np.ascontiguousarray(windows[first : first + _BLOCK]), "h": hidden, "c": cell}
            speech, hidden, cell = self._session.run(["speech_probs", "hn", "cn"], block)
            found.append(speech.reshape(-1))
        return np.concatenate(found)


def find_speech(probabilities: NDArray[np.float32]) -> list[Stretch]:
    """The stretches of speech between pauses, in order, without margins.

    Hysteresis as in Silero's own ``get_speech_timestamps``, with its pause and speech minima made shorter: a lone "no"
    must count.
    """
    found: list[Stretch] = []
    start: int | None = None
    quiet_since: int | None = None
    for frame, probability in enumerate([*probabilities.tolist(), *[0.0] * (_MIN_PAUSE + 1)]):
        if probability >= _ONSET:
            start = frame if start is None else start
            quiet_since = None
        elif start is not None and (quiet_since is not None or probability < _OFFSET):
            quiet_since = frame if quiet_since is None else quiet_since
            if frame - quiet_since >= _MIN_PAUSE:
                if quiet_since - start >= _MIN_SPEECH:
                    found.append(Stretch(start * FRAME, quiet_since * FRAME))
                start = quiet_since = None
    return found


def cut_at_pauses(probabilities: NDArray[np.float32], samples: int, *, max_seconds: float = 28.0) -> list[Stretch]:
    """Pieces of a recording of ``samples`` samples that hold all its speech, none longer than ``max_seconds``.

    A piece ends at a pause of more than three seconds; a full one at the longest pause of its later half, or, if there
    is none, at the frame that sounds least like speech. Pieces have a margin of silence around them and never overlap.
    """
    longest = int((max_seconds - 2 * _MARGIN) * SAMPLE_RATE)
    waiting = find_speech(probabilities)
    pieces: list[Stretch] = []
    while waiting:
        start = waiting[0].start
        fitting = [stretch for stretch in waiting if stretch.end - start <= longest]
        if not fitting:
            middle = _least_like_speech(probabilities, start + longest // 2, start + longest)
            waiting[0:1] = [Stretch(start, middle), replace(waiting[0], start=middle)]
            continue
        taken = _before_long_pause(fitting)
        if taken == len(fitting) < len(waiting):
            late = [i for i in range(1, taken + 1) if waiting[i - 1].end - start >= longest // 2] or [taken]
            taken = max(late, key=lambda i: (waiting[i].start - waiting[i - 1].end, i))
        pieces.append(Stretch(start, waiting[taken - 1].end))
        del waiting[:taken]
    return _with_margins(pieces, samples)


def _before_long_pause(stretches: list[Stretch]) -> int:
    for index in range(1, len(stretches)):
        if stretches[index].start - stretches[index - 1].end > _LONG_PAUSE:
            return index
    return len(stretches)


def _least_like_speech(probabilities: NDArray[np.float32], first: int, last: int) -> int:
    frames = probabilities[first // FRAME : last // FRAME]
    return (first // FRAME + int(frames.argmin())) * FRAME


def _with_margins(pieces: list[Stretch], samples: int) -> list[Stretch]:
    margin = int(_MARGIN * SAMPLE_RATE)
    wide: list[Stretch] = []
    for index, piece in enumerate(pieces):
        before = (pieces[index - 1].end + piece.start) // 2 if index else 0
        after = (piece.end + pieces[index + 1].start) // 2 if index + 1 < len(pieces) else samples
        wide.append(Stretch(max(before, piece.start - margin), min(after, piece.end + margin)))
    return wide
