"""camt.054, a bank's notification of what it has booked on our account, read.

PURE: bytes in, values out. Source: ISO 20022 camt.054.001.08, and .02. Entries are those of
camt.053: signed, with what they give back and why; what is not booked yet is passed over.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from clearing.camt053 import Entry, Reader, StatementError, document
from clearing.party import compact

_CURRENCY: Final = re.compile(r"[A-Z]{3}")


class Notice(msgspec.Struct, frozen=True):
    """What was booked on one account."""

    reference: str
    iban: str
    currency: str
    entries: tuple[Entry, ...]


def read_notices(content: bytes) -> tuple[Notice, ...]:
    """Every notification of a file. StatementError: what cannot be believed, and where it stands.
    """
    root, namespace = document(content, "camt.054")
    reader = Reader(namespace)
    found = []
    for node in reader.all(root, "BkToCstmrDbtCdtNtfctn/Ntfctn"):
        reference = reader.reference(node, "Ntfctn", "Id")
        iban = compact(reader.reference(node, "Ntfctn", "Acct/Id/IBAN", "Acct/Id/Othr/Id"))
        if not reference or not iban:
            raise StatementError("has no Id, or Acct no IBAN", "Ntfctn")
        where = f"Ntfctn {reference}"
        nodes = reader.all(node, "Ntry")
        currencies = {amount.get("Ccy", "") for one in nodes for amount in reader.all(one, "Amt")}
        if len(currencies) > 1 or not all(map(_CURRENCY.fullmatch, currencies)):
            raise StatementError(f"amounts in {sorted(currencies)}: one currency an account",
                                 where)
        currency = next(iter(currencies), "")
        found.append(Notice(reference, iban, currency, tuple(
            entry for number, one in enumerate(nodes, 1)
            for entry in reader.entries(one, currency, f"{where}, Ntry {number}"))))
    if not found:
        raise StatementError("has no Ntfctn", "BkToCstmrDbtCdtNtfctn")
    return tuple(found)
