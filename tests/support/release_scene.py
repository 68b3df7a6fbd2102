"""A run that is verified, with files on disk, without a night: rows and bytes made by hand."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import asyncpg

from clearing.release.life import note_run
from clearing.run_id import RunId

DAY = date(2026, 7, 23)
RUN = RunId(DAY, "cash")
NOW = datetime(2026, 7, 24, 1, 0, tzinfo=UTC)

FILES = {"bank/deposits-EUR.xml": b"<Document/>", "bookings/10-EUR.xml": b"<a/>" * 1000,
         "cases.json": b"[]\n"}
_KINDS = {"bank/deposits-EUR.xml": ("deposit_credit_xml", "bank/NLB"),
          "bookings/10-EUR.xml": ("booking_xml", "account/10"), "cases.json": ("cases_json", "")}


async def make_run(database_url: str, out_dir: Path, status: str = "done", *,
                   run_id: RunId = RUN, files: dict[str, bytes] | None = None,
                   four_eyes: bool = False) -> None:
    """A run with these files: shown where it is done, else written aside."""
    day = run_id.business_date.isoformat()
    folder = out_dir / (f"{day}/{run_id.stream}" if status == "done" else
                        f".{day}.{run_id.stream}.staging")
    contents = FILES if files is None else files
    for path, content in {**contents, "manifest.json": b"{}\n"}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    manifest = hashlib.sha256(b"{}\n").hexdigest()
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(
            "INSERT INTO clearing_run (run_id, business_date, stream, sequence, status, "
            "journal_digest, journal_count, settings, manifest_digest) "
            "VALUES ($1, $2, $3, $4, $5, '', 0, $6, $7)", str(run_id), run_id.business_date,
            run_id.stream, run_id.sequence, status,
            json.dumps({"release": {"four_eyes": four_eyes}}), manifest)
        await connection.executemany(
            "INSERT INTO clearing_file (run_id, path, kind, count, sum_minor, currency, sha256, "
            "recipient) VALUES ($1, $2, $3, 1, 100, 'EUR', $4, $5)",
            [(str(run_id), path, _KINDS.get(path, ("other", ""))[0],
              hashlib.sha256(content).hexdigest(), _KINDS.get(path, ("", ""))[1])
             for path, content in contents.items()])
        for state in ("generated", "verified", "released")[:3 if status == "done" else 2]:
            await note_run(connection, run_id, state, "night")
    finally:
        await connection.close()


async def add_route(database_url: str, target: dict[str, Any], **columns: Any) -> None:
    """A route by its columns; what is not given is for everybody and everything."""
    values = {"name": "bank", "target": json.dumps(target), "valid_from": DAY, **columns}
    connection = await asyncpg.connect(database_url)
    try:
        names = ", ".join(values)
        places = ", ".join(f"${number}" for number in range(1, len(values) + 1))
        await connection.execute(f"INSERT INTO delivery_route ({names}) VALUES ({places})",
                                 *values.values())
    finally:
        await connection.close()
