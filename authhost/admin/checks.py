"""Is what was sent well-formed: limits, prompts, hours, zones, currencies, groups, numbers.

PURE. What must be looked up (is there such a site?) is references.py's.
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import msgspec

from authhost import currencies
from authhost.admin.refusals import Invalid
from authhost.counters import decode_limits
from authhost.prompts import decode_prompts

_LIMITS: Final = ("limits", "site_limits")
_MOST_IN_GROUP: Final = 4_096


def check(values: Mapping[str, Any]) -> None:
    """Invalid names the field that is wrong."""
    for name in _LIMITS:
        if name in values:
            limits(values[name], name)
    if values.get("prompts") is not None:
        _decoded(decode_prompts, values["prompts"], "prompts")
    if "currency" in values and values["currency"] not in currencies.NUMERIC:
        raise Invalid(f"{values['currency']} is no currency that we take", "currency")
    if "time_zone" in values and values["time_zone"] not in _zones():
        raise Invalid("no such time zone: a name of the IANA database", "time_zone")
    if "pan" in values and not has_check_digit(values["pan"]):
        raise Invalid("the check digit of the number is wrong", "pan")
    if values.get("iban") is not None and not _is_iban(values["iban"]):
        raise Invalid("the check digits of the IBAN are wrong", "iban")
    if values.get("hours") is not None and not any(values["hours"]):
        raise Invalid("no hour of the week is left; block it instead", "hours")


def limits(value: Any, where: str) -> None:
    """A list of limits as the packing takes it. Invalid."""
    _decoded(decode_limits, value, where)
    for number, limit in enumerate(value):
        if limit["maximum"] < 0 or limit["maximum"] > 10**12:
            raise Invalid("a maximum is from 0 to 10^12", f"{where}[{number}].maximum")


def limit_groups(values: Mapping[str, Any]) -> set[str]:
    """The product groups that limits name."""
    return {limit["group"] for name in _LIMITS for limit in values.get(name, ())
            if limit.get("group")}


def expanded(products: list[str]) -> list[str]:
    """Codes of a group, ranges opened, each once, in order. Invalid."""
    found: dict[str, None] = {}
    for number, text in enumerate(products):
        first, dash, last = text.partition("-")
        if dash and first > last:
            raise Invalid("a range goes upwards", f"products[{number}]")
        codes = [f"{code:03d}" for code in range(int(first), int(last) + 1)] if dash else [text]
        found.update(dict.fromkeys(codes))
    if len(found) > _MOST_IN_GROUP:
        raise Invalid(f"a group has at most {_MOST_IN_GROUP} products", "products")
    return list(found)


def has_check_digit(pan: str) -> bool:
    """The last digit is the one that follows from the others (Luhn, ISO/IEC 7812-1 annex B)."""
    total = 0
    for place, digit in enumerate(reversed(pan)):
        value = int(digit) * (1 + place % 2)
        total += value // 10 + value % 10
    return total % 10 == 0


def _decoded(decode: Any, value: Any, where: str) -> None:
    try:
        decode(msgspec.json.encode(value).decode())
    except msgspec.ValidationError as error:
        text, _, path = str(error).partition(" - at `$")
        raise Invalid(text, where + path.rstrip("`")) from None
    except ValueError as error:
        raise Invalid(str(error), where) from None


@cache
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def _is_iban(text: str) -> bool:
    """Two letters, two digits, and the remainder of 97 (ISO 13616)."""
    if not (text.isascii() and text.isalnum() and text.isupper() and 15 <= len(text) <= 34):
        return False
    moved = text[4:] + text[:4]
    return int("".join(str(int(letter, 36)) for letter in moved)) % 97 == 1
