"""What an operator does about catalogues: the key that signs them, builds, a look at one.

Knows the rooms and how they are put together for a tool; prints nothing: lines are given back.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

import asyncpg

from authhost.clock import Clock
from authhost.hsm_session import HsmSession
from authhost.journal.statements import statement
from authhost.station.building import Building, NoPrices, PriceLists
from authhost.station.catalogue import Catalogue
from authhost.station.content import SECTIONS
from authhost.station.signer import PublicKey, Signer
from authhost.station.statements import sql

Lines = Sequence[str]
_VERSIONS = 10


async def show_keys(session: HsmSession, url: str, who: str, *, add: bool = False,
                    use: int | None = None) -> Lines:
    """Every key's number and public point, as a terminal is set up with it; the first is made.

    add: make one more, which does not sign yet; use: sign with this one from now on. NoSuchKey.
    """
    async with asyncpg.create_pool(url, min_size=1, max_size=2) as pool:
        signer = Signer(pool, session.hsm, session.keys)
        now = Clock().now()
        await signer.ensure(now)
        if add:
            key = await signer.add()
            await pool.execute(statement("audit"), who, f"catalogue key {key.number} made")
        if use is not None:
            await signer.use(use, now)
            await pool.execute(statement("audit"), who, f"catalogue key {use} signs")
        return [_key_line(key) for key in await signer.public()]


async def build(url: str, prices: PriceLists | None = None, clock: Clock | None = None) -> Lines:
    """Build a version where something has changed."""
    async with asyncpg.create_pool(url, min_size=1, max_size=2) as pool:
        built = await Building(pool, clock or Clock(), prices or NoPrices()).build()
    said = f"{built.changes} changes" if built.made else "nothing has changed"
    return [f"version {built.version}, {said}"]


async def show(session: HsmSession, url: str, terminal_id: str = "", base: int = 0) -> Lines:
    """The newest versions; with a terminal, what its catalogue says, member by member. NoCatalogue.
    """
    async with asyncpg.create_pool(url, min_size=1, max_size=2) as pool:
        if not terminal_id:
            rows = await pool.fetch(sql("catalogue_show"), _VERSIONS)
            return [_version_line(row) for row in rows]
        building = Building(pool, Clock(), NoPrices())
        catalogue = Catalogue(pool, Clock(), building,
                              Signer(pool, session.hsm, session.keys))
        content = json.loads(await catalogue.bytes_of(terminal_id, base))
    head = {name: value for name, value in content.items() if name != "sections"}
    lines = [f"{name:<12}{value}" for name, value in head.items()]
    for name in SECTIONS:
        section = content["sections"][name]
        lines += [f"{name:<12}{key:<24}{json.dumps(value)}" for key, value in
                  section["put"].items()]
        lines += [f"{name:<12}{key:<24}dropped" for key in section["drop"]]
    return lines


def _key_line(key: PublicKey) -> str:
    return f"{key.number} {key.point.hex().upper()}{' signs' if key.signs else ''}"


def _version_line(row: asyncpg.Record) -> str:
    issued_at: datetime = row["issued_at"]
    sites = "all sites" if row["sites"] is None else ", ".join(row["sites"])
    return f"{row['version']:>8}  {issued_at.isoformat()}  {row['changes']:>8} changes  {sites}"
