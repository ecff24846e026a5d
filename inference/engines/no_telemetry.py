"""Disables the telemetry of onnxruntime; import it before onnxruntime."""

from __future__ import annotations

import os

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
