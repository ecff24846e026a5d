"""Makes the passages of published knowledge: cuts, embeds what is new, and keeps them.

Any number of workers may run it. No transaction is held while the model works. A version whose worker dies is taken up
by another one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

import structlog

from db.agents.knowledge import (
    Claimed,
    NewPassage,
    checksum_of,
    claim,
    keep_passages,
    known_embeddings,
    refuse_knowledge,
    report,
)
from db.errors import EngineUnavailable
from db.postgres.database import Database
from db.postgres.outage import run_forever
from inference.knowledge.passages import NoPassages, cut
from inference.ports import TextEmbedder

#: Texts that are embedded at once, after which the worker reports that it lives.
_BATCH = 16

#: Different sentences of one version: embedding them takes minutes.
_MAX_SENTENCES = 20_000

log = structlog.get_logger(__name__)


class KnowledgeIndexer:
    """``poll_seconds``: how often it looks for a version that waits."""

    def __init__(self, database: Database, embedder: TextEmbedder, *, poll_seconds: float = 2) -> None:
        self._database = database
        self._embedder = embedder
        self._poll_seconds = poll_seconds

    async def run(self) -> None:
        """Polls until cancelled; database outages are logged and outlasted."""
        await run_forever(self.index_all, lost="knowledge_index_failed", pause_seconds=self._poll_seconds)

    async def index_all(self) -> None:
        """Makes the passages of all versions that wait."""
        while (claimed := await self._database.run(claim)) is not None:
            try:
                await self._index(claimed)
            except (NoPassages, EngineUnavailable) as error:
                reason = error.message if isinstance(error, EngineUnavailable) else str(error)
                await self._database.run(partial(refuse_knowledge, claimed=claimed, error=reason))
                log.warning("knowledge_refused", agent_version_id=str(claimed.agent_version_id), reason=reason)

    async def _index(self, claimed: Claimed) -> None:
        passages, texts = await asyncio.to_thread(_cut_all, claimed, self._embedder.name)
        embeddings: dict[bytes, Sequence[float]] = {}
        async with self._database.reading() as session:
            embeddings |= await known_embeddings(session, claimed.tenant_id, list(texts))
        new = [checksum for checksum in texts if checksum not in embeddings]
        for at in range(0, len(new), _BATCH):
            batch = new[at : at + _BATCH]
            vectors = await self._embedder.embed([texts[each] for each in batch], query=False)
            embeddings.update(zip(batch, vectors, strict=True))
            await self._database.run(partial(report, claimed=claimed))
        await self._database.run(partial(keep_passages, claimed=claimed, passages=passages, embeddings=embeddings))
        log.info(
            "knowledge_ready",
            agent_version_id=str(claimed.agent_version_id),
            passages=len(passages),
            embedded=len(new),
        )


def _cut_all(claimed: Claimed, model: str) -> tuple[list[NewPassage], dict[bytes, str]]:
    """The passages of all sources, and what is embedded of each by checksum. Raises NoPassages."""
    passages: list[NewPassage] = []
    texts: dict[bytes, str] = {}
    for source in claimed.sources:
        for position, each in enumerate(cut(source.text or "")):
            sentences = {checksum_of(model, sentence): sentence for sentence in each.embedded}
            texts |= sentences
            passages.append(NewPassage(source.source, position, each.heading, each.text, tuple(sentences)))
        if len(texts) > _MAX_SENTENCES:
            raise NoPassages(f"The texts have more than {_MAX_SENTENCES} sentences.")
    if not passages:
        raise NoPassages("The texts have no sentences.")
    return passages, texts
