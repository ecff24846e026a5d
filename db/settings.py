"""Settings (environment variables) shared by API and worker: database, audio, decoders, MCP servers."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import AliasChoices, BaseModel, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from db.agents.tool_names import BUILT_IN_SERVERS
from db.audio.recording import CustomerChannel
from db.errors import BadUserInput


class McpServerSettings(BaseModel):
    """An external MCP server: a ``url`` (streamable HTTP), or a ``command`` to start (stdio).

    ``command``: program and arguments. ``env``: variables beside PATH and the like. ``tools``: names of the tools that
    may be used; None: all.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,30}$")
    url: str | None = None
    token: SecretStr | None = None
    command: tuple[str, ...] = ()
    env: dict[str, SecretStr] = {}
    timeout_seconds: float = Field(10, gt=0, le=120)
    tools: tuple[str, ...] | None = None

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if (self.url is None) == (not self.command):
            raise ValueError("an MCP server has either a url or a command")
        if self.name in BUILT_IN_SERVERS:
            raise ValueError("this name is that of a built-in MCP server")
        return self


class DatabaseSettings(BaseSettings):
    """Environment variables with the prefix VOXLOOM_, except DATABASE_URL and DATABASE_LISTEN_URL; also of `.env`."""

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
        """The address for LISTEN, queue and migrations that bypasses the pooler of DATABASE_URL; None without one.

        Raises BadUserInput without DATABASE_URL: the embedded Postgres would be another database.
        """
        if self.database_listen_url is not None and self.database_url is None:
            raise BadUserInput("DATABASE_LISTEN_URL is set without DATABASE_URL.")
        return self.database_listen_url
