"""Totals of a reconciliation over ISO 8583: debits, and debits that were reversed. PURE."""

from __future__ import annotations

from authhost.translate.evidence import Fields
from authhost.translate.incoming import Totals
from iso import elements as e


def read_totals(fields: Fields) -> Totals:
    """Fields 76, 88, 77, 89: debits, and debits that were reversed; absent is zero."""
    return Totals(*(int(fields.get(number, "0")) for number in (
        e.DEBITS_NUMBER, e.DEBITS_AMOUNT, e.DEBITS_REVERSED_NUMBER, e.DEBITS_REVERSED_AMOUNT)))


def write_totals(totals: tuple[int, int, int, int]) -> Fields:
    """The host's own totals in the same fields."""
    debits, debits_minor, reversals, reversals_minor = totals
    return {e.DEBITS_NUMBER: f"{debits:010d}", e.DEBITS_REVERSED_NUMBER: f"{reversals:010d}",
            e.DEBITS_AMOUNT: f"{debits_minor:016d}",
            e.DEBITS_REVERSED_AMOUNT: f"{reversals_minor:016d}"}
