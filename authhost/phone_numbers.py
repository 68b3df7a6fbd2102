"""Phone numbers as people write them, and the one way that they are kept in: E.164.

PURE. Knows the plans of the world's numbers (through `phonenumbers`); must not know whose one is.
"""

from __future__ import annotations

import unicodedata
from typing import Final

import phonenumbers

MOST: Final = 64  # characters: a number with all its brackets has fewer
_ERRORS: Final = {
    phonenumbers.NumberParseException.INVALID_COUNTRY_CODE:
        "it has no country code: write it as +386 40 123 456",
    phonenumbers.NumberParseException.NOT_A_NUMBER: "it is no phone number",
    phonenumbers.NumberParseException.TOO_SHORT_AFTER_IDD: "it is too short",
    phonenumbers.NumberParseException.TOO_SHORT_NSN: "it is too short",
    phonenumbers.NumberParseException.TOO_LONG: "it is too long",
}
_REASONS: Final = {
    phonenumbers.ValidationResult.TOO_SHORT: "it is too short",
    phonenumbers.ValidationResult.TOO_LONG: "it is too long",
    phonenumbers.ValidationResult.INVALID_COUNTRY_CODE: "there is no such country code",
    phonenumbers.ValidationResult.INVALID_LENGTH: "no number of that country is so long",
    phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "it lacks its area code",
}


def e164(text: str, region: str = "") -> str:
    """A number as '+38640123456' (ITU-T E.164): the same for every way that it is written in.

    region: ISO 3166 code of the country whose numbers come without a country code; '': none do.
    ValueError says what is wrong. Numbers of a plan are taken though nobody may have them yet.
    """
    if len(text) > MOST:
        raise ValueError(f"it is longer than {MOST} characters")
    if any(unicodedata.category(sign) in {"Cc", "Cs", "Co"} for sign in text):
        raise ValueError("it has control characters")
    if region and region not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError(f"{region} is no country that has phone numbers")
    number = " ".join(text.split()).removeprefix("tel:")  # spaces of every width
    if any(sign.isalpha() for sign in number):
        raise ValueError("it has letters, or an extension: a phone that pays has neither")
    try:
        parsed = phonenumbers.parse(number, region or None)
    except phonenumbers.NumberParseException as error:
        raise ValueError(_ERRORS.get(error.error_type, "it is no phone number")) from None
    possible = phonenumbers.is_possible_number_with_reason(parsed)
    if possible != phonenumbers.ValidationResult.IS_POSSIBLE:
        raise ValueError(_REASONS.get(possible, "it is no phone number"))
    if parsed.extension:
        raise ValueError("it has an extension: a phone that pays has none")
    if not phonenumbers.is_valid_number(parsed):
        raise ValueError("no number of that country is like it")
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))
