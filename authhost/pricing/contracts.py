"""Contracts are written down: checked against what there is, versioned, never changed.

Knows the table price_contract, whose triggers refuse what overlaps and raise the rules version.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC

import asyncpg
import msgspec

from authhost.pricing.statements import statement
from authhost.pricing.terms import BadTerms, Contract, Line, problems_of
from authhost.pricing.vat import known_targets


async def put_contract(connection: asyncpg.Connection, contract: Contract, who: str,
                       role: str = "operator", *, dry_run: bool = False) -> int:
    """Write the next version of a contract, in a transaction of its own; its number.

    What says the same as the last version is that version: its number, nothing written. BadTerms
    tells all that is wrong; nothing is stored then, nor with dry_run.
    """
    problems = problems_of(contract)
    if problems:
        raise BadTerms(problems)
    transaction = connection.transaction()
    await transaction.start()
    try:
        version = await _put(connection, contract, who, role)
    except asyncpg.ExclusionViolationError as error:
        await transaction.rollback()
        raise BadTerms((str(error),)) from None
    except BaseException:
        await transaction.rollback()
        raise
    await (transaction.rollback() if dry_run else transaction.commit())
    return version


async def _put(connection: asyncpg.Connection, contract: Contract, who: str, role: str) -> int:
    await connection.execute(statement("queue"))
    problems = await _strange(connection, contract)
    if problems:
        raise BadTerms(tuple(problems))
    versions = [one for one in await contracts_of(connection, contract.account_id)
                if one.contract == contract.contract]
    last = versions[-1] if versions else None
    if last is not None and _content(last) == _content(contract):
        return last.version
    version = last.version + 1 if last is not None else 1
    lines = msgspec.json.encode(contract.lines).decode()
    await connection.execute(
        statement("contract_add"), contract.account_id, contract.contract, version,
        contract.currency, contract.valid_from.astimezone(UTC),
        contract.valid_until.astimezone(UTC) if contract.valid_until else None, lines,
        contract.reason, who)
    change = {name: [getattr(last, name, None), getattr(contract, name)]
              for name in ("currency", "valid_from", "valid_until", "lines", "reason")
              if getattr(last, name, None) != getattr(contract, name)}
    await connection.execute(
        statement("audit_prices"), who, role, f"contract {contract.contract} version {version}",
        f"account/{contract.account_id}", msgspec.json.encode(change).decode())
    return version


async def contracts_of(connection: asyncpg.Connection, account_id: int) -> tuple[Contract, ...]:
    """Every version of an account's contracts, by name and version."""
    return tuple(contract for _, contract in await read_contracts(connection, [account_id]))


async def read_contracts(connection: asyncpg.Connection, account_ids: Iterable[int],
                         ) -> list[tuple[int, Contract]]:
    """Every version of some accounts' contracts, each with its id."""
    rows = await connection.fetch(statement("contracts_of"), list(account_ids))
    return [(row["contract_id"], Contract(
        account_id=row["account_id"], contract=row["contract"], currency=row["currency"],
        valid_from=row["valid_from"], valid_until=row["valid_until"],
        lines=msgspec.json.decode(row["lines"], type=tuple[Line, ...]), reason=row["reason"],
        version=row["version"])) for row in rows]


def _content(contract: Contract) -> Contract:
    return msgspec.structs.replace(contract, version=0, reason="")


async def _strange(connection: asyncpg.Connection, contract: Contract) -> list[str]:
    """What the contract names that is not there, or is there in another way."""
    problems = []
    if await connection.fetchval("SELECT kind FROM account WHERE account_id = $1",
                                 contract.account_id) != "fleet":
        problems.append(f"account_id: {contract.account_id} is not a fleet's account")
    sites = await connection.fetch(statement("sites_and_regions"))
    known = await known_targets(connection)
    places = {"site": {row["site_id"] for row in sites},
              "region": {row["region"] for row in sites} - {""}}
    for number, line in enumerate(contract.lines, 1):
        where = f"line {number} ({line.product})"
        problems += [f"{where}: product: {line.product} is not known"
                     for _ in [0] if line.product != "*" and line.product not in known]
        problems += [f"{where}: {name}: {there} is not known" for name, all_of in places.items()
                     if (there := getattr(line, name)) and there not in all_of]
        if line.base_product and line.base_product not in known:
            problems.append(f"{where}: base_product: {line.base_product} is not known")
        if line.source:
            problems += [f"{where}: {text}" for text in await _of_another_temperature(
                connection, contract.currency, line, known)]
    return problems + _shared_products(contract.lines, known)


async def _of_another_temperature(connection: asyncpg.Connection, currency: str, line: Line,
                                  known: dict[str, frozenset[str]]) -> list[str]:
    """A list that has the product, at other temperatures alone, is the wrong list."""
    wanted = {line.base_product} if line.base_product else known.get(line.product, frozenset())
    quoted: dict[str, set[str]] = {}
    for row in await connection.fetch(statement("temperatures_of"), line.source, currency):
        if row["product"] in wanted:
            quoted.setdefault(row["product"], set()).add(row["temperature"])
    return [f"temperature: {line.source} quotes {product} at {', '.join(sorted(there))},"
            f" not at {line.temperature}"
            for product, there in sorted(quoted.items()) if line.temperature not in there]


def _shared_products(lines: Sequence[Line], known: dict[str, frozenset[str]]) -> list[str]:
    """Two groups that have a product in common leave open which line is its."""
    own = {line.product for line in lines}
    groups = [line for line in lines if line.product.startswith("@")]
    return [f"{one.product} and {other.product} at the same place have {', '.join(sorted(both))} in"
            " common: give it a line of its own, or take it out of one group"
            for at, one in enumerate(groups) for other in groups[at + 1:]
            if one.place[1:] == other.place[1:]
            and (both := known.get(one.product, frozenset())
                 & known.get(other.product, frozenset()) - own)]
