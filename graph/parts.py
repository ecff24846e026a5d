"""The parts of an API process that all its requests share, and the ports to those that the composition root chooses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from graphql import DocumentNode

from db.audio.decoder_pool import DecoderPool
from db.audio.store import AudioStore
from db.feed.feed import Feed
from db.models.work import ToolCall
from db.overview.reads import OverviewReads
from db.postgres.database import Database
from db.viewer import Viewer
from graph.guards.call_tokens import CallTokens
from graph.guards.keys import Keys
from graph.guards.open_subscriptions import SubscriptionLimits
from graph.guards.persisted_documents import Documents
from graph.guards.rate_limit import Rates
from graph.guards.revocations import Revocations
from graph.guards.text_threads import TextThreads
from graph.media.signing import MediaSigner
from graph.settings import ApiSettings


class ToolRunner(Protocol):
    async def run(
        self,
        viewer: Viewer,
        session_id: UUID,
        *,
        name: str,
        arguments: Mapping[str, object],
        idempotency_key: str | None,
    ) -> ToolCall:
        """The finished call, ACCEPTED or FAILED; PENDING for a resend of a call that another process still runs.

        Raises NotFound, BadUserInput, IdempotencyConflict, SessionEnded, Overloaded.
        """
        ...


class AdmittedOperations(Protocol):
    def admit(self, text: str, operation_name: str | None, document: DocumentNode) -> None:
        """Admits an operation that has passed every check to the compiled layer."""
        ...


@dataclass(frozen=True, slots=True)
class Parts:
    """The shared parts of an API process."""

    settings: ApiSettings
    database: Database
    feed: Feed
    store: AudioStore
    decoders: DecoderPool
    signer: MediaSigner
    tools: ToolRunner
    admitted: AdmittedOperations
    documents: Documents
    rates: Rates
    keys: Keys
    subscriptions: SubscriptionLimits
    revocations: Revocations
    call_tokens: CallTokens
    overview: OverviewReads
    texts: TextThreads
