"""Writes files of torch tensors; a full disk raises OSError."""

from __future__ import annotations

import io
from pathlib import Path

import torch


def save_tensors(value: object, path: Path) -> None:
    """``torch.save`` through memory: torch's own writer loses the operating system's error."""
    buffer = io.BytesIO()
    torch.save(value, buffer)
    path.write_bytes(buffer.getbuffer())
