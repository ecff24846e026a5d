"""The items of a connection's conversation, for ``conversation.item.retrieve`` and ``truncate``."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from uuid import UUID

from openai.types.realtime import (
    ConversationItem,
    ConversationItemAdded,
    ConversationItemDone,
)

from graph.voice.realtime.client_events import ClientError
from graph.voice.realtime.server_events import event_text

#: The latest items that are kept.
MAX_ITEMS = 200


@dataclass(slots=True)
class SpokenItem:
    """An item of a reply's audio, which begins at ``base_ms`` of the reply; ``sent_ms``: of the item.

    ``truncated``: the client dropped its end.
    """

    item_id: str
    reply_id: UUID
    base_ms: float
    sent_ms: float = 0.0
    truncated: bool = False


@dataclass(slots=True)
class _Kept:
    item: ConversationItem
    previous: str | None
    spoken: SpokenItem | None


class Conversation:
    """Keeps the latest items, and makes the events that tell of them."""

    def __init__(self) -> None:
        self._items: OrderedDict[str, _Kept] = OrderedDict()
        self.last_id: str | None = None

    def add(self, item_id: str, item: ConversationItem, spoken: SpokenItem | None = None) -> str:
        """The event of a new item."""
        kept = self._items[item_id] = _Kept(item, self.last_id, spoken)
        self.last_id = item_id
        if len(self._items) > MAX_ITEMS:
            self._items.popitem(last=False)
        return event_text(ConversationItemAdded, "conversation.item.added", previous_item_id=kept.previous, item=item)

    def finish(self, item_id: str, item: ConversationItem) -> str:
        """The event of an item that is complete."""
        kept = self._items.get(item_id)
        if kept is not None:
            kept.item = item
        previous = None if kept is None else kept.previous
        return event_text(ConversationItemDone, "conversation.item.done", previous_item_id=previous, item=item)

    def replace(self, item_id: str, item: ConversationItem) -> None:
        if item_id in self._items:
            self._items[item_id].item = item

    def item(self, item_id: str) -> ConversationItem:
        """Raises ClientError for an unknown id, and for an item that is not kept any more."""
        return self._kept(item_id).item

    def spoken(self, item_id: str) -> SpokenItem:
        """Raises ClientError for an item that is not a reply's audio."""
        spoken = self._kept(item_id).spoken
        if spoken is None:
            raise ClientError("invalid_value", "Only an item of the assistant's audio has it.", param="item_id")
        return spoken

    def __contains__(self, item_id: str) -> bool:
        return item_id in self._items

    def _kept(self, item_id: str) -> _Kept:
        kept = self._items.get(item_id)
        if kept is None:
            raise ClientError("item_not_found", "There is no such item in this connection.", param="item_id")
        return kept
