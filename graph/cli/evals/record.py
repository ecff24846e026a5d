"""Writes a stored conversation as an eval file, so that a complaint from production becomes a test."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import yaml

from db.errors import NotFound
from db.json_value import Json
from graph.cli.api_client import ApiClient, ServerObject, ServerUnusable

_SESSION = """query($session: ID!) { conversation(sessionId: $session) {
  session { persona language metadata }
  messages { role type text audio { url } turn { number } }
  crmRecords { scenario intent name phone accountId priority details }
} }"""
_KNOWN = ("name", "phone", "account_id")
_HEADER = """# Recorded from a conversation: the records below are those that it has. Change them to what is right,
# and write what each reply must and must not say (docs/how-to/evals.md).
"""


async def record(api: ApiClient, session: str, file: Path, *, after: int) -> int:
    """Writes the customer's lines and the session's records; recordings as files beside it.

    ``after``: only lines of later turns. Returns the number of lines. Raises NotFound and ServerUnusable.
    """
    try:
        found = (await api.call(_SESSION, session=session))["conversation"]
        if found is None:
            raise NotFound("No such session.")
        turns = [
            await _line(api, each, file)
            for each in found["messages"]
            if each["role"] == "USER" and each["turn"]["number"] > after
        ]
    except httpx.HTTPError as error:
        raise ServerUnusable(f"The server does not answer ({type(error).__name__}).") from None
    conversation: ServerObject = {"name": session, "language": found["session"]["language"]}
    metadata = found["session"]["metadata"] or {}
    if known := {key: metadata[key] for key in _KNOWN if key in metadata}:
        conversation["known"] = known
    conversation |= {"turns": turns, "expect": {"records": [_record(each) for each in found["crmRecords"]]}}
    document = {"agent": found["session"]["persona"], "kind": "recorded", "conversations": [conversation]}
    text = _HEADER + yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=120)
    await asyncio.to_thread(file.write_text, text, "utf-8")
    return len(turns)


async def _line(api: ApiClient, message: ServerObject, file: Path) -> dict[str, Json]:
    if message["type"] != "AUDIO" or message["audio"] is None:
        return {"say": message["text"] or ""}
    sound = file.with_name(f"{file.name.removesuffix('.eval.yaml')}-{message['turn']['number']}.audio")
    data = await api.fetch(message["audio"]["url"])
    await asyncio.to_thread(sound.write_bytes, data)
    return {"audio": sound.name}


def _record(record: ServerObject) -> dict[str, Json]:
    standard = {"name": record["name"], "phone": record["phone"], "account_id": record["accountId"]}
    fields = {**standard, **(record["details"] or {})}
    return {
        "scenario": record["scenario"],
        "intent": record["intent"],
        "priority": record["priority"],
        "fields": fields,
    }
