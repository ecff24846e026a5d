"""The routes of Twilio's calls; none without the account's auth token, with which webhooks are signed."""

from __future__ import annotations

from collections.abc import Callable, Collection

from starlette.routing import BaseRoute, Route, WebSocketRoute

from db.enums import CallTransport
from db.languages import LANGUAGES
from graph.guards.call_tokens import CallTokens
from graph.public_url import CALL_PATHS
from graph.voice.opening import Reception
from graph.voice.parts import VoiceParts
from graph.voice.twilio.endpoint import TwilioEndpoint
from graph.voice.twilio.playout import EchoCanceller
from graph.voice.twilio.webhooks import STATUS_PATH, VOICE_PATH, TwilioWebhooks


def twilio_routes(
    parts: VoiceParts,
    reception: Reception,
    tokens: CallTokens,
    *,
    canceller: Callable[[], EchoCanceller] | None,
    answered: Collection[str] = LANGUAGES,
) -> list[BaseRoute]:
    """``canceller``: makes an echo canceller for each call. ``answered``: the languages that a session may have."""
    secret = parts.settings.twilio_auth_token
    if secret is None:
        return []
    webhooks = TwilioWebhooks(parts, tokens, secret.get_secret_value(), answered)
    return [
        Route(VOICE_PATH, webhooks.voice, methods=["POST"]),
        Route(STATUS_PATH, webhooks.status, methods=["POST"]),
        WebSocketRoute(CALL_PATHS[CallTransport.TWILIO], TwilioEndpoint(reception, parts.rates, canceller)),
    ]
