"""Tokens of live calls: what they say, that they cannot be forged, that a repeat is the same."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest

from db.errors import Forbidden
from db.ids import new_id
from db.models.calls import Call
from graph.guards.call_tokens import CallTokens

OPENED = datetime(2026, 11, 26, 3, 4, 5, 678, tzinfo=UTC)


def call() -> Call:
    return Call(id=new_id(), tenant_id=new_id(), opened_at=OPENED)


def test_a_token_names_its_call_and_tenant() -> None:
    tokens, given = CallTokens(b"s" * 32), call()
    token, expires_at = tokens.sign(given)
    found = tokens.check(token)
    assert (found.tenant_id, found.call_id, found.expires_at) == (given.tenant_id, given.id, expires_at)
    assert expires_at == OPENED.replace(microsecond=0) + timedelta(seconds=300)
    assert tokens.sign(given) == (token, expires_at)


def test_another_server_refuses_it() -> None:
    token, _ = CallTokens(b"s" * 32).sign(call())
    with pytest.raises(Forbidden):
        CallTokens(b"t" * 32).check(token)


def test_no_bit_of_it_can_be_changed() -> None:
    tokens = CallTokens(b"s" * 32)
    token, _ = tokens.sign(call())
    signed = base64.urlsafe_b64decode(token.removeprefix("ek_"))
    for place in range(len(signed) * 8):
        changed = bytearray(signed)
        changed[place // 8] ^= 1 << place % 8
        with pytest.raises(Forbidden):
            tokens.check("ek_" + base64.urlsafe_b64encode(changed).decode())


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "ek_",
        "vxl_" + "A" * 96,
        "ek_" + "A" * 10_000,
        *(f"ek_{'A' * length}" for length in (95, 96, 97)),
        *(f"ek_{each * 96}" for each in "=+ü\0"),
    ],
)
def test_what_is_no_token_is_refused(wrong: str) -> None:
    with pytest.raises(Forbidden):
        CallTokens(b"s" * 32).check(wrong)
