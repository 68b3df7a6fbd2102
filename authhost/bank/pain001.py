"""One credit as pain.001.001.09 with one transaction: a template, filled in.

PURE: values in, bytes out; no XML library, for a credit a millisecond is what there is. Source: ISO
20022 pain.001.001.09; EPC122-16 (SCT Inst) for euro: service level SEPA, local instrument INST.
MsgId, PmtInfId and EndToEndId are one and the same: a second try is a repeat by any of them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from xml.sax.saxutils import escape

import msgspec

from authhost.bank.banks import Rail
from clearing.charset import clean
from clearing.details import DepositDetail, read_json
from clearing.iso20022 import address_of, agent, level, text_of
from clearing.money import plain
from clearing.party import Party, creditor_defect
from clearing.remittance import LONGEST


class Creditor(msgspec.Struct, frozen=True, gc=False):
    """Whom to credit, as the message has it; defect: why no bank would, or ''."""

    block: bytes
    defect: str


def creditor(party: Party, currency: str) -> Creditor:
    """The creditor's agent, name, address and account."""
    defect = creditor_defect(party, 1, currency)
    if defect:
        return Creditor(b"", defect)
    block = (f"{agent('CdtrAgt', party.bic)}<Cdtr>{text_of('Nm', party.name, 70)}"
             f"{address_of(party.address)}</Cdtr>"
             f"<CdtrAcct><Id><IBAN>{party.iban}</IBAN></Id></CdtrAcct>")
    return Creditor(block.encode("ascii"), "")


def remittance(terminal_id: str, day: str, detail: str | None) -> str:
    """What the client reads on the statement: safe, day, receipt, model and reference."""
    # What the safe sent may be no text: the credit goes all the same.
    told = read_json(detail or "{}", DepositDetail) or DepositDetail()
    parts = [f"SAFE {clean(terminal_id, 30)} {day}"]
    if told.receipt:
        parts.append(f"RECEIPT {clean(told.receipt, 35)}")
    if told.reference:
        parts.append(f"REF {clean(f'{told.reference_model} {told.reference}', 60)}")
    return clean(", ".join(parts), LONGEST)


class CreditWriter:
    """Writes the credits of one rail."""

    def __init__(self, rail: Rail) -> None:
        debtor = rail.debtor
        name = text_of("Nm", debtor.name, 70)
        address = address_of(debtor.address) if debtor.address.country else ""
        self._rail = rail
        fixed = {
            "initiator": name, "level": level_of(rail), "currency": rail.currency,
            "debtor": (
                f"<Dbtr>{name}{address}</Dbtr>"
                f"<DbtrAcct><Id><IBAN>{debtor.iban}</IBAN></Id><Ccy>{rail.currency}</Ccy>"
                f"</DbtrAcct>{agent('DbtrAgt', debtor.bic)}"),
        }
        text = template("credit")
        for field, value in fixed.items():
            text = text.replace(f"%({field})s", value.replace("%", "%%"))
        self._text = text.encode("ascii")
        self._second = datetime.min.replace(tzinfo=UTC)
        self._times = {b"created": b"", b"day": b""}

    def write(self, end_to_end_id: str, amount_minor: int, to: Creditor, text: str,
              at: datetime) -> bytes:
        """The message. at: now (aware); the execution date is the bank's own day."""
        assert amount_minor > 0, end_to_end_id
        assert to.block, to.defect
        second = at.replace(microsecond=0)
        if second != self._second:  # of many credits within one second the same
            self._second = second
            self._times = {b"created": at.strftime("%Y-%m-%dT%H:%M:%SZ").encode("ascii"),
                           b"day": self._rail.local(at).strftime("%Y-%m-%d").encode("ascii")}
        return self._text % {
            **self._times, b"id": end_to_end_id.encode("ascii"),
            b"amount": plain(amount_minor, self._rail.currency).encode("ascii"),
            b"creditor": to.block, b"remittance": escape(text).encode("ascii"),
        }


def level_of(rail: Rail) -> str:
    """PmtTpInf of a rail."""
    return level(rail.currency, instant=rail.rail == "instant", service_level=rail.service_level,
                 local_instrument=rail.local_instrument)


@cache
def template(name: str) -> str:
    """templates/<name>.xml."""
    return files(__package__).joinpath("templates", f"{name}.xml").read_text(encoding="ascii")
