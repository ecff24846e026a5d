"""Knowledge of agents' versions: asks for passages, keeps them with their embeddings, and searches them (pgvector)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, func, insert, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from db.agents.definition import KnowledgeSource
from db.agents.pinned import PINNED_JOIN, definition_of_version
from db.enums import KnowledgeStatus
from db.errors import EngineUnavailable
from db.ids import new_id
from db.models.agents import AgentVersion
from db.models.knowledge import KnowledgeIndex, KnowledgePassage, KnowledgeSentence
from db.postgres.reader import Reader
from db.validation import sanitize_text

#: Dimensions of an embedding.
SIZE = 384

#: Why knowledge cannot be used on this server.
NO_PGVECTOR = (
    "Knowledge needs the Postgres extension vector (pgvector), which this database does not have: install pgvector on"
    " the server, and run `create extension vector` in the database."
)

#: A worker that has not reported for so long is dead, and another one begins anew.
_SILENT = timedelta(seconds=120)
_MAX_ATTEMPTS = 5

#: Rows of one INSERT.
_ROWS = 500

_HAS_PGVECTOR = text("select exists (select from pg_extension where extname = 'vector')")

#: The status of the session's knowledge, and its passages, nearest first: the similarity of a passage is that of its
#: nearest sentence. $1: session, $2: tenant, $3: embedding of the query, $4: how many.
_SEARCH = f"""
with mine as (
  select pinned.id from sessions {PINNED_JOIN} where sessions.id = $1::uuid and sessions.tenant_id = $2::uuid
), scored as materialized (
  select sentence.passage_id,
    1 - (sentence.embedding::vector({SIZE}) <=> $3::real[]::vector({SIZE})) as similarity
  from mine join knowledge_sentences sentence on sentence.agent_version_id = mine.id
), nearest as (
  select passage_id, max(similarity) as similarity from scored
  group by passage_id order by max(similarity) desc, passage_id limit $4
)
select status.status, passage.source, passage.heading, passage.text, nearest.similarity,
  (select avg(similarity) from scored), (select count(*) from scored)
from mine left join knowledge_indexes status on status.agent_version_id = mine.id
left join nearest on true left join knowledge_passages passage on passage.id = nearest.passage_id
order by nearest.similarity desc
"""  # noqa: S608 - of constants


@dataclass(frozen=True, slots=True)
class NewPassage:
    """A passage to keep. ``checksums``: ``checksum_of`` each of its sentences as they are embedded."""

    source: str
    position: int
    heading: str
    text: str
    checksums: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class FoundPassage:
    """A passage that was found. ``similarity``: cosine similarity of the query and its nearest sentence, -1..1.

    ``usual``: the average over all sentences of the agent's knowledge, of which there are ``sentences``.
    """

    source: str
    heading: str
    text: str
    similarity: float
    usual: float
    sentences: int


@dataclass(frozen=True, slots=True)
class Claimed:
    """A version whose passages are to be made by this worker, and its texts."""

    tenant_id: UUID
    agent_version_id: UUID
    sources: Sequence[KnowledgeSource]


def checksum_of(model: str, embedded: str) -> bytes:
    """SHA-256 of an embedded text and the model: equal ones have equal embeddings."""
    return hashlib.sha256(f"{model}\0{embedded}".encode()).digest()


async def has_pgvector(session: AsyncSession) -> bool:
    return bool(await session.scalar(_HAS_PGVECTOR))


async def request_passages(session: AsyncSession, version: AgentVersion) -> None:
    """Asks workers to make the passages of a new version. Raises EngineUnavailable without pgvector."""
    if not await has_pgvector(session):
        raise EngineUnavailable(NO_PGVECTOR)
    wanted = upsert(KnowledgeIndex).values(
        id=new_id(),
        agent_version_id=version.id,
        tenant_id=version.tenant_id,
        status=KnowledgeStatus.PENDING,
        passages=0,
        attempts=0,
    )
    await session.execute(wanted.on_conflict_do_nothing())


async def claim(session: AsyncSession) -> Claimed | None:
    """Takes the version that has waited longest, also from a worker that died; None if there is none."""
    lost = KnowledgeIndex.claimed_at < func.now() - _SILENT
    waiting = (
        select(KnowledgeIndex)
        .where(KnowledgeIndex.status == KnowledgeStatus.PENDING, or_(KnowledgeIndex.claimed_at.is_(None), lost))
        .order_by(KnowledgeIndex.created_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    found = await session.scalar(waiting)
    if found is None:
        return None
    if found.attempts >= _MAX_ATTEMPTS:
        found.status, found.error = KnowledgeStatus.FAILED, "Several workers stopped while they prepared the knowledge."
        return None
    found.attempts += 1
    found.claimed_at = await session.scalar(select(func.now()))
    definition = await definition_of_version(session, found.agent_version_id)
    return Claimed(found.tenant_id, found.agent_version_id, definition.knowledge)


async def report(session: AsyncSession, claimed: Claimed) -> None:
    """Says that this worker still works on it."""
    mine = KnowledgeIndex.agent_version_id == claimed.agent_version_id
    await session.execute(update(KnowledgeIndex).where(mine).values(claimed_at=func.now()))


async def known_embeddings(
    session: AsyncSession, tenant_id: UUID, checksums: Sequence[bytes]
) -> Mapping[bytes, Sequence[float]]:
    """Embeddings that other versions of the tenant's agents have, by checksum."""
    query = select(KnowledgeSentence.checksum, KnowledgeSentence.embedding).where(
        KnowledgeSentence.tenant_id == tenant_id, KnowledgeSentence.checksum.in_(checksums)
    )
    return {row.checksum: row.embedding for row in await session.execute(query)}


