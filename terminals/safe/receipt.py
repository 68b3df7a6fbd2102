"""What is printed of a deposit: plain text, 40 columns, from a template.

Knows a message of the store and what the host answered by then. The document that stands for good
is the host's; this says what was put in, whether the host has it, and what that document is called.
"""

from __future__ import annotations

from typing import Any, Final

from terminals.paper import WIDTH, money, pair, trimmed, wrapped
from terminals.safe.config import Config
from terminals.safe.rows import Issued, Row
from terminals.safe.states import State
from terminals.templates import template

_TITLES: Final = {"cash": "DEPOSIT", "envelope": "ENVELOPE", "cheque": "CHEQUE"}
_NAMES: Final = (("depositor", "Depositor"), ("client", "Client"), ("account", "Account"),
                 ("reference_model", "Model"), ("reference", "Reference"), ("shift", "Shift"),
                 ("cassette", "Cassette"))


def receipt(row: Row, config: Config, *, issued: Issued | None = None,
            copy: bool = False) -> str:
    """The receipt of a deposit as it stands now. issued: the host's document of it, if it is
    known here."""
    place, said = config.terminal, row.content
    text = template("terminals.safe", "receipt.txt").render(
        width=WIDTH, pair=pair, copy=copy,
        head=wrapped(place.name or place.id, place.address,
                     f"VAT no {place.tax_number}" if place.tax_number else ""),
        terminal=place.id, receipt=said.get("receipt", ""),
        date=f"{row.local_time:%d.%m.%Y}", time=f"{row.local_time:%H:%M:%S}",
        said=[(name, str(said[key])) for key, name in _NAMES if said.get(key)],
        title=_TITLES[row.deposit_kind], currency=row.currency, total=money(row.amount_minor),
        number=(said.get("envelope") or said.get("cheque") or {}).get("number", ""),
        lines=[_line(piece) for piece in said["denominations"]],
        suspects=[f"{money(suspect['value_minor'])} {suspect['currency']}"
                  f" {suspect['serial']}".rstrip() for suspect in said.get("suspects", [])],
        rejected=(said.get("rejected") or {}).get("count", 0), verdict=_verdict(row),
        issued=wrapped(f"Receipt {issued.number}", f"Code {issued.code}") if issued else [])
    return trimmed(text)


def _line(piece: dict[str, Any]) -> tuple[str, str]:
    left = f"{piece['count']} x {money(piece['value_minor'])}"
    return (f"{left} coins" if piece["kind"] == "coin" else left,
            money(piece["value_minor"] * piece["count"]))


def _verdict(row: Row) -> list[str]:
    """What the host has said of it."""
    if row.state is not State.FORWARDED:
        return ["*** STORED: THE HOST IS TOLD LATER ***"]
    verdict = row.verdict
    said = ["COUNTED LATER" if row.deposit_kind != "cash" else "ACCEPTED"]
    if verdict.approval_code:
        said.append(pair("Approval code", verdict.approval_code))
    if verdict.withheld:
        said += ["The credit waits for a check:", *(f"  {why}" for why in verdict.withheld)]
    return said
