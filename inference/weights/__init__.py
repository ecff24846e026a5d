"""Model weights: found in installed packages, checked by SHA-256, converted once and kept in a cache on disk.

What the rest of VoxLoom imports (an import contract in pyproject.toml protects the other files):

- ``cache``: `PackageFile` finds and verifies a file of a package; `ModelCache` builds a model's directory once.
- ``whisper_from_ctranslate2.write_checkpoint``: CTranslate2's ``model.bin`` to openai-whisper's checkpoint.
- ``espnet_from_piper.write_weights``: a Piper voice's ONNX file to ESPnet's ``model.pth``.

Each conversion is two files: a reader of the source's format, which knows no model (``ctranslate2_file``, ``onnx_file``
with ``piper_tensors``), and a mapping of tensor names, which leaves no tensor out and raises EngineUnavailable where
one is missing or unknown. ``torch_file`` writes the result. A further conversion gets the same two files and a line
here; the engine that loads the result names the package, the hashes and the version of the conversion.

Why by hand, and what libraries there are: docs/explanation/written-by-hand.md.
"""
