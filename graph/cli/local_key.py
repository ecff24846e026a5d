"""The API key of the local user, which ``voxloom up`` creates and the commands that talk to the server use."""

from __future__ import annotations

from pathlib import Path

from db.errors import BadUserInput
from graph.settings import ApiSettings

_KEY_FILE = "api-key"


def local_key(settings: ApiSettings) -> str:
    """The local user's API key: the configured one, or one created once and stored in the data directory."""
    if settings.api_key is not None:
        return settings.api_key.get_secret_value()
    file = settings.data_dir / _KEY_FILE
    make_data_dir(settings)
    try:
        if not file.exists():
            from db.commands.keys import new_secret  # noqa: PLC0415 - a client of the API does without the database

            _write_private(file, new_secret())
        return file.read_text(encoding="ascii").strip()
    except OSError as error:
        raise BadUserInput(f"{file}: {error.strerror}.") from None
    except UnicodeError:
        raise BadUserInput(f"{file} holds no API key: delete it, and `voxloom up` makes one.") from None


def make_data_dir(settings: ApiSettings) -> None:
    """Creates the data directory if it is missing. Raises BadUserInput if it cannot be."""
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadUserInput(f"VOXLOOM_DATA_DIR {settings.data_dir}: {error.strerror}.") from None


def _write_private(file: Path, text: str) -> None:
    draft = file.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.rename(file)
