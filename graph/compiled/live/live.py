"""Compiled subscriptions: validated once; each event is serialized once per selection and sent to all subscribers."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial
from typing import NamedTuple

import structlog
from cachetools import LRUCache
from graphql import GraphQLError, OperationType
from strawberry import Schema

from db.commands.keys import hash_secret
from db.enums import EventType
from db.feed.events import StoredEvent
from db.feed.feed import Feed
from db.logs import error_fields
from db.postgres.database import Database
from db.postgres.outage import DATABASE_ERRORS, client_error, retry_outage
from graph.api.wait_for_turn import follow_turn
from graph.compiled.live.opening import Opened, open_following
from graph.compiled.live.payload_cache import PayloadCache
from graph.compiled.live.plans import EventPlan
from graph.compiled.reads.selection import Operation, Unsupported
from graph.errors import masked
from graph.guards.document_limits import check_operation
from graph.guards.persisted_documents import Documents
from graph.guards.revocations import Hold
from graph.guards.tokens import parse_within
from graph.guards.variables import variables_fault
from graph.limits import DocumentLimits
from graph.media.signing import MediaSigner
from graph.wire.error_body import failed_result

log = structlog.get_logger(__name__)

_MAX_PLANS = 500

#: Events that may end a subscription.
_ENDS = frozenset(each for each in EventType if each.ends_turn or each is EventType.SESSION_ENDED)
_PATIENCE_SECONDS = 30


#: Sends a payload synchronously; False if it cannot (write buffer full, socket closing).
Push = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Subscribe:
    """A client's subscription request and its API key."""

    text: str
    operation_name: str | None
    variables: Mapping[str, object]
    secret: str
    #: Number of the last event received (Last-Event-ID), 0 if unknown; the later of it and ``afterSeq`` applies.
    seen: int = 0


class Payload(NamedTuple):
    """One event's number and its GraphQL response as JSON text."""

    seq: int
    text: str


@dataclass(slots=True)
class Live:
    """Compiled subscriptions of an API process. With ``enabled`` False every subscription goes to Strawberry."""

    schema: Schema
    database: Database
    feed: Feed
    signer: MediaSigner
    documents: Documents
    limits: DocumentLimits
    enabled: bool
    cache: PayloadCache = field(init=False)
    _plans: LRUCache[tuple[str, str | None], EventPlan | None] = field(default_factory=lambda: LRUCache(_MAX_PLANS))

    def __post_init__(self) -> None:
        self.cache = PayloadCache(self.database.live, self.signer)

    async def open(self, asked: Subscribe) -> Opened | None:
        """Starts a subscription; None if Strawberry must run it, or report its error."""
        try:
            if not self.enabled or variables_fault(asked.variables, self.limits) is not None:
                return None
            plan = self._plan(asked)
            if plan is None:
                return None
            following = plan.following(asked.variables)
            following = replace(following, after_seq=max(following.after_seq, asked.seen or following.after_seq))
            return await open_following(self.database.reader, following, hash_secret(asked.secret))
        except (Unsupported, GraphQLError):
            return None
        except DATABASE_ERRORS as error:
            log.warning("subscribe_failed", **error_fields(error))
            return None

    async def payloads(
        self, opened: Opened, base: str, hold: Hold, push: Push | None = None
    ) -> AsyncGenerator[Payload, None]:
        """The payloads of the subscription's events, first replayed, then live, up to the last.

        Payloads that ``push`` sends are not yielded. Raises Unauthenticated when the key of ``hold`` is revoked.
        """
        if opened.over:
            return
        following = opened.following
        selection, cache = following.selection, self.cache

        def take(event: StoredEvent) -> bool:
            """Pushes an event whose payload is cached or needs no rows; False leaves it to the loop below."""
            if following.turn_id is not None and event.turn_id != following.turn_id:
                return True
            if event.type in _ENDS or push is None or hold.revoked:
                return False
            try:
                payload = cache.known(selection, event, base)
            except Exception:  # the loop below meets the error again, and reports it
                return False
            return payload is not None and push(payload)

        if opened.turn is None:
            events = self.feed.follow(opened.session_id, following.after_seq, take)
        else:
            events = follow_turn(self.feed, opened.turn, following.after_seq, take)
        async with aclosing(events):
            while True:
                try:
                    event = await hold.next(events)
                except StopAsyncIteration:
                    return
                try:
                    payload = cache.known(selection, event, base)
                    if payload is None:
                        make = partial(cache.made, selection, event, base)
                        payload = await retry_outage(make, patience_seconds=_PATIENCE_SECONDS)
                except Exception as error:  # the next event may succeed
                    payload = _broken(error)
                yield Payload(event.seq, payload)
                if event.type is EventType.SESSION_ENDED:
                    return

    async def close(self) -> None:
        await self.cache.close()

    def _plan(self, asked: Subscribe) -> EventPlan | None:
        key = (asked.text, asked.operation_name)
        if key not in self._plans:
            self._plans[key] = self._admitted(asked)
        return self._plans[key]

    def _admitted(self, asked: Subscribe) -> EventPlan | None:
        """Parses and validates a subscription, and compiles its plan.

        None if it is not a subscription or is refused. Raises GraphQLError for a syntax error.
        """
        document = parse_within(asked.text, self.limits)
        operation = Operation.of(document, asked.operation_name)
        schema = self.schema._schema
        refused = (
            operation is None
            or operation.node.operation is not OperationType.SUBSCRIPTION
            or not self.documents.may_run(asked.text)
            or check_operation(schema, document, asked.operation_name, asked.variables, self.limits)
        )
        return None if refused or operation is None else EventPlan(self.schema, operation)


def _broken(error: Exception) -> str:
    """The response in place of an event that cannot be serialized."""
    return failed_result(client_error(error) or masked(error, path="events"))
