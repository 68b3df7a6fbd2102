"""The night's fee statements as files: one a client and currency whose billing period ends.

Knows the two files a statement is; what is in it was decided when the day was posted.
"""

from __future__ import annotations

from collections.abc import Iterator

import asyncpg
import msgspec

from clearing.fee_accrual import charge_of
from clearing.fee_statement import Buyer, FeeStatement, Seller
from clearing.fees import Stated, stated
from clearing.folder import DayFolder
from clearing.pages import write_page
from clearing.party import Address, parse_party
from clearing.queries import Connection, query
from clearing.run_id import RunId
from clearing.settings import Settings
from clearing.summary import FileRecord


async def write_fee_statements(connection: Connection, run_id: RunId, settings: Settings,
                               folder: DayFolder) -> list[FileRecord]:
    """fees/<number>.json and .html."""
    files: list[FileRecord] = []
    for row in await connection.fetch(query("fee_statements"), str(run_id)):
        lines = await connection.fetch(query("fee_statement_lines"), row["number"])
        sums = stated(((charge_of(line), line["vat_basis_points"]) for line in lines),
                      bears_vat=not row["vat_category"])
        assert (sums.fees_minor, sums.interest_minor, sums.vat_minor) == (
            row["fees_minor"], row["interest_minor"], row["vat_minor"]), row["number"]
        files.extend(_write(folder, _statement(row, sums, settings)))
    return files


def _statement(row: asyncpg.Record, sums: Stated, settings: Settings) -> FeeStatement:
    debtor = settings.seller(row["currency"])
    party = parse_party(row["party"])
    client = Buyer(row["account_id"], party.name if party else "",
                   party.address if party else Address())
    return FeeStatement(
        number=row["number"], run_id=row["run_id"], period_from=row["period_from"].isoformat(),
        period_to=row["period_to"].isoformat(), currency=row["currency"], settle=row["settle"],
        seller=Seller(debtor.name, debtor.address, debtor.iban, debtor.bic), client=client,
        lines=sums.lines, vat=sums.vat, fees_minor=sums.fees_minor,
        interest_minor=sums.interest_minor, vat_minor=sums.vat_minor, gross_minor=sums.gross_minor,
        vat_category=row["vat_category"] or "", vat_id=row["vat_id"])


def _write(folder: DayFolder, statement: FeeStatement) -> Iterator[FileRecord]:
    path = f"fees/{statement.number}"
    folder.write(f"{path}.json", msgspec.json.format(msgspec.json.encode(statement)) + b"\n")
    with folder.open(f"{path}.html") as sink:
        write_page(sink, "fees.html", statement=statement)
    for form in ("json", "html"):
        yield FileRecord(f"{path}.{form}", f"fee_{form}", 1, statement.gross_minor,
                         statement.currency)
