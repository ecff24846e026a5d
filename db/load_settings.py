"""Loads settings from the environment and `.env`; errors name the variable and never its value."""

from __future__ import annotations

from typing import TypeVar

from pydantic import AliasChoices, ValidationError
from pydantic_settings import BaseSettings
from pydantic_settings.exceptions import SettingsError

from db.errors import VoxLoomError

S = TypeVar("S", bound=BaseSettings)


class BadSettings(VoxLoomError):
    """Invalid settings. ``faults``: one line each, starting with the variable."""

    code = "BAD_SETTINGS"

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


def load_settings(settings: type[S]) -> S:
    """Loads settings. Raises BadSettings, with all faults, for invalid values and an unreadable `.env`."""
    try:
        return settings()
    except ValidationError as error:
        faults = [
            f"{_place(settings, each['loc'])}: {_message(str(each['msg']))}"
            for each in error.errors(include_url=False, include_context=False, include_input=False)
        ]
    except SettingsError as error:
        field = next((name for name in settings.model_fields if f'"{name}"' in str(error)), "a setting")
        faults = [f"{_place(settings, (field,))}: it must be JSON ({error.__cause__ or error})"]
    except OSError as error:
        faults = [f"{error.filename or '.env'}: {error.strerror or type(error).__name__}"]
    except UnicodeError:
        faults = [".env: it is not text in UTF-8"]
    raise BadSettings(faults) from None


def variables_of(settings: type[BaseSettings]) -> dict[str, str]:
    """The environment variable of each field, in capitals."""
    prefix = settings.model_config.get("env_prefix", "")
    return {
        name: str(field.validation_alias.choices[0])
        if isinstance(field.validation_alias, AliasChoices)
        else f"{prefix}{name}".upper()
        for name, field in settings.model_fields.items()
    }


def _place(settings: type[BaseSettings], location: tuple[int | str, ...]) -> str:
    name, *within = (str(each) for each in location)
    variable = variables_of(settings).get(name, name.upper())
    return f"{variable} ({'.'.join(within)})" if within else variable


def _message(message: str) -> str:
    return message.removeprefix("Value error, ").rstrip(".")
