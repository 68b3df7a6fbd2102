"""What an administrator lets a site, or one terminal of it, do without the host.

Knows the table of these rules, and that they raise the rules version: catalogues follow.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import asyncpg
import msgspec

from authhost.station.statements import sql

MOST_LINES: Final = 8
MOST_COLUMNS: Final = 48
MOST_HOURS: Final = 24 * 31


class BadPermit(Exception):
    """A rule that means nothing: which part of it, and why."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where}: {reason}")
        self.where = where
        self.reason = reason


class Permit(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A site's rules, or a terminal's own, which go before them. None: not said here.

    floor_minor: what one purchase may cost off line at most, in `currency`; ages: up to so many
    hours of the catalogue's age so many percent of it, and beyond the last nothing is sold;
    receipt: lines under every receipt; profile: whose codes of products the terminals use.
    """

    site_id: str | None = None
    terminal_id: str | None = None
    offline_permitted: bool | None = None
    floor_minor: int | None = None
    currency: str | None = None
    ages: tuple[tuple[int, int], ...] | None = None
    receipt: tuple[str, ...] | None = None
    profile: str | None = None


async def permit(connection: asyncpg.Connection, rule: Permit, who: str,
                 role: str = "operator") -> None:
    """Put a site's or a terminal's rules in the place of those that it had. BadPermit."""
    _check(rule)
    ages = msgspec.json.encode(rule.ages).decode() if rule.ages is not None else None
    receipt = list(rule.receipt) if rule.receipt is not None else None
    async with connection.transaction():
        before = await connection.fetchval(sql("permit_drop"), rule.site_id, rule.terminal_id)
        try:
            await connection.execute(
                sql("permit_put"), rule.site_id, rule.terminal_id, rule.offline_permitted,
                rule.floor_minor, rule.currency, ages, receipt, rule.profile)
        except asyncpg.ForeignKeyViolationError:
            raise BadPermit("site_id" if rule.site_id else "terminal_id", "is nobody's") from None
        # The table's lock: share locks of batches pass an update that waits for the row by.
        await connection.execute("LOCK TABLE rules IN EXCLUSIVE MODE")
        await connection.execute("UPDATE rules SET version = version + 1")
        noun, key = ("site", rule.site_id) if rule.site_id else ("terminal", rule.terminal_id)
        await connection.execute(
            sql("permit_audit"), who, role, f"{noun}/{key}", f"{noun} {key} off line",
            before or "null", msgspec.json.encode(rule).decode())


def _check(rule: Permit) -> None:
    if (rule.site_id is None) == (rule.terminal_id is None):
        raise BadPermit("site_id", "a rule is a site's or a terminal's, one of both")
    if rule.floor_minor is not None and not 0 <= rule.floor_minor <= 10**12:
        raise BadPermit("floor_minor", "is no amount")
    currency = rule.currency
    if currency is not None and not (len(currency) == 3 and currency.isascii()
                                     and currency.isalpha() and currency.isupper()):
        raise BadPermit("currency", "is no currency (ISO 4217)")
    if rule.ages is not None:
        if not rule.ages or any(not 1 <= hours <= MOST_HOURS or not 0 <= percent <= 100
                                for hours, percent in rule.ages):
            raise BadPermit("ages", f"1 to {MOST_HOURS} hours, 0 to 100 percent each")
        if any(earlier[0] >= later[0] for earlier, later in pairwise(rule.ages)):
            raise BadPermit("ages", "hours grow from one to the next")
    if rule.receipt is not None and (len(rule.receipt) > MOST_LINES or any(
            len(line) > MOST_COLUMNS or not line.isprintable() for line in rule.receipt)):
        raise BadPermit("receipt", f"at most {MOST_LINES} lines of {MOST_COLUMNS} characters")
