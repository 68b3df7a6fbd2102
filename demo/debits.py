"""Two fleets that pay by direct debit: their mandates, how the operator collects, what came of it.

Knows the tables of mandates and collections and the desk of exceptions; must not know how the night
decides what is collected, nor what a bank makes of it.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final

import asyncpg
import msgspec

from authhost.admin.access import Actor
from authhost.admin.clearing_exceptions import ClearingExceptions, Settled, Suggested
from clearing.settings import Settings, check_settings, load_settings
from demo.insert import statement
from demo.parties import Portfolio
from demo.result import Collected

_FLEETS: Final = {101: "CORE", 102: "B2B"}
_SIGNED_ON: Final = date(2026, 10, 12)
_PAYMENT_DAYS: Final = 1
# Its check digits are over DE and the national part (EPC262-08).
_CREDITOR_ID: Final = "DE98ZZZ09999999999"
_WORKER, _SECOND = Actor("office", "administrator", 1), Actor("vault", "administrator", 2)


def settings_of_night() -> Settings:
    """The defaults, and an operator who collects: a day after he has told it."""
    defaults = load_settings()
    debtor = defaults.seller("EUR")
    plain: dict[str, Any] = msgspec.to_builtins(defaults)
    plain["bankfiles"]["collection"] = {
        "creditor": {"identifier": _CREDITOR_ID, "name": debtor.name, "iban": debtor.iban,
                     "bic": debtor.bic}, "notice_days": 1, "again_days": 2, "ahead_days": 0}
    return check_settings(msgspec.convert(plain, Settings))


async def sign(database_url: str, parties: Portfolio) -> None:
    """The fleets' mandates, and that their invoices are collected by them."""
    rows = []
    for account_id, scheme in _FLEETS.items():
        account = parties.account(account_id)
        rows.append({"mandate_id": f"FLEET-{account_id}", "account_id": account_id,
                     "scheme": scheme, "signed_on": _SIGNED_ON, "debtor_name": account.name,
                     "iban": account.iban, "bic": account.bic, "address": account.address,
                     "payment_days": _PAYMENT_DAYS})
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(statement("mandates"), msgspec.json.encode(rows).decode())
    finally:
        await connection.close()


async def have_collected_again(database_url: str) -> None:
    """What came back for want of money is collected again: one says so, and another."""
    async with asyncpg.create_pool(database_url, min_size=1, max_size=1) as pool:
        queue = ClearingExceptions(pool)
        for row in await pool.fetch(statement("debits_back")):
            number = row["exception_id"]
            await queue.propose(_WORKER, number, Suggested(
                decision="retry", note="there will be money in two days"))
            await queue.decide(_SECOND, number, Settled(approve=True, decision="retry"))


async def collected(database_url: str) -> tuple[Collected, ...]:
    """Every direct debit, and how far it is."""
    connection = await asyncpg.connect(database_url)
    try:
        return tuple(Collected(**dict(row)) for row in
                     await connection.fetch(statement("debits")))
    finally:
        await connection.close()
