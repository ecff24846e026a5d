"""Phone numbers and e-mail addresses of customers: validators of scenario fields. Neither asks a network.

Errors name the rule, never what was in the field: they are stored with the tool call and logged.
"""

from __future__ import annotations

import phonenumbers
from email_validator import EmailNotValidError, validate_email

#: ASCII's plus sign and the full-width one, which keyboards of East Asia write.
_PLUS = ("+", "\uff0b")


def phone_number(value: str) -> str:
    """The number as given. Raises ValueError if it cannot be one.

    A number with a country code must have as many digits as numbers of that country. One without may be of any
    country (a language does not tell where the customer lives): its digits are counted, at most 15 (ITU-T E.164).
    Whether a number is assigned is not asked: the ranges in any library are older than the newest numbers.
    """
    first = value.lstrip("(")[:1]
    number, is_number = None, True
    try:
        number = phonenumbers.parse(value, None)
    except phonenumbers.NumberParseException as fault:  # also raised where nothing but the country is missing
        is_number = first in _PLUS or fault.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE
    # The parser also finds a number behind words, and takes letters for the digits on their keys.
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
    """The address as given. Raises ValueError if RFC 5321 or IDNA 2008 knows no such address.

    An address that is quoted, bracketed, of one host or of a reserved domain (RFC 6761) is refused too.
    """
    try:
        validate_email(value, check_deliverability=False)
    except EmailNotValidError:  # its text may repeat what was given
        raise ValueError("an e-mail address is like name@example.com: no spaces, one @, and a domain name") from None
    return value
