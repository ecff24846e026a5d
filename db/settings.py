"""What API and worker share: where the database is, how much of it a process may use, and which tools there are."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import AliasChoices, BaseModel, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from db.audio.recording import CustomerChannel
from db.errors import BadUserInput


class McpServerSettings(BaseModel):
    """An external MCP server: at a ``url`` (streamable HTTP), or a program that is started and spoken to over stdio.

    ``command`` is the program and its arguments, ``env`` what it gets beside PATH and the like. ``tools`` are those
    that may be used; None: all.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,30}$")
    url: str | None = None
    token: SecretStr | None = None
    command: tuple[str, ...] = ()
    env: dict[str, SecretStr] = {}
    timeout_seconds: float = Field(10, gt=0, le=120)
    tools: tuple[str, ...] | None = None

    @model_validator(mode="after")
    def _reached_in_one_way(self) -> Self:
        if (self.url is None) == (not self.command):
            raise ValueError("an MCP server has either a url or a command")
        return self


class DatabaseSettings(BaseSettings):
    """Environment variables with the prefix VOXLOOM_, but for DATABASE_URL and the like; `.env` is read too."""

    model_config = SettingsConfigDict(
        env_prefix="VOXLOOM_", env_file=".env", extra="ignore", populate_by_name=True, env_ignore_empty=True
    )

    database_url: str | None = Field(None, validation_alias=AliasChoices("DATABASE_URL", "database_url"))
    database_listen_url: str | None = Field(
        None, validation_alias=AliasChoices("DATABASE_LISTEN_URL", "database_listen_url")
    )
    data_dir: Path = Path(".voxloom")
    database_pool: int = Field(10, ge=2, le=200)
    database_timeout_seconds: float = Field(15, gt=0, le=600)
    audio_store_url: str | None = None
    max_audio_seconds: float = Field(300, gt=0, le=3600)
    decoder_processes: int = Field(2, ge=1, le=64)
    customer_channel: CustomerChannel = "auto"
    tool_timeout_seconds: float = Field(15, gt=0)
    mcp_servers: tuple[McpServerSettings, ...] = ()

    @property
    def listen_url(self) -> str | None:
        """Where LISTEN, the queue and migrations go past the connection pooler of DATABASE_URL; None if there is none.

        Raises BadUserInput if it is given alone: then the two would be different databases.
        """
        if self.database_listen_url is not None and self.database_url is None:
            raise BadUserInput("DATABASE_LISTEN_URL is set without DATABASE_URL.")
        return self.database_listen_url
