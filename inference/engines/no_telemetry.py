"""Importing this first keeps onnxruntime from sending usage data: nothing here talks to anybody unasked."""

from __future__ import annotations

import os

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
