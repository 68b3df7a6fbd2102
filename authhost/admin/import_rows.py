"""What the lines of a file name is looked up, all at once, and made into rows to be written.

Knows what was read from the tables (References); must not know connections.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

from authhost import currencies
from authhost.admin.csv_lines import Fault, scaled
from authhost.admin.import_kinds import in_units, limit_of, millilitres

Say = Callable[[str, str], None]
_CENTS: Final = 2


class Row(msgspec.Struct, frozen=True):
    """A line's number and its values."""

    line: int
    values: dict[str, Any]

    def __repr__(self) -> str:
        return f"Row({self.line})"


class References(msgspec.Struct, frozen=True):
    """What is there. owned: (noun, id) -> account; there: a noun's keys that are there."""

    accounts: Mapping[int, tuple[str, str]]  # id -> (currency, status)
    owned: Mapping[tuple[str, int], int]
    there: Mapping[str, frozenset[str]]


def cards(rows: list[Row], known: References, hashes: Mapping[str, tuple[bytes, str]],
          faults: list[Fault]) -> list[dict[str, Any]]:
    """Rows of the table card. hashes: number -> (its keyed hash, its mask)."""
    found: list[dict[str, Any]] = []
    lines: dict[str, int] = {}
    for row in rows:
        values = dict(row.values)
        say = _sayer(faults, row.line)
        exponent = _account(values, known, say)
        for noun in ("subaccount", "vehicle", "driver"):
            owner = known.owned.get((noun, values.get(f"{noun}_id", 0)))
            if f"{noun}_id" in values and owner != values["account_id"]:
                say(f"{noun}_id", f"there is no {noun} {values[f'{noun}_id']} of this account")
        _named(values, known, say)
        values["limits"] = _limits(values.get("limits", []), exponent, known, say)
        offline = scaled(values.pop("offline_max", Decimal(0)), exponent)
        if offline is None:
            say("offline_max", f"more than {exponent} decimals")
        pan = values.pop("pan")
        if pan in lines:
            say("pan", f"the number is in line {lines[pan]} too")
        lines[pan] = row.line
        pan_hmac, mask = hashes[pan]
        found.append(values | {"offline_max_minor": offline, "pan_hmac": f"\\x{pan_hmac.hex()}",
                               "pan_masked": mask, "status": values.get("status", "active")})
    return found


def limits(rows: list[Row], known: References, cards_by_hash: Mapping[bytes, int],
           hashes: Mapping[str, tuple[bytes, str]],
           faults: list[Fault]) -> dict[tuple[str, int], list[dict[str, Any]]]:
    """(noun, id) -> its whole list of limits: all lines about it together replace what it had."""
    found: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for row in rows:
        values = row.values
        say = _sayer(faults, row.line)
        noun, number = values["scope"], values.get("id")
        if ("pan" in values) == (number is not None) or ("pan" in values and noun != "card"):
            say("id", "an id, or the number of a card: one of them")
            continue
        if "pan" in values:
            number = cards_by_hash.get(hashes[values["pan"]][0])
        owner = known.owned.get((noun, number or 0))
        if owner is None:
            say("pan" if "pan" in values else "id", f"there is no such {noun}")
            continue
        exponent = currencies.EXPONENT[known.accounts[owner][0]]
        limit = _limits([limit_of(values)], exponent, known, say, column="")
        found.setdefault((noun, number or 0), []).extend(limit)
    return found


def holders(noun: str, rows: list[Row], known: References,
            faults: list[Fault]) -> list[dict[str, Any]]:
    """Rows of the table vehicle or driver."""
    found: list[dict[str, Any]] = []
    names: dict[tuple[int, str], int] = {}
    numbers: dict[tuple[int, str], int] = {}
    title = "plate" if noun == "vehicle" else "name"
    for row in rows:
        values = dict(row.values)
        say = _sayer(faults, row.line)
        _account(values, known, say)
        for seen, column in ((names, title), (numbers, "number")):
            place = (values["account_id"], values.get(column, ""))
            if place[1] and place in seen:
                say(column, f"it is in line {seen[place]} too")
            seen[place] = row.line
        if "tank" in values:
            values["tank_ml"] = millilitres(values.pop("tank"))
            if values["tank_ml"] is None:
                say("tank", "not a volume of whole millilitres above 0")
        found.append(values)
    return found


def _account(values: Mapping[str, Any], known: References, say: Say) -> int:
    """The decimals of the account's currency."""
    account = known.accounts.get(values["account_id"])
    if account is None:
        say("account_id", f"there is no account {values['account_id']}")
        return _CENTS
    if account[1] == "closed":
        say("account_id", "the account is closed")
    return currencies.EXPONENT[account[0]]


def _named(values: Mapping[str, Any], known: References, say: Say) -> None:
    for code in values.get("products", ()):
        noun, name = ("group", code[1:]) if code.startswith("@") else ("product", code)
        if name not in known.there[noun]:
            say("products", f"there is no product {code}" if noun == "product"
                else f"there is no product group {name}")
    for site in values.get("sites", ()):
        if site not in known.there["site"]:
            say("sites", f"there is no site {site}")
    if "program_id" in values and values["program_id"] not in known.there["program"]:
        say("program_id", f"there is no program {values['program_id']}")


def _limits(given: list[dict[str, Any]], exponent: int, known: References, say: Say,
            column: str = "limits") -> list[dict[str, Any]]:
    found = []
    for one in given:
        limit, fault = in_units(one, exponent)
        if not fault and one.get("group") and one["group"] not in known.there["group"]:
            fault = f"there is no product group {one['group']}"
        if fault:
            say(column, fault)
        else:
            found.append(limit)
    return found


def _sayer(faults: list[Fault], line: int) -> Say:
    return lambda column, what: faults.append(Fault(line, column, what))

