"""What a clerk does with prices: import a list, write a contract or a VAT rate, ask for a price.

Opens a connection of its own for each; says what came of it in lines.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import asyncpg
import msgspec

from authhost.clock import Clock
from authhost.currencies import EXPONENT
from authhost.model import Item
from authhost.pricing.book import Book
from authhost.pricing.contracts import contracts_of, put_contract
from authhost.pricing.explain import explain
from authhost.pricing.importing import JUMP_PERCENT, Report, import_base_prices
from authhost.pricing.price_list import read_instant
from authhost.pricing.prices import Prices
from authhost.pricing.rounding import scaled
from authhost.pricing.statements import statement
from authhost.pricing.terms import BadTerms, Contract, Line, instant_us
from authhost.pricing.vat import VatRate, put_vat_rate

_NO_DECIMAL = Decimal(0)


@asynccontextmanager
async def _connected(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database_url)
    try:
        yield connection
    finally:
        await connection.close()


async def import_list(database_url: str, content: bytes, *, source: str, who: str, file: str,
                      time_zone: str = "UTC", dry_run: bool = False, accept_jumps: bool = False,
                      reason: str = "", jump_percent: Decimal = JUMP_PERCENT) -> Report:
    """Import a wholesale list; see importing.import_base_prices."""
    async with _connected(database_url) as connection:
        return await import_base_prices(
            connection, content, source=source, who=who, file=file, time_zone=time_zone,
            dry_run=dry_run, accept_jumps=accept_jumps, reason=reason, jump_percent=jump_percent)


def report_lines(report: Report) -> list[str]:
    """A report as it is printed."""
    lines = [str(problem) for problem in report.problems]
    if report.more_problems:
        lines.append(f"and {report.more_problems} more")
    counts = (f"{report.rows} rows: {report.added} new, {report.corrected} corrected,"
              f" {report.unchanged} there already")
    match report.state:
        case "refused":
            return [*lines, "refused: nothing was stored"]
        case "dry_run":
            return [*lines, f"{counts}. A dry run: nothing was stored"]
        case "unchanged":
            return [*lines, f"nothing to do: all {report.rows} rows stand already"]
        case _:
            return [*lines, f"{counts}. Import {report.import_id}, SHA-256 {report.sha256}"]


async def write_contract(database_url: str, text: bytes, who: str, *, dry_run: bool = False) -> str:
    """Write a contract's next version from JSON. BadTerms tells what is wrong."""
    contract = _decoded(text)
    async with _connected(database_url) as connection:
        version = await put_contract(connection, contract, who, dry_run=dry_run)
    done = "would be" if dry_run else "is"
    return f"contract {contract.contract} of account {contract.account_id} {done} version {version}"


def _decoded(text: bytes) -> Contract:
    try:
        return msgspec.json.decode(text, type=Contract)
    except msgspec.DecodeError as error:  # not JSON, or not this shape: it says where
        raise BadTerms((str(error),)) from None


async def write_vat_rate(database_url: str, rate: VatRate, who: str) -> str:
    """Enter a VAT rate. BadTerms tells what is wrong."""
    async with _connected(database_url) as connection:
        number = await put_vat_rate(connection, rate, who)
    return f"VAT rate {number}"


async def contract_lines(database_url: str, account_id: int) -> list[str]:
    """All versions of an account's contracts."""
    async with _connected(database_url) as connection:
        contracts = await contracts_of(connection, account_id)
    lines = []
    for one in contracts:
        until = f"until {one.valid_until}" if one.valid_until else "with no end"
        lines.append(f"{one.contract} version {one.version}, {one.currency}, from"
                     f" {one.valid_from} {until}{': ' + one.reason if one.reason else ''}")
        lines += [f"  {_line(line)}" for line in one.lines]
    return lines or [f"account {account_id} has no contract"]


def _line(line: Line) -> str:
    return msgspec.json.encode(line).decode()


async def show(database_url: str, account_id: int, product: str, *, clock: Clock, at: str = "",
               site: str = "", unit: str = "", pump: Decimal = _NO_DECIMAL,
               quantity: Decimal = _NO_DECIMAL) -> list[str]:
    """A price with its explanation. at: an instant, or a time in the account's zone; '' is now.

    pump: the pump price of one unit, VAT included; quantity: 0 is one unit. BadTerms where the
    account or product is unknown, or `at` cannot be read.
    """
    async with asyncpg.create_pool(database_url, min_size=1, max_size=1) as pool:
        async with pool.acquire() as connection:
            account = await connection.fetchrow(statement("account_of"), account_id)
            version = await connection.fetchval("SELECT version FROM rules")
            sold_in = await connection.fetchval("SELECT unit FROM product WHERE product = $1",
                                                product)
        problems = [text for text, wrong in (
            (f"account {account_id} is not known", account is None),
            (f"product {product} is not known", sold_in is None)) if wrong]
        if account is None or problems:
            raise BadTerms(tuple(problems))
        zone = ZoneInfo(account["time_zone"])
        moment = clock.now() if not at else _instant(at, zone)
        book = await Prices(pool, clock).at_hand(account_id, version or 1)
    unit = unit or sold_in
    quantity = quantity or Decimal(1)
    (number, parts), decimals = (pump * quantity).as_integer_ratio(), EXPONENT[account["currency"]]
    item = Item(product, unit, quantity, pump, scaled(number, parts, decimals))
    head = (f"{account['name']} ({account_id}), {product}"
            f"{f' at {site}' if site else ''}, {moment.astimezone(zone).isoformat()}")
    return [head, *_explained(book, item, site, moment, account["currency"], zone)]


def _instant(text: str, zone: ZoneInfo) -> datetime:
    try:
        return read_instant(text, zone)
    except ValueError as error:
        raise BadTerms((f"at: {error}",)) from None


def _explained(book: Book | None, item: Item, site: str, moment: datetime, currency: str,
               zone: ZoneInfo) -> Sequence[str]:
    if book is None:
        return ["no contract: the pump price holds"]
    found = book.found(item.product, item.unit, site, instant_us(moment), currency)
    return list(explain(found, item, site, currency, zone))
