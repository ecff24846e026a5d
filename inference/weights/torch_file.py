"""Files of torch tensors, written so that a full disk is an OSError."""

from __future__ import annotations

import io
from pathlib import Path

import torch


def save_tensors(value: object, path: Path) -> None:
    """``torch.save``, by way of memory: when torch writes a file itself, what the system said of it is lost."""
    buffer = io.BytesIO()
    torch.save(value, buffer)
    path.write_bytes(buffer.getbuffer())
