"""TwiML, the XML that tells Twilio what to do with a call."""

from __future__ import annotations

from html import escape

#: The parameter of the stream that holds the call's token.
TOKEN_PARAMETER = "token"  # noqa: S105 - a name

HANG_UP = "<Response><Hangup/></Response>"

#: Refuses the call before it is answered.
REJECT = "<Response><Reject/></Response>"

_LOCALES = {"en": "en-US", "de": "de-DE", "es": "es-ES", "fr": "fr-FR"}
_BUSY = {
    "en": "All lines are busy. Please call again in a few minutes.",
    "de": "Alle Leitungen sind belegt. Bitte rufen Sie in einigen Minuten wieder an.",
    "es": "Todas las líneas están ocupadas. Por favor, llame de nuevo en unos minutos.",
    "fr": "Toutes nos lignes sont occupées. Veuillez rappeler dans quelques minutes.",
}
_FAILED = {
    "en": "We cannot take your call because of a technical problem. Please call again later.",
    "de": "Wegen einer technischen Störung können wir Ihren Anruf nicht annehmen. Bitte rufen Sie später wieder an.",
    "es": "No podemos atender su llamada por un problema técnico. Por favor, llame más tarde.",
    "fr": "Un problème technique nous empêche de prendre votre appel. Veuillez rappeler plus tard.",
}


def connect(stream_url: str, token: str, *, action: str) -> str:
    """Connects the caller to the stream. ``action``: asked what to do when the stream has ended."""
    stream = (
        f'<Stream url="{escape(stream_url)}"><Parameter name="{TOKEN_PARAMETER}" value="{escape(token)}"/></Stream>'
    )
    return f'<Response><Connect action="{escape(action)}">{stream}</Connect></Response>'


def busy(language: str) -> str:
    return _say(_BUSY, language)


def failed(language: str) -> str:
    return _say(_FAILED, language)


def _say(phrases: dict[str, str], language: str) -> str:
    """``language``: BCP 47; English where there is no phrase."""
    primary = language.split("-", maxsplit=1)[0].lower()
    known = primary if primary in phrases else "en"
    said = f'<Say language="{_LOCALES[known]}">{escape(phrases[known])}</Say>'
    return f"<Response>{said}<Hangup/></Response>"
