"""Is what was sent well-formed: limits, prompts, hours, zones, currencies, rails, keys, numbers.

PURE. What must be looked up (is there such a site?) is references.py's.
"""

from __future__ import annotations

import base64
import re
import zoneinfo
from collections.abc import Mapping
from functools import cache
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

import msgspec

from authhost import currencies
from authhost.admin.refusals import Invalid
from authhost.counters import decode_limits
from authhost.prompts import decode_prompts
from authhost.safes.sscc import is_sscc
from authhost.visible import unseen
from clearing.bankfiles.forms import FileForm, form_defect

_LIMITS: Final = ("limits", "site_limits")
_MOST_IN_GROUP: Final = 4_096
# Business identifier code: prefix, country, suffix, and a branch where there is one (ISO 9362).
_BIC: Final = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?")
_HERE: Final = ("127.0.0.1", "::1", "localhost")
_INSTANT: Final = "EUR"  # SEPA's instant credit transfer has this currency alone


def check(values: Mapping[str, Any]) -> None:
    """Invalid names the field that is wrong."""
    for name in _LIMITS:
        if name in values:
            limits(values[name], name)
    if values.get("prompts") is not None:
        _decoded(decode_prompts, values["prompts"], "prompts")
    if "currency" in values and values["currency"] not in currencies.NUMERIC:
        raise Invalid(f"{values['currency']} is no currency that we take", "currency")
    if "time_zone" in values:
        zone(values["time_zone"], "time_zone")
    if "pan" in values and not has_check_digit(values["pan"]):
        raise Invalid("the check digit of the number is wrong", "pan")
    _bank_account(values, "")
    _around_safes(values)
    if values.get("hours") is not None and not any(values["hours"]):
        raise Invalid("no hour of the week is left; block it instead", "hours")


def _around_safes(values: Mapping[str, Any]) -> None:
    """What only safes, their clients and banks have."""
    for currency in values.get("currencies", ()):
        if currency not in currencies.NUMERIC:
            raise Invalid(f"{currency} is no currency that we take", "currencies")
    if values.get("deposit_key") is not None:
        key_bytes(values["deposit_key"])
    if "cassette_id" in values and not is_sscc(values["cassette_id"]):
        raise Invalid("the check digit of the SSCC is wrong", "cassette_id")
    if values.get("endpoint"):
        _endpoint(values["endpoint"])
    if "rails" in values:
        _rails(values["rails"])
    if "files" in values:
        what, where = form_defect(msgspec.convert(values["files"], FileForm))
        if what:
            raise Invalid(what, f"files.{where}")


def whole(noun: str, row: Mapping[str, Any]) -> None:
    """What must go together in a row, as it would be. Invalid."""
    if noun == "mandate" and row.get("one_off") and row.get("is_last"):
        raise Invalid("of one collection the first is the last", "is_last")
    if noun == "bank" and row.get("rails") and not row.get("endpoint"):
        raise Invalid("credits of a rail are sent somewhere", "endpoint")
    if noun == "merchant":
        # What a payer reads as payee, and signs.
        payee = "display_name" if row.get("display_name") else "name"
        if why := unseen(row[payee]):
            raise Invalid(why, payee)


def zone(name: str, where: str) -> None:
    """A name of the IANA database. Invalid."""
    if name not in _zones():
        raise Invalid("no such time zone: a name of the IANA database", where)


def key_bytes(text: str) -> bytes:
    """A public key (Ed25519, RFC 8032) of base64. Invalid where it is not 32 bytes."""
    try:
        found = base64.b64decode(text, validate=True)
    except ValueError:
        found = b""
    if len(found) != 32:
        raise Invalid("a public key of 32 bytes, in base64", "deposit_key")
    return found


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


def _bank_account(values: Mapping[str, Any], where: str) -> None:
    """IBAN and BIC, where they are told. Invalid."""
    if values.get("iban") is not None and not _is_iban(values["iban"]):
        raise Invalid("the check digits of the IBAN are wrong", f"{where}iban")
    if values.get("bic") and not _BIC.fullmatch(values["bic"]):
        raise Invalid("no BIC: 8 or 11 capital letters and digits", f"{where}bic")


def _rails(rails: list[dict[str, Any]]) -> None:
    """The ways of a bank: one a currency, with hours that can be. Invalid."""
    seen: set[str] = set()
    for number, rail in enumerate(rails):
        where = f"rails[{number}]"
        currency = rail["currency"]
        if currency not in currencies.NUMERIC:
            raise Invalid(f"{currency} is no currency that we take", f"{where}.currency")
        if currency in seen:
            raise Invalid(f"{currency} has a rail already", f"{where}.currency")
        seen.add(currency)
        if rail["rail"] == "instant" and currency != _INSTANT:
            raise Invalid(f"instant is {_INSTANT} alone", f"{where}.rail")
        if len(set(rail["days"])) < len(rail["days"]):
            raise Invalid("a day is named twice", f"{where}.days")
        if rail["from"] == rail["until"]:
            raise Invalid("it closes when it opens", f"{where}.until")
        zone(rail["time_zone"], f"{where}.time_zone")
        for account in ("debtor", "collects") if rail.get("collects") else ("debtor",):
            _bank_account(rail[account], f"{where}.{account}.")
            if not rail[account]["bic"]:
                raise Invalid("is missing", f"{where}.{account}.bic")


def _endpoint(text: str) -> None:
    """An address over TLS (or of this machine), with no password or fragment in it. Invalid."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        parts, port = SplitResult("", "", "", "", ""), None
    plain = text.isascii() and text.isprintable() and " " not in text
    safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _HERE)
    if not (plain and safe and parts.hostname and port != 0) \
            or parts.username is not None or parts.fragment or parts.query:
        raise Invalid("an address like https://bank.example:8443/credits", "endpoint")


def _is_iban(text: str) -> bool:
    """Two letters, two digits, and the remainder of 97 (ISO 13616)."""
    if not (text.isascii() and text.isalnum() and text.isupper() and 15 <= len(text) <= 34):
        return False
    moved = text[4:] + text[:4]
    return int("".join(str(int(letter, 36)) for letter in moved)) % 97 == 1
