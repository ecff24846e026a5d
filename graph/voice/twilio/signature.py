"""The signature of Twilio's webhooks: HMAC-SHA1 of the URL and the POST parameters, with the account's auth token.

Specification: Twilio, "Security: Validating requests are coming from Twilio".
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterable, Sequence
from itertools import groupby
from urllib.parse import urlsplit, urlunsplit

HEADER = "x-twilio-signature"

_PORTS = {"http": 80, "https": 443}


def signature(auth_token: str, url: str, parameters: Iterable[tuple[str, str]]) -> str:
    """The header's value. The parameters are sorted by name; of one that is repeated, each value counts once."""
    signed = url
    for name, pairs in groupby(sorted(set(parameters)), key=lambda pair: pair[0]):
        signed += "".join(name + value for _, value in pairs)
    return base64.b64encode(hmac.digest(auth_token.encode(), signed.encode(), "sha1")).decode()


def is_signed(auth_token: str, url: str, parameters: Sequence[tuple[str, str]], given: str) -> bool:
    """Whether the header fits the URL as Twilio called it, with or without the scheme's own port. Constant time."""
    known = given.encode("latin-1", errors="replace")
    fits = False
    for each in _spellings(url):
        fits |= hmac.compare_digest(signature(auth_token, each, parameters).encode(), known)
    return fits


def _spellings(url: str) -> tuple[str, ...]:
    parts = urlsplit(url)
    host, _, port = parts.netloc.rpartition(":")
    own = str(_PORTS.get(parts.scheme, ""))
    if host and port == own:
        return url, urlunsplit(parts._replace(netloc=host))
    if not host:
        return url, urlunsplit(parts._replace(netloc=f"{parts.netloc}:{own}"))
    return (url,)
