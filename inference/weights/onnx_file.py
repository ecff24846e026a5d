"""Parser of ONNX files by protobuf alone: weights and nodes. The onnx package is 31 MB and would serve only this.

``_MESSAGES`` declares the needed part of the ONNX intermediate representation (github.com/onnx/onnx, ``onnx.proto3``);
protobuf skips other fields.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from db.errors import EngineUnavailable

_Field = descriptor_pb2.FieldDescriptorProto
_PACKAGE = "voxloom.onnx"
#: Message -> (field, number, type or name of a message, whether it is repeated).
_MESSAGES: dict[str, tuple[tuple[str, int, int | str, bool], ...]] = {
    "ModelProto": (("graph", 7, "GraphProto", False),),
    "GraphProto": (("node", 1, "NodeProto", True), ("initializer", 5, "TensorProto", True)),
    "NodeProto": (
        ("input", 1, _Field.TYPE_STRING, True),
        ("output", 2, _Field.TYPE_STRING, True),
        ("name", 3, _Field.TYPE_STRING, False),
        ("op_type", 4, _Field.TYPE_STRING, False),
    ),
    "TensorProto": (
        ("dims", 1, _Field.TYPE_INT64, True),
        ("data_type", 2, _Field.TYPE_INT32, False),
        ("float_data", 4, _Field.TYPE_FLOAT, True),
        ("int64_data", 7, _Field.TYPE_INT64, True),
        ("name", 8, _Field.TYPE_STRING, False),
        ("raw_data", 9, _Field.TYPE_BYTES, False),
    ),
}
#: TensorProto.DataType -> numpy type; ``raw_data`` is little-endian.
_DTYPES = {1: "<f4", 6: "<i4", 7: "<i8", 9: "?", 10: "<f2", 11: "<f8"}


def _model_class() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="voxloom/onnx.proto", package=_PACKAGE, syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, number, kind, repeated in fields:
            added = message.field.add(name=field, number=number)
            added.label = _Field.LABEL_REPEATED if repeated else _Field.LABEL_OPTIONAL
            if isinstance(kind, str):
                added.type, added.type_name = _Field.TYPE_MESSAGE, f".{_PACKAGE}.{kind}"
            else:
                added.type = _Field.Type.ValueType(kind)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.ModelProto"))


def read_graph(path: Path) -> Any:
    """The graph of an ONNX file: ``.node`` and ``.initializer``. Raises EngineUnavailable for another file."""
    model = _model_class()()
    try:
        model.ParseFromString(path.read_bytes())
    except DecodeError:
        raise EngineUnavailable(f"{path.name} is not an ONNX file.") from None
    return model.graph


def values_of(tensor: Any) -> NDArray[Any]:
    """The array of an initializer, in its shape. Raises EngineUnavailable for an unsupported type."""
    dtype = _DTYPES.get(tensor.data_type)
    if dtype is None:
        raise EngineUnavailable(f"The tensor {tensor.name} has the unsupported ONNX data type {tensor.data_type}.")
    if tensor.raw_data:
        values = np.frombuffer(tensor.raw_data, dtype)
    else:
        values = np.array(tensor.float_data or tensor.int64_data, dtype)
    return values.reshape(tuple(tensor.dims))
