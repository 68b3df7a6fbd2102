"""What banks tell of credits on the operator's collecting accounts, and what people decide.

Knows who may tell and decide; what a credit pays is the payments' (authhost/payments/matching.py).
A bank tells of its own accounts. Decisions are final and audited; money is sent back elsewhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final, Literal

import asyncpg
import msgspec
from schwifty import IBAN
from schwifty.exceptions import SchwiftyException

from authhost.admin import pages
from authhost.admin.access import Actor, allow
from authhost.admin.desk import said_by_database
from authhost.admin.raising import audit, differences
from authhost.admin.refusals import Conflict, Invalid, Unknown
from authhost.journal.reads import Borrowed
from authhost.payments.matching import Credit, Matching, Outcome
from authhost.payments.model import Refused
from authhost.payments.statements import statement
from clearing.camt053 import StatementError
from clearing.camt054 import MOST, Credited, read_credits

_READ_AT_ONCE: Final = 2  # files: a tree takes ten times the room of its file
_MATCHED_AT_ONCE: Final = 64
_LONGEST_REFERENCE: Final = 48
Decision = Literal["to_return", "settled"]


class TheirCredits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The same as camt.054, as JSON: of banks that tell each credit at once."""

    credits: tuple[Credit, ...]


class Account(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A collecting account as it is put. name: its holder's, as the bank has it."""

    bank_id: str
    currency: str
    name: str
    bic: str = ""
    status: Literal["active", "closed"] = "active"


class Resolution(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person decides: sent back to its sender, or settled in another way; and why."""

    state: Decision
    note: str


class Credits:
    """Over a pool of connections and the payments."""

    def __init__(self, pool: asyncpg.Pool, matching: Matching) -> None:
        self._pool = pool
        self._matching = matching
        self._reading = asyncio.Semaphore(_READ_AT_ONCE)

    async def tell_file(self, actor: Actor, bank_id: str, content: bytes) -> list[Outcome]:
        """A camt.054 file, read whole before anything of it counts. Refused says where."""
        async with self._reading:
            try:
                read: Sequence[Credited] = await asyncio.to_thread(read_credits, content)
            except StatementError as error:
                raise Invalid(error.what, error.where) from None
        return await self.tell(actor, bank_id, [
            Credit(**msgspec.structs.asdict(one)) for one in read])

    async def tell(self, actor: Actor, bank_id: str, told: Sequence[Credit]) -> list[Outcome]:
        """What became of each, in their order. The same again is told for nothing."""
        allow(actor, "credit.tell")
        if actor.bank_id not in {None, bank_id}:
            raise Unknown("there is no such bank", "id")
        async with Borrowed(self._pool) as connection:
            if await connection.fetchval(statement("credit_bank"), bank_id) is None:
                raise Unknown("there is no such bank", "id")
        _check(told)
        outcomes: list[Outcome] = []
        for start in range(0, len(told), _MATCHED_AT_ONCE):
            for done in await asyncio.gather(*(self._credited(bank_id, one) for one in told[
                    start:start + _MATCHED_AT_ONCE]), return_exceptions=True):
                if isinstance(done, BaseException):
                    raise done  # all of these have ended; the file is told again
                outcomes.append(done)
        return outcomes

    async def _credited(self, bank_id: str, credit: Credit) -> Outcome:
        """One that was told otherwise before stands as it was: the others of its file count."""
        try:
            return await self._matching.credited(bank_id, credit)
        except Refused as refused:
            return Outcome(credit.entry_reference, "refused", refused.why)

    async def listed(self, actor: Actor, state: str, bank_id: str, after: str,
                     most: int) -> tuple[list[dict[str, Any]], str | None]:
        """Credits that matched nothing, oldest first; the next cursor."""
        allow(actor, "credit.read")
        place = pages.place_of(after, int)
        async with Borrowed(self._pool) as connection:
            rows = await connection.fetch(statement("credits_kept"), state, bank_id,
                                          place[0] if place else 0, most)
        following = pages.cursor_of(rows[-1]["credit_id"]) if len(rows) == most else None
        return [dict(row.items()) for row in rows], following

    async def resolve(self, actor: Actor, credit_id: int | None,
                      resolution: Resolution) -> dict[str, Any]:
        """Decide about one, once; the same again is the same."""
        allow(actor, "credit.resolve")
        if not 3 <= len(resolution.note.strip()) <= 500 or not resolution.note.isprintable():
            raise Invalid("3 to 500 printable characters", "note")
        async with Borrowed(self._pool) as connection, said_by_database(connection):
            row = await connection.fetchrow(statement("credit_lock"), credit_id)
            if row is None:
                raise Unknown("there is no such credit", "id")
            if (row["state"], row["note"]) == (resolution.state, resolution.note):
                return dict(row.items())
            if row["state"] != "unmatched":
                raise Conflict(f"it is {row['state']} already", "state")
            row = await connection.fetchrow(statement("credit_resolve"), credit_id,
                                            resolution.state, actor.name, resolution.note)
            assert row is not None, "it is locked"
            await audit(connection, actor, f"credit/{credit_id}", "a credit was decided about",
                        {"state": ("unmatched", resolution.state), "note": ("", resolution.note)})
            return dict(row.items())

    async def accounts(self, actor: Actor) -> list[dict[str, Any]]:
        """The collecting accounts."""
        allow(actor, "collecting_account.read")
        async with Borrowed(self._pool) as connection:
            return [dict(row.items()) for row in
                    await connection.fetch(statement("collecting_list"))]

    async def put_account(self, actor: Actor, iban: str, account: Account) -> dict[str, Any]:
        """Make or change one. A bank and a currency stay: what was credited there names them."""
        allow(actor, "collecting_account.change")
        _check_account(iban, account)
        values = msgspec.structs.asdict(account)
        async with Borrowed(self._pool) as connection, said_by_database(connection):
            before = await connection.fetchrow(statement("collecting_lock"), iban)
            if before is not None and (before["bank_id"], before["currency"]) != (
                    account.bank_id, account.currency):
                raise Conflict("its bank and its currency stay as they are", "bank_id")
            changes = differences(dict(before.items()) if before is not None else {}, values)
            if changes:
                await connection.execute(statement("collecting_put"), iban, *values.values())
                await audit(connection, actor, f"collecting_account/{iban}",
                            "a collecting account was put", changes)
        return {"iban": iban, **values}


def _check(told: Sequence[Credit]) -> None:
    """Whether each could be a credit, before the first one counts."""
    if len(told) > MOST:
        raise Invalid(f"more than {MOST} credits", "credits")
    seen: set[tuple[str, str]] = set()
    for number, one in enumerate(told):
        here = f"credits[{number}]"
        reference = one.entry_reference
        if not 1 <= len(reference) <= _LONGEST_REFERENCE or not reference.isprintable():
            raise Invalid("1 to 48 printable characters", f"{here}.entry_reference")
        if (one.iban, reference) in seen:
            raise Invalid("comes twice", f"{here}.entry_reference")
        seen.add((one.iban, reference))
        if not 1 <= one.amount_minor < 10**15:
            raise Invalid("an amount in minor units", f"{here}.amount_minor")
        for name, text in (("iban", one.iban), ("currency", one.currency),
                           ("sender_iban", one.sender_iban), ("sender_name", one.sender_name),
                           *(("references", text) for text in one.references)):
            if len(text) > 140 or "\0" in text:
                raise Invalid("at most 140 characters, no NUL", f"{here}.{name}")
        if len(one.references) > 20:
            raise Invalid("at most 20", f"{here}.references")


def _check_account(iban: str, account: Account) -> None:
    try:
        right = IBAN(iban).compact == iban
    except SchwiftyException as error:
        raise Invalid(str(error), "iban") from None
    if not right:
        raise Invalid("an IBAN without blanks, in capital letters", "iban")
    if not 1 <= len(account.name) <= 70 or not account.name.isprintable():
        raise Invalid("1 to 70 printable characters", "name")
    if account.currency == "RSD" and not iban.startswith("RS"):
        raise Invalid("dinars are collected in Serbia", "currency")
