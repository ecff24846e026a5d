"""The MCP server of the CRM tools (Model Context Protocol, official SDK).

There are two: ``pipeline_server`` in the worker's own process, and ``public_server`` over HTTP for holders of an API
key. They differ in how they know on whose behalf a tool runs.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import mcp_types as types
import structlog
from mcp.server import Server, ServerRequestContext
from sqlalchemy.ext.asyncio import AsyncSession

from db.agents.pinned import agent_of, agents_of
from db.agents.tool_names import CRM_SERVER
from db.commands.sessions import lock_session
from db.errors import BadUserInput, InternalError, NotFound, VoxLoomError
from db.ids import new_id, parse_id
from db.json_value import Json
from db.logs import error_fields
from db.models.work import ToolCall
from db.postgres.database import Database
from db.postgres.outage import client_error, retry_outage
from db.turns import tool_calls
from db.validation import validate_json
from db.viewer import Viewer
from inference.ports import ToolContext
from inference.tools.crm import run_crm_tool
from inference.tools.crm_specs import crm_tools

CONTEXT_META = "voxloom/context"
KEY_META = "voxloom/idempotency_key"

#: Every call has an idempotency key: a repeated call returns the first result.
_ONCE = types.ToolAnnotations(idempotent_hint=True, destructive_hint=False, open_world_hint=False)

_MAX_CALLED = 1_000

log = structlog.get_logger(__name__)

_SESSION_ARGUMENT = {"type": "string", "description": "The id of the session on whose behalf the tool runs."}

ViewerOf = Callable[[ServerRequestContext[Any]], Viewer]
_Lister = Callable[[ServerRequestContext[Any], str | None], Awaitable[types.ListToolsResult]]


@dataclass(frozen=True, slots=True)
class _Call:
    context: ToolContext
    arguments: dict[str, Json]


def pipeline_server(database: Database, *, patience_seconds: float) -> Server[Any]:
    """The server for turns: the intent is on record already, and the request's metadata holds its ids.

    ``patience_seconds``: how long a call is retried while the database is unavailable.
    """

    #: Tools that were called. The SDK's client looks each up in the list when it checks its first result, and warns
    #: at every call of one that is not there.
    called: dict[str, types.Tool] = {}

    async def begin(_: ServerRequestContext[Any], params: types.CallToolRequestParams) -> _Call:
        context: dict[str, str] = dict[str, Json](params.meta or {})[CONTEXT_META]
        if len(called) < _MAX_CALLED:
            called.setdefault(params.name, types.Tool(name=params.name, input_schema={"type": "object"}))
        return _Call(ToolContext(**context), params.arguments or {})

    async def listed(_: ServerRequestContext[Any], __: str | None) -> types.ListToolsResult:
        return types.ListToolsResult(tools=list(called.values()))  # the tool box makes those of a turn's agent

    return _server(database, begin, listed, patience_seconds=patience_seconds)


def public_server(database: Database, viewer_of: ViewerOf) -> Server[Any]:
    """The server at ``/mcp``: the caller names one of its sessions as an argument; the intent is recorded here.

    It lists the tools of all of the tenant's agents. Where two define a scenario of the same name differently, the
    first one's schema is listed, and a call is validated by the definition of its session.
    """

    async def begin(ctx: ServerRequestContext[Any], params: types.CallToolRequestParams) -> _Call:
        arguments = validate_json(params.arguments or {}, "The arguments")
        viewer = viewer_of(ctx)
        session_id = parse_id(str(arguments.pop("session_id", "")), "session")
        key = dict[str, Json](params.meta or {}).get(KEY_META, str(new_id()))
        if not isinstance(key, str):
            raise BadUserInput(f"{KEY_META} must be a string.")

        async def intend(session: AsyncSession) -> ToolCall:
            await lock_session(session, viewer, session_id)
            if all(spec.name != params.name for spec in crm_tools(await agent_of(session, session_id))):
                raise NotFound("No such tool.")
            return await tool_calls.begin_manual(
                session, session_id, name=params.name, server=CRM_SERVER, arguments=arguments, idempotency_key=key
            )

        call = await database.run(intend)
        return _Call(ToolContext(str(viewer.tenant_id), str(session_id), str(call.id)), arguments)

    async def listed(ctx: ServerRequestContext[Any], cursor: str | None) -> types.ListToolsResult:
        async with database.reading() as session:
            agents = await agents_of(session, viewer_of(ctx).tenant_id)
        specs = {spec.name: spec for agent in reversed(agents) for spec in crm_tools(agent)}
        return types.ListToolsResult(
            tools=[
                types.Tool(
                    name=spec.name,
                    description=spec.description,
                    annotations=_ONCE,
                    input_schema=_with_session(spec.parameters),
                )
                for spec in specs.values()
            ]
        )

    return _server(database, begin, listed, patience_seconds=0)


def _server(
    database: Database,
    begin: Callable[[ServerRequestContext[Any], types.CallToolRequestParams], Awaitable[_Call]],
    listed: _Lister,
    *,
    patience_seconds: float,
) -> Server[Any]:
    async def list_tools(
        ctx: ServerRequestContext[Any], params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        return await listed(ctx, None if params is None else params.cursor)

    async def run(name: str, call: _Call) -> Mapping[str, Json]:
        return await database.run(
            lambda session: run_crm_tool(
                session,
                tenant_id=UUID(call.context.tenant_id),
                session_id=UUID(call.context.session_id),
                tool_call_id=UUID(call.context.tool_call_id),
                name=name,
                arguments=call.arguments,
            )
        )

    async def call_tool(ctx: ServerRequestContext[Any], params: types.CallToolRequestParams) -> types.CallToolResult:
        try:
            call = await begin(ctx, params)
            # Safe to retry: a call that was committed returns the same result again.
            result = await retry_outage(lambda: run(params.name, call), patience_seconds=patience_seconds)
        except Exception as error:
            error = client_error(error) or error
            if not isinstance(error, VoxLoomError):
                # Handled here, since the SDK logs the error's text, which may contain what a customer said.
                log.error("tool_failed", tool=params.name, **error_fields(error))
                error = InternalError("The tool failed.")
            result = {"ok": False, "code": error.code, "errors": [{"loc": "", "msg": error.message}]}
        return types.CallToolResult(
            content=[types.TextContent(text=_text(result))], structured_content=dict(result), is_error=not result["ok"]
        )

    return Server("voxloom-crm", on_list_tools=list_tools, on_call_tool=call_tool)


def _with_session(parameters: Mapping[str, Json]) -> dict[str, Json]:
    return {
        **parameters,
        "properties": {**parameters.get("properties", {}), "session_id": _SESSION_ARGUMENT},
        "required": [*parameters.get("required", []), "session_id"],
    }


def _text(result: Mapping[str, Json]) -> str:
    """The result as text, for clients that ignore structured content."""
    return json.dumps(result, ensure_ascii=False)
