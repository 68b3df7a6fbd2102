"""What runs besides servers and host: the payers' bank, the merchants' server that is told, and the
accounts of all who take part.

Knows how each is started, and what is in Valkey; who asks for what is place.py's.
"""

from __future__ import annotations

import json
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import asyncpg
import msgspec

from authhost.certificates.authority import FileAuthority
from authhost.counters import unpack_slots
from authhost.embedded import Servers
from authhost.journal.migrate import migrate
from authhost.merchants.callers import hashed
from authhost.state.client import StateClient, StateUnavailable, StateUnknown
from loadtest.bank_process import RAILS
from terminals.bank.conduct import Conduct
from terminals.bank.server import BankServer
from tests.crash.ground import PATIENCE_S, Ground
from tests.crash.payments.portfolio import (
    AWAY,
    BANK,
    MERCHANTS,
    ROLES,
    SANDBOX,
    SPARE,
    conduct,
    limits,
    merchants_limits,
    spare,
)
from tests.support.hearing import Hearing

_SQL: Final = Path(__file__).parent / "sql"
SECRET: Final = bytes(range(32))  # of webhooks
COLLECTING: Final = str(RAILS[0]["debtor"]["iban"])
_TOTAL: Final = 6  # the kind of a window, as counters number them


def statement(name: str) -> str:
    """The text of sql/<name>.sql."""
    return (_SQL / f"{name}.sql").read_text(encoding="utf-8")


class Stage(Ground):
    """All of it, and nobody asks for anything yet."""

    killed = "tests.crash.payments.killed"

    def __init__(self, servers: Servers, folder: Path, port: int, planted: str,
                 patience_s: float = PATIENCE_S) -> None:
        super().__init__(servers, folder, port, planted, patience_s)
        self.bank = BankServer(folder / "bank.sqlite")
        # Counters before Valkey was emptied at the end, and the journal's sum of money then.
        self.live: dict[int, tuple[dict[str, int], int]] = {}
        self._hooks = Hearing(folder, [], tls=False)

    async def open(self) -> None:
        """Start everything."""
        passphrase = self.folder / "passphrase"
        passphrase.write_text(secrets.token_hex(16))
        passphrase.chmod(0o600)
        FileAuthority.create(self.folder / "ca", passphrase, "phones", datetime.now(UTC))
        await self.start_nursery()
        await migrate(self.servers.postgres.url)
        await self.bank.open()
        await self.bank.behave(msgspec.convert(conduct(), Conduct))
        await self._hooks.listen()
        await self._seed()
        self.mark_servers()
        await self.run_host()

    async def close(self) -> None:
        """Stop everything; the host in good order."""
        await self.stop_host()
        await self._hooks.close()
        await self.bank.close()

    @property
    def options(self) -> list[str]:
        """Who signs phones' certificates, and that merchants and phones are on this machine."""
        return ["--authority", str(self.folder / "ca"), "--private-callbacks", "--plain-phones",
                "--authority-passphrase", str(self.folder / "passphrase")]

    @property
    def hooks(self) -> list[Any]:
        """What the merchants' server heard, in its order."""
        return self._hooks.heard

    @property
    def callback(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self._hooks.port}/hook"

    async def counters(self) -> dict[int, dict[str, int]]:
        """What Valkey has counted, by account: money and number; accounts that it knows."""
        accounts = [row["account_id"] for row in await self.rows("SELECT account_id FROM fence")]
        client = StateClient(self.servers.valkey.url)
        try:
            found: dict[int, dict[str, int]] = {}
            for account in accounts:
                packed = await client.call("HGET", f"{{{account}}}", "a")
                if packed is not None:
                    found[account] = {("", "money", "volume", "count")[code % 4]: int(value)
                                      for code, _, value in unpack_slots(packed)
                                      if code // 4 % 16 == _TOTAL}
            return found
        except (StateUnavailable, StateUnknown):
            return {}
        finally:
            await client.close()

    async def _seed(self) -> None:
        banks = [{"bank": bank, "endpoint": endpoint,
                  "rails": [{**rail, "collects": rail["debtor"]} for rail in RAILS]}
                 for bank, endpoint in ((BANK, self.bank.url), (AWAY, "http://127.0.0.1:9"))]
        payers = [{"number": role.number, "name": role.role, "bank": role.bank, "iban": role.iban,
                   "limits": limits(role)}
                  for role in (*ROLES.values(), *map(spare, range(SPARE)))]
        shops = []
        for merchant, account in MERCHANTS.items():
            self.tokens[merchant] = secrets.token_urlsafe(24)
            shops.append({"merchant": merchant, "account": account, "limits": merchants_limits(),
                          "sandbox": merchant == SANDBOX,
                          "token": hashed(self.tokens[merchant]).hex()})
        async with asyncpg.create_pool(self.servers.postgres.url, min_size=1, max_size=1) as pool:
            await pool.execute("SELECT journal_month($1)", self.day)
            await pool.execute(statement("parties"), self.day, json.dumps(payers),
                               json.dumps(banks), json.dumps(shops), SECRET, COLLECTING, BANK)
            await self.let_in(pool, "anna", "berta")
