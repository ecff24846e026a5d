"""Downmix of a stereo recording to mono: the customer's channel, or the mean of a stereo microphone's channels."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from db.audio.recording import CustomerChannel
from db.errors import AudioUnreadable

#: Samples of a frame: 32 ms at 16 kHz.
_FRAME = 512

#: Ratios of power. A mix below a tenth of the louder channel has cancelled out (opposite phase); a channel below a
#: hundredth of the other (20 dB) is silent; one below a ten-thousandth has no speaker.
_CANCELLED: Final = 0.1
_SILENT: Final = 0.01
_NO_SPEAKER: Final = 0.0001

#: A frame is active within 15 dB of its own channel's 95th percentile: one speaker may be much quieter than the other.
_ACTIVE: Final = 0.03

#: Two speakers: each channel is active alone in at least this share of the active frames, and the correlation of their
#: levels is below this bound; one speaker's levels in two microphones rise and fall together.
_MIN_ALONE: Final = 0.1
_MAX_CORRELATION: Final = 0.3


def downmix(channels: NDArray[np.float32], customer: CustomerChannel) -> NDArray[np.float32]:
    """Mono samples, shape (n,), of two channels at 16 kHz, shape (2, n).

    ``auto``: the mean of both channels; the louder one alone if the other is silent or of opposite phase. Raises
    AudioUnreadable for one speaker on each channel, as in a recorded call: either may be the customer, and an agent's
    words must not be recorded as the customer's.
    """
    first: NDArray[np.float32] = channels[0]
    second: NDArray[np.float32] = channels[1]
    if customer in {"left", "right"}:
        return first if customer == "left" else second
    mean: NDArray[np.float32] = channels.mean(axis=0, dtype=np.float32)
    if customer == "mix":
        return mean
    if _two_speakers(channels):
        raise AudioUnreadable(
            "The recording has two speakers, one on each channel. Send only the customer's channel, or set "
            "VOXLOOM_CUSTOMER_CHANNEL to left or right on the server."
        )
    left, right = (_power(each) for each in channels)
    if _power(mean) < _CANCELLED * max(left, right) or min(left, right) < _SILENT * max(left, right):
        return first if left >= right else second
    return mean


def _power(samples: NDArray[np.float32]) -> float:
    return float(np.mean(np.square(samples), dtype=np.float64)) if samples.size else 0.0


def _two_speakers(channels: NDArray[np.float32]) -> bool:
    """Whether each channel has its own speaker: active frames of either channel in which the other is inactive."""
    frames = channels.shape[1] // _FRAME
    if not frames:
        return False
    power = np.square(channels[:, : frames * _FRAME].reshape(2, frames, _FRAME)).mean(axis=2)
    loud = np.percentile(power, 95, axis=1, keepdims=True)
    if loud.min() <= _NO_SPEAKER * loud.max():
        return False
    left, right = power > _ACTIVE * loud
    either = left | right
    if min(float(np.mean(each[either])) for each in (left & ~right, right & ~left)) < _MIN_ALONE:
        return False
    levels = np.log10(power[:, either] + 1e-10)
    return float(np.corrcoef(levels)[0, 1]) < _MAX_CORRELATION
