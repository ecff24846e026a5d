"""Fields of scenarios that name a way to reach the customer.

The numbers are of the ranges that numbering plans keep for drama (Ofcom, NANP, ARCEP, Bundesnetzagentur), ITU-T E.123's
examples, and what people say instead of a number.
"""

from __future__ import annotations

import socket

import pytest

from db.agents.builtin import builtin_agents
from db.agents.payload import check_payload
from db.json_value import Json

_GIVEN = {"query": "a new way to reach me", "intent": "contact_change"}


def _checked(**fields: str) -> tuple[dict[str, Json], list[dict[str, str]]]:
    agent = builtin_agents()["billing_agent"]
    scenario = agent.scenario("contact_details_change")
    assert scenario is not None
    return check_payload(agent, scenario, {**_GIVEN, **fields})


def _error(**fields: str) -> str:
    _, errors = _checked(**fields)
    assert {each["loc"] for each in errors} == set(fields)
    return "; ".join(each["msg"] for each in errors)


@pytest.mark.parametrize(
    "number",
    [
        "555-0142",
        "5550123",
        "(0609) 123 4567",
        "030 23125 001",
        "+49 (0)30 23125 001",
        "020 7946 0958",
        "+44 20 7946 0958",
        "+44 1632 960001",
        "(+1) 212-555-0123",
        "+33 1 99 00 12 34",
        "0033 1 99 00 12 34",
        "+91 98765-43210",
        "०९८७६५४३२१०",
        "+34/910/000/000",
        "\uff0b81 3-1234-5678",
        "+800 1234 5678",
    ],
)
def test_phone_numbers_are_not_changed(number: str) -> None:
    filed, errors = _checked(new_phone=f" {number} ")
    assert (filed["new_phone"], errors) == (number, [])


@pytest.mark.parametrize(
    ("number", "rule"),
    [
        ("call me", "digits"),
        ("the one that you have", "digits"),
        ("my number is +44 20 7946 0958", "digits"),
        ("1-800-FLOWERS", "digits"),
        ("+44 20 7946 0958 ext. 5", "digits"),
        ("020 7946 0958 or 0959", "digits"),
        ("020 7946 0958; drop table turns", "digits"),
        ("555\x000142", "digits"),
        ("-" * 20, "digits"),
        ("12345", "6 to 15"),
        ("1234567890123456", "6 to 15"),
        ("+999 123 4567", "country"),
        ("+210 123 4567", "country"),
        ("+44 20 7946", "country"),
        ("+44 20 7946 0958 12345", "country"),
        ("+1 212 555 01234", "country"),
        ("+", "country"),
        ("+1", "country"),
    ],
)
def test_the_error_does_not_repeat_an_invalid_number(number: str, rule: str) -> None:
    message = _error(new_phone=number)
    assert rule in message
    assert number not in message or len(number) == 1


def test_too_long_a_number_is_refused_before_it_is_parsed() -> None:
    assert "at most 40 characters" in _error(new_phone="1" * 100_000)


@pytest.mark.parametrize(
    "address",
    [
        "jane.doe@example.com",
        "Jane.Doe+bills@Sub.Example.co.uk",
        "o'brien_{7}@example.org",
        "x@example.museum",
        "j\u00fcrgen@m\u00fcller.example.de",
        "\u7528\u6237@\u4f8b\u3048.jp",
        "jane@xn--mller-kva.example.de",
        f"{'a' * 64}@example.com",
    ],
)
def test_addresses_that_mail_takes_are_kept_as_given(address: str) -> None:
    filed, errors = _checked(new_email=f" {address} ")
    assert (filed["new_email"], errors) == (address, [])


@pytest.mark.parametrize(
    "address",
    [
        "jane",
        "jane@",
        "@example.com",
        "jane@example",
        "jane@@example.com",
        "jane@doe@example.com",
        "jane doe@example.com",
        "jane..doe@example.com",
        ".jane@example.com",
        "jane@example..com",
        "jane@-example.com",
        "jane@exam_ple.com",
        "jane@192.0.2.1",
        "jane@[192.0.2.1]",
        "jane@localhost",
        "jane@company.invalid",
        "Jane Doe <jane@example.com>",
        '"jane doe"@example.com',
        "jane@example.com, joe@example.com",
        "jane@example.com\nBcc: joe@example.com",
        "jane@exa\u202emple.com",
        "jane@xn--zzzzzz.com",
        f"jane@{'a' * 64}.com",
    ],
)
def test_what_no_mail_reaches_is_refused_without_repeating_it(address: str) -> None:
    message = _error(new_email=address)
    assert "name@example.com" in message
    assert address not in message or address in ("jane", "@example.com")


def test_no_address_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise AssertionError("somebody asked a network")

    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr(socket.socket, "sendto", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)
    assert _checked(new_email="jane@no-such-domain.example.com", new_phone="+44 20 7946 0958")[1] == []
