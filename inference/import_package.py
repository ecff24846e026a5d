"""Importing a package whose modules several threads import: engines are loaded side by side, each in a thread."""

from __future__ import annotations

import importlib


def import_package(name: str) -> None:
    """Imports the package ``name``, to be called before a module of it is imported in a thread.

    An import of ``package.module`` holds the lock of the module while it waits for the package. If another thread is
    importing the package, which itself imports that module, the two wait for each other, and Python ends one of them
    with a ``_DeadlockError``. Who imports the package first holds no other lock. Raises ImportError.
    """
    importlib.import_module(name)
