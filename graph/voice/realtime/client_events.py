"""Client events of the OpenAI Realtime protocol: parsed and validated by the official SDK's own models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from openai.types.realtime import RealtimeClientEvent
from pydantic import BaseModel, ValidationError

from graph.wire.json_reader import NotJson, read_json

#: The longest event_id and id of an item that a client may choose.
MAX_ID = 200


class ClientError(Exception):
    """A fault of a client event, which changed nothing; sent as an ``error`` event.

    ``code``: as the OpenAI API names it where it has one, else an error code of VoxLoom. ``param``: the member.
    ``event_id``: of the client event.
    """

    def __init__(
        self, code: str, message: str, *, param: str | None = None, kind: str = "invalid_request_error"
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.param = param
        self.kind = kind
        self.event_id: str | None = None


def _models() -> Mapping[str, type[BaseModel]]:
    union = get_args(RealtimeClientEvent)[0]
    return {get_args(each.model_fields["type"].annotation)[0]: each for each in get_args(union)}


#: The SDK's model of each client event, by ``type``.
CLIENT_EVENTS = _models()


def read_event(text: str) -> BaseModel:
    """The event in a text message. Raises ClientError, also for an event of an unknown type."""
    try:
        data = read_json(text)
    except NotJson as error:
        raise ClientError("invalid_json", error.message) from None
    if not isinstance(data, dict):
        raise ClientError("invalid_event", "An event must be a JSON object.")
    given = data.get("event_id")
    try:
        return _validated(data)
    except ClientError as error:
        error.event_id = given[:MAX_ID] if isinstance(given, str) else None
        raise


def _validated(data: dict[str, object]) -> BaseModel:
    kind = data.get("type")
    model = CLIENT_EVENTS.get(kind) if isinstance(kind, str) else None
    if model is None:
        known = ", ".join(sorted(CLIENT_EVENTS))
        raise ClientError("invalid_event_type", f"type must be one of: {known}.", param="type")
    try:
        event = model.model_validate(data, strict=True)
    except ValidationError as error:
        fault = error.errors(include_input=False, include_url=False, include_context=False)[0]
        # Without the names of the union's models.
        place = ".".join(str(part) for part in fault["loc"] if not str(part)[:1].isupper())
        raise ClientError("invalid_value", f"{place}: {fault['msg']}.", param=place) from None
    event_id = getattr(event, "event_id", None)
    if event_id is not None and len(event_id) > MAX_ID:
        raise ClientError("invalid_value", f"event_id is longer than {MAX_ID} characters.", param="event_id")
    return event
