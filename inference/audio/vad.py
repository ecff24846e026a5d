"""Voice activity detection (VAD): finds speech in recordings and calls, and cuts long recordings at pauses.

Speech probabilities come from Silero VAD 6 (MIT, github.com/snakers4/silero-vad), from its model for 8 kHz, whatever
the audio's bandwidth. The model for 16 kHz misses speech that has come over a phone line (300 to 3,400 Hz), digits and
letters above all, and is no better on wide-band audio (docs/explanation/measurements.md). An LSTM carries the state
between frames.
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
    path="silero_vad/data/silero_vad.onnx",
    sha256="1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3",
)

#: Samples of a frame at 16 kHz, 32 ms.
FRAME = 512

#: Samples of a frame at the model's rate, and of what precedes it, which the model reads with it.
_NARROW, _CONTEXT = FRAME // 2, 32
_RATE = np.array(SAMPLE_RATE // 2, np.int64)

#: Hysteresis thresholds: speech starts at the first probability and ends below the second.
_ONSET, _OFFSET = 0.5, 0.35

#: Frames: shorter silence is not a pause, shorter speech is a click.
_MIN_PAUSE = round(0.2 * SAMPLE_RATE / FRAME)
_MIN_SPEECH = round(0.1 * SAMPLE_RATE / FRAME)

#: Samples: a longer pause always ends a piece, so that models do not process the silence.
_LONG_PAUSE = 3 * SAMPLE_RATE

#: Seconds kept before and after speech, which may start or end with a quiet consonant.
_MARGIN = 0.2


@dataclass(frozen=True, slots=True)
class Region:
    """A region of a recording, in samples at 16 kHz, without ``end``."""

    start: int
    end: int

    @property
    def seconds(self) -> float:
        return (self.end - self.start) / SAMPLE_RATE


class SpeechDetector:
    """Silero VAD, on one thread for each call. After ``load`` it may be used from several threads at once."""

    def __init__(self) -> None:
        self._session: InferenceSession | None = None

    def load(self) -> None:
        """Loads the model; idempotent. Raises EngineUnavailable if its package is missing or its file unknown."""
        if self._session is not None:
            return
        try:
            import onnxruntime  # noqa: PLC0415  not on every machine: an API process has none
        except ImportError as exc:
            raise EngineUnavailable("Voice activity detection needs the package onnxruntime.") from exc
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            _MODEL.verified(), sess_options=options, providers=["CPUExecutionProvider"]
        )

    def stream(self) -> SpeechStream:
        """Detection in audio as it arrives. After ``load``."""
        return SpeechStream(self)

    def probabilities(self, samples: Samples) -> NDArray[np.float32]:
        """Speech probability of each frame of 512 samples at 16 kHz, shape ``(frames,)``. Pads the last frame."""
        return self.stream().feed_frames(np.pad(samples, (0, -samples.size % FRAME)))

    def run(
        self, windows: NDArray[np.float32], state: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Probabilities of consecutive windows at 8 kHz, shape ``(n, 288)``, and the LSTM's next state.

        About 0.1 ms a window, during which the GIL is released.
        """
        assert self._session is not None, "load() first"
        found = np.empty(len(windows), np.float32)
        for index in range(len(windows)):
            inputs = {"input": windows[index : index + 1], "state": state, "sr": _RATE}
            speech, state = self._session.run(None, inputs)
            found[index] = speech[0, 0]
        return found, state


class SpeechStream:
    """Speech probabilities of one speaker's audio as it arrives. Holds the LSTM's state: about 1 KB."""

    def __init__(self, detector: SpeechDetector) -> None:
        self._detector = detector
        self._state = np.zeros((2, 1, 128), np.float32)
        self._before = np.zeros(_CONTEXT, np.float32)

    def feed(self, frame: Samples) -> float:
        """How likely the next frame is speech, 0..1. ``frame``: 512 samples at 16 kHz."""
        return float(self.feed_frames(frame)[0])

    def feed_frames(self, samples: Samples) -> NDArray[np.float32]:
        """The same for several frames, shape ``(frames,)``. ``samples``: a multiple of 512."""
        if not samples.size:
            return np.zeros(0, np.float32)
        narrow = np.concatenate([self._before, samples.reshape(-1, 2).mean(axis=1, dtype=np.float32)])
        self._before = narrow[-_CONTEXT:]
        windows = np.lib.stride_tricks.sliding_window_view(narrow, _CONTEXT + _NARROW)[::_NARROW]
        speech, self._state = self._detector.run(windows, self._state)
        return speech


def find_speech(probabilities: NDArray[np.float32]) -> list[Region]:
    """The regions of speech between pauses, in order, without margins.

    Hysteresis as in Silero's ``get_speech_timestamps``, with shorter minima for pauses and speech, so that a single
    "no" is found.
    """
    found: list[Region] = []
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
                    found.append(Region(start * FRAME, quiet_since * FRAME))
                start = quiet_since = None
    return found


def cut_at_pauses(probabilities: NDArray[np.float32], samples: int, *, max_seconds: float = 28.0) -> list[Region]:
    """Cuts a recording of ``samples`` samples into pieces with all its speech, none longer than ``max_seconds``.

    A piece ends at a pause of more than three seconds; a full piece at the longest pause of its second half or, without
    a pause, at the frame with the lowest speech probability. Pieces include a margin and do not overlap.
    """
    longest = int((max_seconds - 2 * _MARGIN) * SAMPLE_RATE)
    remaining = find_speech(probabilities)
    pieces: list[Region] = []
    while remaining:
        start = remaining[0].start
        fitting = [region for region in remaining if region.end - start <= longest]
        if not fitting:
            middle = _least_like_speech(probabilities, start + longest // 2, start + longest)
            remaining[0:1] = [Region(start, middle), replace(remaining[0], start=middle)]
            continue
        taken = _before_long_pause(fitting)
        if taken == len(fitting) < len(remaining):
            late = [i for i in range(1, taken + 1) if remaining[i - 1].end - start >= longest // 2] or [taken]
            taken = max(late, key=lambda i: (remaining[i].start - remaining[i - 1].end, i))
        pieces.append(Region(start, remaining[taken - 1].end))
        del remaining[:taken]
    return _with_margins(pieces, samples)


def _before_long_pause(regions: list[Region]) -> int:
    for index in range(1, len(regions)):
        if regions[index].start - regions[index - 1].end > _LONG_PAUSE:
            return index
    return len(regions)


def _least_like_speech(probabilities: NDArray[np.float32], first: int, last: int) -> int:
    frames = probabilities[first // FRAME : last // FRAME]
    return (first // FRAME + int(frames.argmin())) * FRAME


def _with_margins(pieces: list[Region], samples: int) -> list[Region]:
    margin = int(_MARGIN * SAMPLE_RATE)
    wide: list[Region] = []
    for index, piece in enumerate(pieces):
        before = (pieces[index - 1].end + piece.start) // 2 if index else 0
        after = (piece.end + pieces[index + 1].start) // 2 if index + 1 < len(pieces) else samples
        wide.append(Region(max(before, piece.start - margin), min(after, piece.end + margin)))
    return wide
