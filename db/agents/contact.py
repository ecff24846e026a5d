"""Validators of phone numbers and e-mail addresses in scenario fields (phonenumbers, email-validator), without network.

Errors name the rule and never the value: they are stored with the tool call and logged.
"""

from __future__ import annotations

import phonenumbers
from email_validator import EmailNotValidError, validate_email

#: The ASCII and the full-width plus sign; East Asian keyboards write the latter.
_PLUS = ("+", "\uff0b")


def phone_number(value: str) -> str:
    """Validates a phone number; returns it unchanged. Raises ValueError.

    A number with a country code must have a possible length for that country. One without may be of any country, as
    the language does not tell the country, and has at most 15 digits (ITU-T E.164). Whether it is assigned is not
    checked: a library's number ranges are outdated soon.
    """
    first = value.lstrip("(")[:1]
    number, is_number = None, True
    try:
        number = phonenumbers.parse(value, None)
    except phonenumbers.NumberParseException as fault:  # also raised if only the country is missing
        is_number = first in _PLUS or fault.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE
    # The parser also finds a number after words, and converts letters to the digits of their keys.
    if not is_number or any(map(str.isalpha, value)) or not (first in _PLUS or first.isdigit()):
        raise ValueError("a phone number has digits, spaces and +().-/")
    if first in _PLUS:
        possible = phonenumbers.ValidationResult.IS_POSSIBLE
        if number is None or phonenumbers.is_possible_number_with_reason(number) != possible:
            raise ValueError("no country has phone numbers of this country code with this many digits")
    elif not 6 <= len(phonenumbers.normalize_digits_only(value)) <= 15:
        raise ValueError("a phone number has 6 to 15 digits")
    return value


def email_address(value: str) -> str:
    """Validates the syntax of an e-mail address (RFC 5321, IDNA 2008); returns it unchanged. Raises ValueError.

    Quoted local parts, address literals, domains without a dot and reserved domains (RFC 6761) are refused too.
    """
    try:
        validate_email(value, check_deliverability=False)
    except EmailNotValidError:  # its text may repeat the value
        raise ValueError("an e-mail address is like name@example.com: no spaces, one @, and a domain name") from None
    return value
