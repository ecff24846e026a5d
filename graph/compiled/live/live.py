"""Subscriptions without an executor: admitted once, then each event is written once and sent to all."""

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
from graph.compiled.live.payload_cache import Encodings
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

#: After these a subscription may be over.
_ENDS = frozenset(each for each in EventType if each.ends_turn or each is EventType.SESSION_ENDED)
_PATIENCE_SECONDS = 30


#: Sends a payload at once, or says that it cannot.
Push = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Subscribe:
    """What a client asks to follow, and with which key."""

    text: str
    operation_name: str | None
    variables: Mapping[str, object]
    secret: str
    #: The event that was seen last, where the transport tells (Last-Event-ID); afterSeq counts if it is later.
    seen: int = 0


class Payload(NamedTuple):
    """What is sent for one event, and the event's number."""

    seq: int
    text: str


@dataclass(slots=True)
class Live:
    """The live layer of an API process. Not ``enabled``, it sends everybody the full way."""

    schema: Schema
    database: Database
    feed: Feed
    signer: MediaSigner
    documents: Documents
    limits: DocumentLimits
    enabled: bool
    encodings: Encodings = field(init=False)
    _plans: LRUCache[tuple[str, str | None], EventPlan | None] = field(default_factory=lambda: LRUCache(_MAX_PLANS))

    def __post_init__(self) -> None:
        self.encodings = Encodings(self.database.live, self.signer)

    async def open(self, asked: Subscribe) -> Opened | None:
        """Begins a subscription; null if it must go the full way, which has the words for whatever is wrong."""
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
        """The payloads of the subscription's events, replayed and then live, up to its last.

        What ``push`` takes does not come here. Raises Unauthenticated when ``hold``, the key's, is revoked.
        """
        if opened.over:
            return
        following = opened.following
        selection, encodings = following.selection, self.encodings

        def take(event: StoredEvent) -> bool:
            """Has what is written already, or can be at once, pushed; ends and troubles are for the follower."""
            if following.turn_id is not None and event.turn_id != following.turn_id:
                return True
            if event.type in _ENDS or push is None or hold.revoked:
                return False
            try:
                payload = encodings.known(selection, event, base)
            except Exception:  # it is met again, and told, where the event comes next
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
                    payload = encodings.known(selection, event, base)
                    if payload is None:
                        make = partial(encodings.made, selection, event, base)
                        payload = await retry_outage(make, patience_seconds=_PATIENCE_SECONDS)
                except Exception as error:  # one event's trouble is not the next one's
                    payload = _broken(error)
                yield Payload(event.seq, payload)
                if event.type is EventType.SESSION_ENDED:
                    return

    async def close(self) -> None:
        await self.encodings.close()

    def _plan(self, asked: Subscribe) -> EventPlan | None:
        key = (asked.text, asked.operation_name)
        if key not in self._plans:
            self._plans[key] = self._admitted(asked)
        return self._plans[key]

    def _admitted(self, asked: Subscribe) -> EventPlan | None:
        """The full way up to where something would run, for a subscription that is to be followed here.

        Null if it is none, or is refused. Raises GraphQLError for a document that cannot be read.
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
    """What is sent in the place of an event that cannot be written."""
    return failed_result(client_error(error) or masked(error, path="events"))
