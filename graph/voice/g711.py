"""µ-law and A-law, 8 bits a sample (ITU-T G.711), from and to 16-bit PCM, by tables."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_Table = NDArray[np.int16]
_Codes = NDArray[np.uint8]

_BIAS = 0x84
_CLIP = 32_635


def decode_ulaw(data: bytes) -> NDArray[np.int16]:
    return _FROM_ULAW[np.frombuffer(data, np.uint8)]


def decode_alaw(data: bytes) -> NDArray[np.int16]:
    return _FROM_ALAW[np.frombuffer(data, np.uint8)]


def encode_ulaw(samples: NDArray[np.int16]) -> bytes:
    return _TO_ULAW[samples.view(np.uint16)].tobytes()


def encode_alaw(samples: NDArray[np.int16]) -> bytes:
    return _TO_ALAW[samples.view(np.uint16)].tobytes()


def _from_ulaw() -> _Table:
    codes = ~np.arange(256, dtype=np.uint8)
    exponent, mantissa = (codes >> 4 & 7).astype(np.int32), (codes & 15).astype(np.int32)
    size = ((mantissa << 3) + _BIAS << exponent) - _BIAS
    return np.where(codes & 0x80, -size, size).astype(np.int16)


def _from_alaw() -> _Table:
    codes = np.arange(256, dtype=np.uint8) ^ 0x55
    exponent, mantissa = (codes >> 4 & 7).astype(np.int32), (codes & 15).astype(np.int32)
    size = np.where(exponent == 0, (mantissa << 4) + 8, (mantissa << 4) + 0x108 << np.maximum(exponent - 1, 0))
    return np.where(codes & 0x80, size, -size).astype(np.int16)


def _every_sample() -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Every 16-bit sample's size and whether it is negative, indexed by its bits as an unsigned number."""
    samples = np.arange(65_536, dtype=np.uint16).view(np.int16).astype(np.int32)
    return np.abs(samples), samples < 0


def _to_ulaw() -> _Codes:
    size, negative = _every_sample()
    biased = np.minimum(size, _CLIP) + _BIAS
    exponent = np.floor(np.log2(biased)).astype(np.int32) - 7
    mantissa = biased >> exponent + 3 & 15
    codes: _Codes = (~(np.where(negative, 0x80, 0) | exponent << 4 | mantissa) & 0xFF).astype(np.uint8)
    return codes


def _to_alaw() -> _Codes:
    size, negative = _every_sample()
    clipped = np.minimum(size, 32_767)
    exponent = np.maximum(np.floor(np.log2(np.maximum(clipped, 1))).astype(np.int32) - 7, 0)
    mantissa = clipped >> np.where(exponent == 0, 4, exponent + 3) & 15
    codes: _Codes = ((np.where(negative, 0, 0x80) | exponent << 4 | mantissa) ^ 0x55).astype(np.uint8)
    return codes


_FROM_ULAW, _FROM_ALAW = _from_ulaw(), _from_alaw()
_TO_ULAW, _TO_ALAW = _to_ulaw(), _to_alaw()
