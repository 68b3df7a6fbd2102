"""How long a night takes: close, read, post, files, control, release, of so many transactions.

    python -m loadtest.clearing [--transactions 1000000] [--date 2026-07-31] [--reuse DIR] [--json]

An embedded PostgreSQL with the portfolio of night_seed.py, the night of the day before (not
measured), then the real night of the day, with the settings of the package; PDFs apart, unless
--pdf asks for them. --reuse keeps the seeded servers in a folder, for the next run with as many
transactions. The default day ends a week
of work, a half month and a month: more fleets are invoiced than on any other. peak_memory_mib is of
all processes, PostgreSQL included.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Final

import asyncpg
import msgspec

from authhost.embedded import Postgres
from authhost.journal.migrate import migrate
from clearing.night import Night
from clearing.settings import Settings, load_settings
from loadtest.portfolio import statement
from loadtest.pss import PeakMemory

_DAY: Final = date(2026, 7, 31)
_SEEDED: Final = "seeded"  # the database that nights are copied from


def main() -> int:
    """Seed or find, run the night, print its figures. 1 where it does not balance."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--transactions", type=int, default=1_000_000)
    parser.add_argument("--date", type=date.fromisoformat, default=_DAY)
    parser.add_argument("--reuse", type=Path, help="keep the seeded servers here")
    parser.add_argument("--pdf", action="store_true", help="typeset PDFs, too")
    parser.add_argument("--engine", help="as of `authhost clear`")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with _folder(arguments.reuse) as folder:
        figures = _measured(folder, arguments)
    if arguments.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:<20}{value}")
    return 0 if figures["balanced"] else 1


def _measured(folder: Path, arguments: argparse.Namespace) -> dict[str, object]:
    # Here, as `authhost clear` does: a process that writes invoices needs no engine.
    from clearing.together import clear_together  # noqa: PLC0415
    transactions, day = arguments.transactions, arguments.date
    settings = _settings(pdf=arguments.pdf)
    servers = Postgres(folder / f"{transactions}-{day}-{_of_schema()}")
    servers.run()
    out = folder / "files"
    shutil.rmtree(out, ignore_errors=True)
    try:
        seed_s = asyncio.run(_seed(servers.url, transactions, day, out))
        url = asyncio.run(_copied(servers.url))
        with PeakMemory() as memory:
            begun = time.perf_counter()
            night = asyncio.run(clear_together(url, day, out, settings, "loadtest",
                                               engine=arguments.engine))
            seconds = time.perf_counter() - begun
        due = asyncio.run(_due(url, day))
    finally:
        servers.stop()
    size = sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
    return {"seconds": round(seconds, 2), "balanced": night.balanced,
            "seconds_by_step": _by_step(night), "peak_memory_mib": memory.mib,
            "files": len(night.files), "files_mib": size >> 20, "transactions": transactions,
            **due, "seed_seconds": round(seed_s, 1), "digest": night.digest}


def _of_schema() -> str:
    """What is seeded anew when it changes: the migrations, and the statements that seed."""
    digest = hashlib.sha256()
    for package, name in (("authhost.journal", "migrations"), ("loadtest", "sql")):
        for file in sorted(files(package).joinpath(name).iterdir(), key=lambda one: one.name):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:8]


def _settings(*, pdf: bool) -> Settings:
    settings = load_settings()
    return msgspec.structs.replace(
        settings, documents=msgspec.structs.replace(settings.documents, made=pdf))


def _by_step(night: Night) -> dict[str, float]:
    return {f"{run.stream}/{step}": round(seconds, 2)
            for run in night.runs for step, seconds in run.seconds.items()}


async def _seed(url: str, transactions: int, day: date, out: Path) -> float:
    """Seed a database of its own, unless it is there; with the night of the day before."""
    from clearing.run import clear  # noqa: PLC0415  # as above
    from loadtest import night_seed  # noqa: PLC0415
    begun = time.perf_counter()
    if await _value(url, "SELECT count(*) FROM pg_database WHERE datname = $1", _SEEDED):
        return 0.0
    await _run(url, "DROP DATABASE IF EXISTS half")
    await _run(url, "CREATE DATABASE half")
    half = _named(url, "half")
    await migrate(half)
    await night_seed.seed(half, transactions, day)
    seconds = time.perf_counter() - begun
    await clear(half, day - timedelta(days=1), out, _settings(pdf=False))
    await _run(half, "VACUUM ANALYZE")
    # Whole, or it is made again.
    await _run(url, f"ALTER DATABASE half RENAME TO {_SEEDED}")
    return seconds


async def _copied(url: str) -> str:
    """A database for one night; the one of the last is gone."""
    await _run(url, "DROP DATABASE IF EXISTS night WITH (FORCE)")
    await _run(url, f"CREATE DATABASE night TEMPLATE {_SEEDED} STRATEGY file_copy")
    # What copying has left to be written is none of the night's.
    await _run(url, "CHECKPOINT")
    return _named(url, "night")


async def _due(url: str, day: date) -> dict[str, object]:
    connection = await asyncpg.connect(url)
    try:
        return dict(await connection.fetchrow(statement("night_due"), day) or {})
    finally:
        await connection.close()


async def _run(url: str, text: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(text)
    finally:
        await connection.close()


async def _value(url: str, text: str, *values: object) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(text, *values)
    finally:
        await connection.close()


def _named(url: str, database: str) -> str:
    return url.replace("/authhost?", f"/{database}?")


@contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    # The working directory's file system, not a temporary one that may be memory.
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="clearing-", dir=".") as directory:
        yield Path(directory).resolve()


if __name__ == "__main__":
    sys.exit(main())
