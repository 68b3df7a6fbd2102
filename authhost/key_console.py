"""What an operator does with keys: look, generate, bring in, give out. Each change is audited.

Knows the names of stored keys and the HSM's verbs; a clear key is never here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import asyncpg

from authhost.hsm.errors import HsmRefused
from authhost.hsm.verbs import Generated
from authhost.hsm_keys import KeyEntry
from authhost.hsm_session import HsmSession
from authhost.journal.statements import statement

# What a key of a usage may do unless it is said otherwise (ANSI X9.143, modes of use).
MODES: Final = {"K0": "B", "K1": "B", "51": "B", "52": "B", "P0": "B", "D0": "B", "B0": "X",
                "B1": "X", "E0": "X", "E1": "X", "E2": "X", "C0": "C", "M1": "C", "M3": "C",
                "M6": "C", "M7": "C", "V1": "C", "V2": "C"}
_NOT_AUTHORISED: Final = "17"
_TMK: Final = "51"  # a terminal's master key, as the HSM tells it from a zone's


class KeyProblem(Exception):  # it is said to a person
    """A key that cannot be made, brought in or given out, and why."""


async def generate(session: HsmSession, url: str, name: str, usage: str, algorithm: str,
                   mode: str, who: str) -> KeyEntry:
    """A new key under this name, the next version of it. algorithm: T2, T3, A1, A3, ..."""
    made = await session.hsm.generate(usage, algorithm, mode or _mode(usage), exportability="S")
    return await _store(session, url, name, usage, algorithm[:1], made, who, "generated")


async def import_key(session: HsmSession, url: str, name: str, zmk: str, block: str,
                     who: str) -> KeyEntry:
    """A key that came as a TR-31 block under the zone master key `zmk/<name>`."""
    if len(block) < 16 or not block[1:5].isdigit() or int(block[1:5]) != len(block):
        raise KeyProblem("--block is no TR-31 key block: its length is not what it says")
    under = await _zmk(session, zmk)
    usage = _TMK if name.startswith("terminal/") and name.endswith("/tmk") else ""
    try:
        made = await session.hsm.import_key(under.block, block, usage)
    except HsmRefused as error:
        if error.code != _NOT_AUTHORISED:
            raise
        raise KeyProblem("the HSM takes no key that wraps keys, and no block of version A or C, "
                         "unless two people have authorised the activity 'import' at its console"
                         ) from None
    return await _store(session, url, name, usage or block[5:7], block[7], made, who,
                        f"brought in under zmk/{zmk}")


async def store(session: HsmSession, url: str, name: str, block: str, who: str) -> KeyEntry:
    """A key that custodians formed: its block under the HSM's own master key, which is asked."""
    if block[:1] != "S" or len(block) < 17 or block[2:6] != f"{len(block) - 1:04d}":
        raise KeyProblem("--block is no key block under a master key: S, and its length behind it")
    made = Generated(block, "", await session.hsm.check_value(block))
    return await _store(session, url, name, block[6:8], block[8], made, who, "stored")


async def export_key(session: HsmSession, url: str, name: str, zmk: str,
                     who: str) -> Generated:
    """A stored key as a TR-31 block under the zone master key `zmk/<name>`.

    KeyProblem says that two people have to open the HSM's activity 'export' first.
    """
    entry = await session.keys.at(name)
    if entry is None:
        raise KeyProblem(f"there is no key {name}")
    under = await _zmk(session, zmk)
    try:
        given = await session.hsm.export_key(under.block, entry.block)
    except HsmRefused as error:
        if error.code != _NOT_AUTHORISED:
            raise
        raise KeyProblem("the HSM gives no key out unless two people have authorised the "
                         "activity 'export' at its console") from None
    await _audit(url, who, f"key {name} version {entry.version} given out under zmk/{zmk}")
    return given


async def _zmk(session: HsmSession, name: str) -> KeyEntry:
    entry = await session.keys.at(f"zmk/{name}")
    if entry is None:
        raise KeyProblem(f"there is no zone master key zmk/{name}")
    return entry


async def _store(session: HsmSession, url: str, name: str, usage: str, algorithm: str,
                 made: Generated, who: str, what: str) -> KeyEntry:
    standing = await session.keys.at(name)
    version = standing.version + 1 if standing is not None else 1
    entry = KeyEntry(name, version, usage, algorithm, made.block, made.kcv)
    stored = await session.keys.put(entry)
    if stored.block != entry.block:
        raise KeyProblem(f"{name} version {version} was stored by somebody else at this moment")
    await _audit(url, who, f"key {name} version {version} {what}, check value {made.kcv}")
    return stored


def _mode(usage: str) -> str:
    if usage not in MODES:
        raise KeyProblem(f"--mode is needed for usage {usage}; known: {', '.join(sorted(MODES))}")
    return MODES[usage]


async def _audit(url: str, who: str, what: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement("audit"), who, what)
    finally:
        await connection.close()


def as_lines(rows: Sequence[asyncpg.Record]) -> list[str]:
    """All keys as a table of text."""
    lines = [f"{'name':<40}{'version':>8}  usage  algorithm  {'check value':<12}{'used':<6}created"]
    lines += [f"{row['name']:<40}{row['version']:>8}  {row['usage']:<5}  {row['algorithm']:<9}  "
              f"{row['kcv']:<12}{'yes' if row['used_at'] else '':<6}"
              f"{row['created_at']:%Y-%m-%d %H:%M}" for row in rows]
    return lines
