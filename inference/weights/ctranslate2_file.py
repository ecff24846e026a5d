"""Parser of CTranslate2's ``model.bin``.

Layout, as written by its ``specs/model_spec.py`` (little-endian): version, name and revision of the spec; then
each variable as name, rank, dimensions, type and bytes; then pairs of names, the first an alias of the second.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from db.errors import EngineUnavailable

_BINARY_VERSION = 6
_TYPES = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}


@dataclass(frozen=True, slots=True)
class ModelFile:
    """``variables``: views of the parsed bytes. ``aliases``: name -> variable."""

    spec: str
    variables: dict[str, NDArray[Any]]
    aliases: dict[str, str]


def read_model_file(data: bytes) -> ModelFile:
    """Parses a ``model.bin``. Raises EngineUnavailable for another version and for truncated or trailing data."""
    reader = _Reader(data)
    try:
        version = reader.number("I")
        if version != _BINARY_VERSION:
            raise EngineUnavailable(
                f"The CTranslate2 model has version {version}; VoxLoom reads version {_BINARY_VERSION}."
            )
        spec, _revision = reader.text(), reader.number("I")
        variables = dict(reader.variable() for _ in range(reader.number("I")))
        aliases = {reader.text(): reader.text() for _ in range(reader.number("I"))}
    except (struct.error, KeyError, ValueError) as exc:
        raise EngineUnavailable("The CTranslate2 model is damaged.") from exc
    if reader.left:
        raise EngineUnavailable("The CTranslate2 model has data after its end.")
    return ModelFile(spec, variables, aliases)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def number(self, kind: str) -> int:
        (value,) = struct.unpack_from(f"<{kind}", self._data, self._at)
        self._at += struct.calcsize(kind)
        return int(value)

    def text(self) -> str:
        return bytes(self._bytes(self.number("H"))).rstrip(b"\0").decode()

    def variable(self) -> tuple[str, NDArray[Any]]:
        name = self.text()
        shape = [self.number("I") for _ in range(self.number("B"))]
        kind = _TYPES[self.number("B")]
        return name, np.frombuffer(self._bytes(self.number("I")), dtype=kind).reshape(shape)

    def _bytes(self, count: int) -> memoryview:
        if count > self.left:
            raise ValueError("truncated")
        self._at += count
        return memoryview(self._data)[self._at - count : self._at]