async def keep_passages(
    session: AsyncSession,
    claimed: Claimed,
    passages: Sequence[NewPassage],
    embeddings: Mapping[bytes, Sequence[float]],
) -> None:
    """Replaces the version's passages and marks them as ready. ``embeddings``: by checksum."""
    mine = claimed.agent_version_id
    locked = select(KnowledgeIndex).where(KnowledgeIndex.agent_version_id == mine).with_for_update()
    index = (await session.scalars(locked)).one()
    await session.execute(delete(KnowledgePassage).where(KnowledgePassage.agent_version_id == mine))
    kept, sentences = [], []
    for each in passages:
        passage_id = new_id()
        owner = {"tenant_id": claimed.tenant_id, "agent_version_id": mine}
        texts = {"heading": sanitize_text(each.heading), "text": sanitize_text(each.text)}
        kept.append({**owner, **texts, "id": passage_id, "source": each.source, "position": each.position})
        sentences += [
            {
                **owner,
                "id": new_id(),
                "passage_id": passage_id,
                "checksum": checksum,
                "embedding": list(embeddings[checksum]),
            }
            for checksum in each.checksums
        ]
    await session.execute(insert(KnowledgePassage), kept)
    for at in range(0, len(sentences), _ROWS):
        await session.execute(insert(KnowledgeSentence), sentences[at : at + _ROWS])
    index.status, index.passages, index.error = KnowledgeStatus.READY, len(kept), None


async def refuse_knowledge(session: AsyncSession, claimed: Claimed, error: str) -> None:
    """Marks the version's knowledge as unusable. ``error``: the reason, without the text."""
    mine = KnowledgeIndex.agent_version_id == claimed.agent_version_id
    await session.execute(update(KnowledgeIndex).where(mine).values(status=KnowledgeStatus.FAILED, error=error))


async def search_passages(
    reader: Reader, *, tenant_id: UUID, session_id: UUID, embedding: Sequence[float], limit: int
) -> tuple[KnowledgeStatus | None, list[FoundPassage]]:
    """The status of the knowledge of the session's agent, None without any, and its passages nearest first."""
    rows = await reader.rows(_SEARCH, [session_id, tenant_id, list(embedding), limit])
    status = None if not rows or rows[0][0] is None else KnowledgeStatus(rows[0][0])
    return status, [FoundPassage(*row[1:]) for row in rows if row[1] is not None]
