"""Exchange rates as central banks have published them, and which one holds for a supply.

Knows the table of rates. Source: Directive 2006/112/EC, article 91; the Polish act on VAT, article
31a: the rate of the last working day before the supply. Where it is missing the invoice waits:
nobody guesses one.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final

from clearing.invoices.statements import statement
from clearing.invoices.vat_told import Rate
from clearing.queries import Connection

# The longest time that no table of rates is published in: holidays beside a weekend, and to spare.
MOST_DAYS: Final = timedelta(days=10)


class Rates:
    """By (currency, in which currency): the rates of some days, the oldest first."""

    def __init__(self, known: dict[tuple[str, str], list[Rate]]) -> None:
        self._known = known

    @classmethod
    async def read(cls, connection: Connection, pairs: Iterable[tuple[str, str]],
                   days: tuple[date, date]) -> Rates:
        """What supplies between these two days can need; no query where there are no pairs."""
        wanted = set(pairs)
        known: dict[tuple[str, str], list[Rate]] = {}
        if not wanted:
            return cls(known)
        currencies, others = (sorted(set(column)) for column in zip(*wanted, strict=True))
        for row in await connection.fetch(statement("rates"), currencies, others,
                                          days[0] - MOST_DAYS, days[1]):
            known.setdefault((row["currency"], row["in_currency"]), []).append(
                Rate(row["in_currency"], row["rate"], row["published_on"]))
        return cls(known)

    def before(self, currency: str, other: str, day: date) -> Rate | None:
        """The last that was published before a day; None where none is near enough."""
        found = [one for one in self._known.get((currency, other), ())
                 if day - MOST_DAYS <= one.published_on < day]
        return found[-1] if found else None
