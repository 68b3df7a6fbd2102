"""Everything that runs, and hands to start again what was killed.

Knows bank, safes and people, and how each is reached; servers and host are the ground's.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import asyncpg
import msgspec

from authhost.embedded import Servers
from authhost.journal.migrate import migrate
from loadtest.bank_process import RAILS
from terminals.bank.conduct import Conduct
from terminals.bank.desk import bring
from terminals.bank.server import BankServer, real_now_us
from tests.crash.deposits.portfolio import AWAY, BANK, NIGHT_BANK, ROLES, conduct
from tests.crash.deposits.safe import Safe
from tests.crash.ground import LOOK_S, PATIENCE_S, Ground, Stuck

_SQL: Final = Path(__file__).parent / "sql"


def statement(name: str) -> str:
    """The text of sql/<name>.sql."""
    return (_SQL / f"{name}.sql").read_text(encoding="utf-8")


class Place(Ground):
    """All of it."""

    killed = "tests.crash.deposits.killed"

    def __init__(self, servers: Servers, folder: Path, port: int, planted: str,
                 patience_s: float = PATIENCE_S) -> None:
        super().__init__(servers, folder, port, planted, patience_s)
        self.files = folder / "files"
        self.safes: dict[str, Safe] = {}
        self.agreed_minor: Counter[int] = Counter()  # what two people adjusted, by account
        self.bank = BankServer(folder / "bank.sqlite")

    async def open(self) -> None:
        """Start everything."""
        await self.start_nursery()
        await migrate(self.servers.postgres.url)
        await self.bank.open()
        await self.bank.behave(msgspec.convert(conduct(), Conduct))
        await self._seed()
        self.mark_servers()
        await self.run_host()
        for role in ROLES.values():
            safe = self.safes[role.role] = Safe(role, self.folder, self.url)
            await safe.program.start()
            await safe.swap()

    async def close(self) -> None:
        """Stop everything; the host in good order."""
        for safe in self.safes.values():
            await safe.program.stop()
        await self.stop_host()
        await self.bank.close()

    async def night(self) -> None:
        """Close and clear the day, however often it dies; its files go to the bank."""
        day = self.day
        deadline = asyncio.get_running_loop().time() + self.patience_s
        while True:
            night = await self.bear("night", "night", self.servers.postgres.url, str(day),
                                    str(self.files))
            if await night.wait() == 0:
                break
            if asyncio.get_running_loop().time() > deadline:
                raise Stuck(f"{day} is not cleared: "
                            f"{(self.folder / 'night.log').read_text(errors='replace')[-3000:]}")
            await asyncio.sleep(LOOK_S)
        self.day = day + timedelta(days=1)
        await self.to_bank(day)

    async def to_bank(self, day: date) -> None:
        """The files of a day, as an operator brings them; a second time changes nothing. Whom the
        bank pays no instant credit, it pays by a file."""
        paths = await asyncio.to_thread(
            lambda: sorted((self.files / str(day)).rglob("deposits-*.xml")))
        for path in paths:
            bring(self.bank.books, await asyncio.to_thread(path.read_bytes), real_now_us)

    async def credit(self, role: str, sequence: int) -> tuple[str, str]:
        """(state, credit) of a deposit."""
        rows = await self.rows("SELECT state, credit FROM deposit WHERE terminal_id = $1 "
                               "AND sequence = $2", ROLES[role].terminal_id, sequence)
        return (rows[0]["state"], rows[0]["credit"]) if rows else ("", "")

    async def became(self, role: str, sequence: int, *, state: str = "", credit: str = "") -> None:
        """Wait until a deposit is so. Stuck."""
        async def there() -> bool:
            now = await self.credit(role, sequence)
            return now[0] in (state or now[0],) and now[1] in (credit or now[1],)

        await self.until(there, f"{role} {sequence} does not become {state} {credit}")

    async def _seed(self) -> None:
        url = self.servers.postgres.url
        rails = list(RAILS)
        banks = [{"bank": BANK, "endpoint": self.bank.url, "rails": rails},
                 {"bank": AWAY, "endpoint": "http://127.0.0.1:9", "rails": rails},
                 {"bank": NIGHT_BANK, "endpoint": "", "rails": []}]
        roles = [{"role": role.role, "number": role.number, "bank": role.bank, "rule": role.rule,
                  "iban": role.iban} for role in ROLES.values()]
        cassettes = [number for role in ROLES.values() for number in role.cassettes()]
        async with asyncpg.create_pool(url, min_size=1, max_size=1) as pool:
            await pool.execute("SELECT journal_month($1)", self.day)
            await pool.execute("SELECT journal_month($1)", self.day + timedelta(days=31))
            await pool.execute(statement("parties"), self.day, json.dumps(roles),
                               json.dumps(banks))
            await pool.execute(statement("cassettes"), cassettes)
            await self.let_in(pool, "anna", "berta")
