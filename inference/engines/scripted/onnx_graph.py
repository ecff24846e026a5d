"""Writes an ONNX model (protobuf wire format), as far as an encoder of transformer layers needs it.

The package onnx is not among the worker's. Field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

_IR_VERSION, _OPSET = 9, 17
#: Operators of onnxruntime itself, such as MultiHeadAttention.
RUNTIME = "com.microsoft"
_TYPES = {np.dtype(np.float32): 1, np.dtype(np.int8): 3, np.dtype(np.int32): 6}


class Graph:
    """A graph under construction. Names of tensors are unique; ``add`` returns that of its first output."""

    def __init__(self) -> None:
        self._nodes: list[bytes] = []
        self._tensors: list[bytes] = []
        self._inputs: list[bytes] = []

    def input(self, name: str, dtype: type[np.generic], axes: Sequence[int | str]) -> str:
        """An input; an axis is a size or, where it varies, a name."""
        self._inputs.append(_value(name, _TYPES[np.dtype(dtype)], axes))
        return name

    def constant(self, name: str, array: NDArray[np.generic]) -> str:
        """A weight."""
        dims = b"".join(_varint(1, size) for size in array.shape)
        kind = _varint(2, _TYPES[array.dtype])
        self._tensors.append(dims + kind + _bytes(8, name.encode()) + _bytes(9, np.ascontiguousarray(array).tobytes()))
        return name

    def add(
        self,
        operator: str,
        inputs: Sequence[str],
        outputs: Sequence[str],
        domain: str = "",
        attributes: Mapping[str, int | float] | None = None,
    ) -> str:
        """A node. An input that is left out is ""."""
        parts = [_bytes(1, each.encode()) for each in inputs] + [_bytes(2, each.encode()) for each in outputs]
        parts += [_bytes(3, outputs[0].encode()), _bytes(4, operator.encode())]
        parts += [_bytes(5, _attribute(name, value)) for name, value in (attributes or {}).items()]
        self._nodes.append(b"".join(parts) + (_bytes(7, domain.encode()) if domain else b""))
        return outputs[0]

    def model(self, output: str, axes: Sequence[int | str]) -> bytes:
        """The model as the bytes of a file, with one output of float32."""
        graph = b"".join(
            [*(_bytes(1, node) for node in self._nodes), _bytes(2, b"encoder")]
            + [_bytes(5, tensor) for tensor in self._tensors]
            + [_bytes(11, each) for each in self._inputs]
            + [_bytes(12, _value(output, 1, axes))]
        )
        opsets = _bytes(8, _varint(2, _OPSET)) + _bytes(8, _bytes(1, RUNTIME.encode()) + _varint(2, 1))
        return _varint(1, _IR_VERSION) + _bytes(7, graph) + opsets


def _attribute(name: str, value: int | float) -> bytes:
    if isinstance(value, float):
        return _bytes(1, name.encode()) + _key(2, 5) + np.float32(value).tobytes() + _varint(20, 1)
    return _bytes(1, name.encode()) + _varint(3, value) + _varint(20, 2)


def _value(name: str, kind: int, axes: Sequence[int | str]) -> bytes:
    dims = [_varint(1, axis) if isinstance(axis, int) else _bytes(2, axis.encode()) for axis in axes]
    shape = b"".join(_bytes(1, dim) for dim in dims)
    return _bytes(1, name.encode()) + _bytes(2, _bytes(1, _varint(1, kind) + _bytes(2, shape)))


def _key(field: int, wire: int) -> bytes:
    return _number(field << 3 | wire)


def _varint(field: int, value: int) -> bytes:
    return _key(field, 0) + _number(value)


def _bytes(field: int, value: bytes) -> bytes:
    return _key(field, 2) + _number(len(value)) + value


def _number(value: int) -> bytes:
    pieces = bytearray()
    while value > 127:
        pieces.append(value & 127 | 128)
        value >>= 7
    return bytes([*pieces, value])
