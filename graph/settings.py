"""The API's settings, read from the environment (VOXLOOM_*) and .env; ``.env.example`` describes each."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, SecretStr

from db.queue.limits import QueueLimits
from db.settings import DatabaseSettings
from graph.limits import MAX_PAGE_SIZE, ConnectionLimits, DocumentLimits

#: Their numbers are the defaults of the settings of the same names.
_DOCUMENT, _CONNECTION, _QUEUE = DocumentLimits(), ConnectionLimits(), QueueLimits()


class ApiSettings(DatabaseSettings):
    """Address, authentication and limits of the API."""

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    voice_port: int = Field(8010, ge=0, le=65535)
    voice_url: str | None = None
    api_key: SecretStr | None = None
    public_url: str | None = None
    max_audio_bytes: int = Field(25_000_000, ge=1_000, le=1_000_000_000)
    max_wait_seconds: float = Field(60, gt=0, le=600)
    media_url_seconds: int = Field(3600, ge=60, le=604_800)
    connection_init_seconds: float = Field(10, gt=0, le=300)
    max_queued_turns_per_session: int = Field(_QUEUE.per_session, ge=1)
    max_queued_turns_per_tenant: int = Field(_QUEUE.per_tenant, ge=1)
    live_worker_seconds: float = Field(15, gt=0)
    max_document_bytes: int = Field(_DOCUMENT.max_document_bytes, ge=1_000, le=1_000_000)
    max_tokens: int = Field(_DOCUMENT.max_tokens, ge=100, le=50_000)
    max_depth: int = Field(_DOCUMENT.max_depth, ge=2, le=50)
    max_fields: int = Field(_DOCUMENT.max_fields, ge=10, le=50_000)
    max_aliases: int = Field(_DOCUMENT.max_aliases, ge=0)
    max_root_fields: int = Field(_DOCUMENT.max_root_fields, ge=1)
    max_cost: int = Field(_DOCUMENT.max_cost, ge=100)
    max_page_size: int = Field(_DOCUMENT.max_page_size, ge=1, le=MAX_PAGE_SIZE)
    max_value_depth: int = Field(_DOCUMENT.max_value_depth, ge=3, le=100)
    max_values: int = Field(_DOCUMENT.max_values, ge=100)
    max_response_bytes: int = Field(50_000_000, ge=100_000)
    introspection: bool = _DOCUMENT.introspection
    operation_seconds: float = Field(30, gt=0, le=600)
    requests_per_minute: int = Field(6_000, ge=0)
    upload_bytes_per_second: int = Field(10_000_000, ge=0)
    max_subscriptions_per_key: int = Field(10_000, ge=1)
    max_subscriptions: int = Field(20_000, ge=1)
    max_operations_per_socket: int = Field(100, ge=1)
    max_head_bytes: int = Field(_CONNECTION.max_head_bytes, ge=4_096, le=1_000_000)
    max_headers: int = Field(_CONNECTION.max_headers, ge=20, le=1_000)
    head_seconds: float = Field(_CONNECTION.head_seconds, gt=0, le=300)
    body_idle_seconds: float = Field(_CONNECTION.body_idle_seconds, gt=0, le=300)
    body_seconds: float = Field(_CONNECTION.body_seconds, gt=0, le=3_600)
    stalled_write_seconds: float = Field(_CONNECTION.stalled_write_seconds, gt=0, le=3_600)
    max_connections: int = Field(_CONNECTION.max_connections, ge=1)
    max_connections_per_address: int = Field(_CONNECTION.max_connections_per_address, ge=1)
    max_bytes_in_flight: int = Field(_CONNECTION.max_bytes_in_flight, ge=100_000)
    trusted_proxies: tuple[str, ...] = _CONNECTION.trusted_proxies
    allowed_hosts: tuple[str, ...] = ()
    csrf_protection: bool = True
    cors_origins: tuple[str, ...] = ()
    trusted_documents: Path | None = None
    compiled_operations: bool = True
    read_connections: int = Field(4, ge=1, le=100)
    response_cache_bytes: int = Field(256_000_000, ge=0)
    gzip_bytes: int = Field(16_384, ge=0)

    @property
    def host_names(self) -> tuple[str, ...]:
        """Allowed host names (Host header), that of ``public_url`` included; empty for any."""
        public = None if self.public_url is None else urlsplit(self.public_url).hostname
        return (*self.allowed_hosts, public) if self.allowed_hosts and public else self.allowed_hosts

    @property
    def queue_limits(self) -> QueueLimits:
        return QueueLimits(self.max_queued_turns_per_session, self.max_queued_turns_per_tenant)

    @property
    def connection_limits(self) -> ConnectionLimits:
        return ConnectionLimits(**{each.name: getattr(self, each.name) for each in fields(ConnectionLimits)})

    @property
    def document_limits(self) -> DocumentLimits:
        return DocumentLimits(**{each.name: getattr(self, each.name) for each in fields(DocumentLimits)})
