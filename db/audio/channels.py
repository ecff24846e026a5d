"""Which channel of a two-channel recording holds the customer's words."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from db.audio.recorded import CustomerChannel
from db.errors import AudioUnreadable

#: Samples of a frame: 32 ms at 16 kHz.
_FRAME = 512

#: Powers as shares: a mix below a tenth of its louder channel has cancelled out; a channel below a hundredth of the
#: other (20 dB) is silent beside it, and one below a ten-thousandth has no speaker.
_CANCELLED: Final = 0.1
_SILENT: Final = 0.01
_NOBODY: Final = 0.0001

#: A frame sounds if it is within 15 dB of its own channel's loud ones: one speaker may be much quieter than the other.
_SOUNDING: Final = 0.03

#: Two speakers: each is alone in so many of the frames with sound, and their levels do not rise and fall together, as
#: those of one speaker's sound do in two microphones.
_EACH_ALONE: Final = 0.1
_TOGETHER: Final = 0.3


def mono(channels: NDArray[np.float32], customer: CustomerChannel) -> NDArray[np.float32]:
    """One channel of two, shape (n,) of (2, n), at 16 kHz.

    ``auto``: the mean, as of a stereo microphone; the louder channel alone where the other is silent or inverted.
    Raises AudioUnreadable for two speakers on a channel each, as in a recorded call: nobody can know which is the
    customer, and an agent's words must not be filed as theirs.
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
            "The recording holds two speakers, one on each channel. Send the customer's channel alone, or set "
            "VOXLOOM_CUSTOMER_CHANNEL to left or right on the server."
        )
    left, right = (_power(each) for each in channels)
    if _power(mean) < _CANCELLED * max(left, right) or min(left, right) < _SILENT * max(left, right):
        return first if left >= right else second
    return mean


def _power(samples: NDArray[np.float32]) -> float:
    return float(np.mean(np.square(samples), dtype=np.float64)) if samples.size else 0.0


def _two_speakers(channels: NDArray[np.float32]) -> bool:
    """Whether two channels have a speaker each: some frames have sound on the one alone, some on the other."""
    frames = channels.shape[1] // _FRAME
    if not frames:
        return False
    power = np.square(channels[:, : frames * _FRAME].reshape(2, frames, _FRAME)).mean(axis=2)
    loud = np.percentile(power, 95, axis=1, keepdims=True)
    if loud.min() <= _NOBODY * loud.max():
        return False
    left, right = power > _SOUNDING * loud
    either = left | right
    if min(float(np.mean(each[either])) for each in (left & ~right, right & ~left)) < _EACH_ALONE:
        return False
    levels = np.log10(power[:, either] + 1e-10)
    return float(np.corrcoef(levels)[0, 1]) < _TOGETHER
