"""Composition root of the API: builds its parts, the FastAPI app and the ASGI middlewares."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from mcp.server.transport_security import TransportSecuritySettings
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Route
from starlette.types import ASGIApp

from db.audio.decoder_pool import DecoderPool
from db.audio.store import open_audio_store
from db.commands.builtin_agents import publish_to_all_tenants
from db.commands.keys import MEDIA_SECRET, REVOKED_CHANNEL, import_key, server_secret
from db.feed.feed import Feed
from db.overview.reads import OverviewReads
from db.postgres.database import Database
from graph.api.schema import schema
from graph.compiled.live.live import Live
from graph.compiled.reads.cache import ReadCache
from graph.compiled.reads.plans import Plans
from graph.guards.call_tokens import CALL_TOKEN_SECRET, CallTokens
from graph.guards.csrf import CsrfProtection
from graph.guards.key_gate import KeyGate
from graph.guards.keys import Keys
from graph.guards.open_subscriptions import SubscriptionLimits
from graph.guards.origins import CORS_EXPOSED, CORS_HEADERS, CORS_METHODS
from graph.guards.persisted_documents import Documents, trusted_documents
from graph.guards.rate_limit import Rates
from graph.guards.response_headers import Hosts, ResponseHeaders
from graph.guards.revocations import Revocations
from graph.guards.text_threads import TextThreads
from graph.guards.upload_rate import UploadRate
from graph.http import sign_in
from graph.http.body_limit import BodyLimit
from graph.http.console import add_console
from graph.http.content_coding import ContentCoding
from graph.http.error_boundary import ErrorBoundary
from graph.http.fast_path import FastPath, FastPathParts
from graph.http.headers import OneLinePerHeader
from graph.http.health import health_router
from graph.http.mcp_endpoint import KeyedEndpoint, viewer_in_scope
from graph.http.memory import keep_low
from graph.http.methods import Methods
from graph.http.router import graphql_router, socket_app
from graph.media.download import media_router
from graph.media.signing import MediaSigner
from graph.parts import Parts
from graph.settings import ApiSettings
from inference.tools.client import McpToolBox
from inference.tools.manual import ManualToolCalls
from inference.tools.server import public_server

#: Bytes of a request besides a recording in base64.
_REQUEST_BYTES = 100_000

#: Longest wait of a recording for a decoder process of its tenant; less than an operation's time limit.
_DECODER_WAIT_SECONDS = 20


def create_app(settings: ApiSettings, url: str) -> ASGIApp:
    """The API on the database at ``url``, whose migrations have run."""
    rates = Rates(settings.requests_per_minute)
    fast_path: dict[str, FastPathParts] = {}

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            database = Database(
                url,
                listen_url=settings.listen_url,
                pool=settings.database_pool,
                readers=settings.read_connections,
                timeout_seconds=settings.database_timeout_seconds,
            )
            stack.push_async_callback(database.close)
            secret = await database.run(lambda session: server_secret(session, MEDIA_SECRET))
            call_secret = await database.run(lambda session: server_secret(session, CALL_TOKEN_SECRET))
            await publish_to_all_tenants(database)
            if settings.api_key is not None:
                await database.run(
                    partial(import_key, secret=settings.api_key.get_secret_value(), name="VOXLOOM_API_KEY")
                )
            keys = Keys(database.reader, rates)
            stack.push_async_callback(keys.close)
            revocations = Revocations(database.live, keys.forget)
            await revocations.start()
            stack.push_async_callback(revocations.close)
            feed = Feed(database)
            feed.channels[REVOKED_CHANNEL] = revocations.hear
            await feed.start()
            stack.push_async_callback(feed.close)
            decoders = await stack.enter_async_context(
                DecoderPool(
                    settings.decoder_processes,
                    wait_seconds=_DECODER_WAIT_SECONDS,
                    customer_channel=settings.customer_channel,
                )
            )
            await decoders.start()
            toolbox = await stack.enter_async_context(
                McpToolBox(database, settings.mcp_servers, timeout_seconds=settings.tool_timeout_seconds, lazy=True)
            )
            manual_calls = ManualToolCalls(database, toolbox)
            stack.push_async_callback(manual_calls.close)
            signer = MediaSigner(secret, settings.media_url_seconds)
            plans = Plans(schema, settings.document_limits)
            documents = Documents(trusted_documents(settings.trusted_documents))
            reads = ReadCache(
                database.reader,
                signer,
                cache_bytes=settings.response_cache_bytes,
                seconds=settings.operation_seconds,
                max_bytes=settings.max_response_bytes,
            )
            feed.on_notification.append(reads.hint)
            stack.push_async_callback(reads.close)
            live = Live(
                schema, database, feed, signer, documents, settings.document_limits, settings.compiled_operations
            )
            stack.push_async_callback(live.close)
            subscriptions = SubscriptionLimits(settings.max_subscriptions_per_key, settings.max_subscriptions)
            memory = asyncio.create_task(keep_low(lambda: subscriptions.open), name="memory")
            stack.callback(memory.cancel)
            parts = Parts(
                settings=settings,
                database=database,
                feed=feed,
                store=open_audio_store(settings.audio_store_url),
                decoders=decoders,
                signer=signer,
                tools=manual_calls,
                admitted=plans,
                documents=documents,
                rates=rates,
                keys=keys,
                subscriptions=subscriptions,
                revocations=revocations,
                call_tokens=CallTokens(call_secret),
                overview=OverviewReads(database),
                texts=stack.enter_context(TextThreads()),
            )
            router = graphql_router(parts)
            fast_path["parts"] = FastPathParts(
                plans=plans if settings.compiled_operations else None,
                reads=reads,
                live=live,
                keys=keys,
                subscriptions=subscriptions,
                revocations=revocations,
                documents=documents,
                public_url=settings.public_url,
                sockets=socket_app(router, parts, live),
            )
            app.include_router(router)
            app.include_router(media_router(database, parts.store, signer))
            app.include_router(health_router(database, settings.live_worker_seconds))
            app.router.routes.append(Route(sign_in.PATH, sign_in.SignIn(database, rates), methods=["POST"]))
            await _serve_mcp(app, database, keys, stack)
            yield

    app = FastAPI(
        title="VoxLoom",
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # its redirects are absolute, with the request's unverified Host
    )
    app.add_middleware(ErrorBoundary)  # also here: FastAPI handles uncaught exceptions itself
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static")
    add_console(app, settings)

    return _guarded(app, settings, fast_path, rates)


def _guarded(api: FastAPI, settings: ApiSettings, fast_path: Mapping[str, FastPathParts], rates: Rates) -> ASGIApp:
    """Wraps the app in the ASGI middlewares, outermost last; FastAPI's own middleware stack is slower."""
    max_bytes = settings.max_audio_bytes * 4 // 3 + _REQUEST_BYTES
    app: ASGIApp = BodyLimit(
        ContentCoding(FastPath(api, fast_path), settings.gzip_bytes),
        max_bytes=max_bytes,
        max_signs=settings.max_values + settings.max_document_bytes,
        uploads=UploadRate(settings.upload_bytes_per_second, burst=max_bytes),
    )

    def keys() -> Keys | None:
        parts = fast_path.get("parts")
        return None if parts is None else parts.keys

    app = KeyGate(app, rates, keys)
    if settings.csrf_protection:
        app = CsrfProtection(app)
    app = Methods(app, api.router.routes)
    if settings.host_names:
        app = Hosts(app, settings.host_names)
    app = ErrorBoundary(OneLinePerHeader(app))
    if settings.cors_origins:  # outside the others, so that pages can read their error responses
        app = CORSMiddleware(
            app,
            allow_origins=settings.cors_origins,
            allow_methods=CORS_METHODS,
            allow_headers=CORS_HEADERS,
            expose_headers=CORS_EXPOSED,
        )
    return ResponseHeaders(app)


async def _serve_mcp(app: FastAPI, database: Database, keys: Keys, stack: AsyncExitStack) -> None:
    server = public_server(database, lambda ctx: viewer_in_scope(ctx.request))
    endpoint = server.streamable_http_app(
        streamable_http_path="/mcp",
        json_response=True,
        stateless_http=True,
        # An API key is required, which protects against DNS rebinding without a list of hosts.
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )
    await stack.enter_async_context(server.session_manager.run())
    # A stateless server has nothing to push: a GET would stay open without use.
    app.router.routes.append(Route("/mcp", KeyedEndpoint(endpoint, keys), methods=["POST"]))
