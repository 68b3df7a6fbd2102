"""pain.002, as the bank answers: of one transaction, of a whole file, of what it has never seen.

PURE: values in, bytes out. Source: ISO 20022 pain.002.001.10; NOOR (no original transaction
received) is told as a proprietary reason, for it is of another ISO 20022 code set.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Final
from xml.sax.saxutils import escape

import msgspec

REJECTED: Final = "RJCT"


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """What came of one order."""

    end_to_end_id: str
    payment_id: str
    status: str
    reason: str = ""


def report(message_id: str, outcomes: Sequence[Outcome], created: str) -> bytes:
    """The status of each transaction; of a file the status of the whole beside."""
    group = ""
    if len(outcomes) > 1:
        bad = sum(outcome.status == REJECTED for outcome in outcomes)
        status = "ACCP" if not bad else REJECTED if bad == len(outcomes) else "PART"
        group = f"<GrpSts>{status}</GrpSts>"
    payments: dict[str, list[str]] = {}
    for outcome in outcomes:
        payments.setdefault(outcome.payment_id, []).append(
            f"<TxInfAndSts><OrgnlEndToEndId>{escape(outcome.end_to_end_id)}</OrgnlEndToEndId>"
            f"<TxSts>{outcome.status}</TxSts>{_reason(outcome.reason)}</TxInfAndSts>")
    parts = "".join(
        f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{escape(payment)}</OrgnlPmtInfId>{''.join(lines)}"
        "</OrgnlPmtInfAndSts>" for payment, lines in payments.items())
    return _filled(message_id, group, parts, created)


def refused_whole(message_id: str, reason: str, text: str, created: str) -> bytes:
    """A message that cannot be read, or contradicts itself."""
    return _filled(message_id or "NOTPROVIDED",
                   f"<GrpSts>{REJECTED}</GrpSts>{_reason(reason, text)}", "", created)


def unheard(end_to_end_id: str, created: str) -> bytes:
    """Of this EndToEndId nothing has ever come."""
    return report(end_to_end_id, [Outcome(end_to_end_id, end_to_end_id, REJECTED, "NOOR")], created)


def _reason(reason: str, text: str = "") -> str:
    if not reason:
        return ""
    kind = "Prtry" if reason == "NOOR" or len(reason) > 4 else "Cd"
    more = f"<AddtlInf>{escape(text[:105])}</AddtlInf>" if text else ""
    return f"<StsRsnInf><Rsn><{kind}>{escape(reason)}</{kind}></Rsn>{more}</StsRsnInf>"


def _filled(message_id: str, group: str, payments: str, created: str) -> bytes:
    return (_template() % {"id": f"R{escape(message_id)}"[:35], "created": created,
                           "message": escape(message_id), "group": group,
                           "payments": payments}).encode()


@cache
def _template() -> str:
    return files(__package__).joinpath("templates", "report.xml").read_text(encoding="utf-8")
