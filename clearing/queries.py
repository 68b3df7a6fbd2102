"""The SQL of this room, by file name, and the connection that all of it runs on.

Knows where the files are; must not know what is in them.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final, TypeAlias

import asyncpg

# Of every session of a night. work_mem holds a sort or a join of a whole day. No workers: streams
# are processes side by side, and the host authorizes meanwhile; what a statement gains, they lose.
SESSION: Final = {"work_mem": "128MB", "max_parallel_workers_per_gather": "0", "jit": "off"}

if TYPE_CHECKING:
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record]
else:
    Connection = asyncpg.Connection


@cache
def query(name: str) -> str:
    """The text of sql/<name>.sql."""
    return files(__package__).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")


async def connect(database_url: str) -> Connection:
    """A connection whose text forms do not depend on the server's settings, and whose sorts and
    joins of a whole day stay in memory."""
    return await asyncpg.connect(database_url, server_settings={
        "TimeZone": "UTC", "DateStyle": "ISO", **SESSION})
