"""VAT rates of products at places, dated: what makes a net price comparable with a pump's.

Knows the table vat_rate, whose trigger raises the rules version.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import asyncpg
import msgspec

from authhost.pricing.statements import statement
from authhost.pricing.terms import TARGET, BadTerms, period_problems

_COUNTRY: Final = re.compile(r"[A-Z]{2}")


class VatRate(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True,
              kw_only=True):
    """A rate from an instant until the next of the same product and place.

    product: a code, '@group' or '*'. basis_points: 20 % is 2000; None: from then on this line says
    nothing. country (ISO 3166-1) or site: where; neither, anywhere.
    """

    product: str
    valid_from: datetime
    basis_points: int | None
    country: str = ""
    site: str = ""


async def put_vat_rate(connection: asyncpg.Connection, rate: VatRate, who: str,
                       role: str = "operator") -> int:
    """Enter a rate, in a transaction of its own; its id. BadTerms, and nothing is stored."""
    async with connection.transaction():
        await connection.execute(statement("queue"))
        problems = (*_problems(rate), *await _strange(connection, rate))
        if problems:
            raise BadTerms(problems)
        vat_id: int = await connection.fetchval(
            statement("vat_add"), rate.product, rate.country, rate.site,
            rate.valid_from.astimezone(UTC), rate.basis_points, who)
        await connection.execute(
            statement("audit_prices"), who, role, f"VAT of {rate.product} from {rate.valid_from}",
            f"vat_rate/{vat_id}",
            msgspec.json.encode({"basis_points": [None, rate.basis_points]}).decode())
    return vat_id


async def vat_rates(connection: asyncpg.Connection) -> tuple[VatRate, ...]:
    """Every rate that was entered, in that order."""
    return tuple(
        VatRate(product=row["product"], valid_from=row["valid_from"],
                basis_points=row["basis_points"], country=row["country"], site=row["site"])
        for row in await connection.fetch(statement("vat_rates"), 0))


def _problems(rate: VatRate) -> Iterator[str]:
    if not TARGET.fullmatch(rate.product):
        yield "product: a code, '@group' or '*'"
    if rate.country and not _COUNTRY.fullmatch(rate.country):
        yield "country: two capitals, ISO 3166-1"
    if rate.country and rate.site:
        yield "country and site: one of them at most"
    if rate.basis_points is not None and not 0 <= rate.basis_points <= 10_000:
        yield "basis_points: 0 to 10000"
    yield from period_problems(rate.valid_from, None)


async def _strange(connection: asyncpg.Connection, rate: VatRate) -> tuple[str, ...]:
    """What the rate names that nobody knows."""
    problems: list[str] = []
    sites = {row["site_id"] for row in await connection.fetch(statement("sites_and_regions"))}
    if rate.site and rate.site not in sites:
        problems.append(f"site: {rate.site} is not known")
    if rate.product != "*" and rate.product not in await known_targets(connection):
        problems.append(f"product: {rate.product} is not known")
    return tuple(problems)


async def known_targets(connection: asyncpg.Connection) -> dict[str, frozenset[str]]:
    """Every product's code and every '@group', each with the products that it stands for."""
    codes = await connection.fetch("SELECT product FROM product")
    groups = await connection.fetch(statement("groups_of_products"))
    return {**{row["product"]: frozenset({row["product"]}) for row in codes},
            **{f"@{row['name']}": frozenset(row["products"]) for row in groups}}
