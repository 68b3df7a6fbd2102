"""Any two days of all three streams, in any order of arrival, with any repeats, through the host's
own append and the real nights: the same files, books that sum to zero, nothing twice.

A repeat is a message that comes again, also into a day that is open by then; a night that is
cleared again; a bank's answer that is told again.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from random import Random
from typing import Any, Final

import asyncpg
import msgspec
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from authhost.admin.bank_answers import tell_answer
from authhost.embedded import Servers
from authhost.journal.append import Append, Posting
from authhost.journal.entry import Entry, Verdict
from authhost.journal.wire import register
from authhost.streams import STREAMS
from clearing.ledger import verify
from clearing.run import clear
from clearing.settings import Settings
from clearing.tables import read_table
from tests.e2e.clearing_day import (
    DAY,
    FLEET,
    NEXT,
    Row,
    deposit,
    fuel,
    payment,
    reversal,
    sql,
    tree,
)
from tests.e2e.clearing_day import row as plain_row
from tests.support import pain002
from tests.support.databases import fresh
from tests.support.whole_night import collecting, make_whole

pytestmark = pytest.mark.invariant(11)
QUIET: Final[Settings] = msgspec.structs.replace(
    collecting(), documents=msgspec.structs.replace(collecting().documents, made=False))
Told = tuple[list[list[Row]], list[list[Row]]]  # messages of a day, and of the day after
_ENTRY: Final = frozenset(Entry._fields)
_amounts = st.integers(1, 10**7)
_currencies = st.sampled_from(["EUR", "EUR", "RSD", "JPY"])


class Days(msgspec.Struct, frozen=True):
    """Messages of the first day and of the second; a message is its legs."""

    first: tuple[tuple[Row, ...], ...]
    second: tuple[tuple[Row, ...], ...]

    def rows(self) -> list[Row]:
        return [leg for message in (*self.first, *self.second) for leg in message]


@st.composite
def _happening(draw: st.DrawFn, number: int) -> Told:
    """What happens on one day, and what comes of it on the next."""
    key, minor, currency = f"k{number:03d}", draw(_amounts), draw(_currencies)
    match draw(st.sampled_from(["sale", "priced", "offline", "deposit", "deposit", "payment",
                                "hold"])):
        case "sale":
            legs = [fuel(key, minor, currency=currency,
                         account_id=draw(st.sampled_from([FLEET, FLEET, None])))]
        case "priced":
            legs = [_priced(key, minor, draw(st.integers(1, minor)), currency)]
        case "offline":
            legs = [plain_row("offline_sale", key, minor, currency=currency)]
        case "deposit":
            legs = [deposit(key, minor, currency=currency, terminal_id="SAFE1",
                            flags=draw(st.sampled_from(["", "", "withheld:cap"])))]
        case "payment":
            legs = payment(key, minor, currency=currency)
        case _:
            hold = plain_row("preauthorization", key, 0, amount_minor=minor, currency=currency)
            done = plain_row("completion", f"{key}-c", minor, original_key=key, currency=currency)
            over = plain_row("expiry", f"{key}/70", 0, original_key=key, currency=currency)
            ends: Told = draw(st.sampled_from([
                ([[hold]], []), ([[hold], [done]], []), ([[hold], [over]], []),
                ([[hold]], [[done]]), ([[hold]], [[over]])]))
            return ends
    back = [reversal(leg, -draw(st.sampled_from([1, minor]))) for leg in legs[:1]]
    back += [reversal(leg, back[0]["posted_minor"]) for leg in legs[1:]]
    comes: Told = draw(st.sampled_from([([legs], []), ([legs], []), ([legs, back], []),
                                        ([legs], [back])]))
    return comes


def _priced(key: str, pump: int, contract: int, currency: str) -> Row:
    return fuel(key, pump, currency=currency, detail={
        "items": [{"product": "012", "unit": "L", "quantity": "20", "amount_minor": pump}],
        "prices": [{"product": "012", "unit_price": "1.5", "amount_minor": contract,
                    "contract": "ACME", "version": 3}]})


@st.composite
def _days(draw: st.DrawFn) -> Days:
    first: list[tuple[Row, ...]] = []
    second: list[tuple[Row, ...]] = []
    for number in range(draw(st.integers(24, 40))):  # some of each kind, so that order shows
        now, then = draw(_happening(number))
        first += map(tuple, now)
        second += map(tuple, then)
    for number in range(100, 100 + draw(st.integers(4, 12))):
        now, _ = draw(_happening(number))
        second += map(tuple, now)
    return Days(tuple(first), tuple(second))


@settings(max_examples=4, deadline=None, phases=(Phase.explicit, Phase.generate))
@given(days=_days(), seed=st.integers())
def test_any_order_with_any_repeats(days: Days, seed: int, servers: Servers) -> None:
    with tempfile.TemporaryDirectory() as folder:
        once, often = Path(folder, "once"), Path(folder, "often")
        with fresh(servers, "once") as url:
            make_whole(url, [])
            asyncio.run(_lived(url, days, once))
            expected = _books(url)
            _sound(url, days, once)
        with fresh(servers, "often") as url:
            make_whole(url, [])
            asyncio.run(_lived(url, days, often, Random(seed)))
            _sound(url, days, often)
            assert tree(often) == tree(once)
            assert _books(url) == expected


async def _lived(url: str, days: Days, out: Path, chance: Random | None = None) -> None:
    """Both days and their nights: as they are told, or as chance would have it."""
    connection = await asyncpg.connect(url)
    try:
        await register(connection)
        await connection.execute("INSERT INTO fence (account_id) SELECT account_id FROM account "
                                 "ON CONFLICT DO NOTHING")
        told: list[tuple[Row, ...]] = []
        for day, messages in ((DAY, days.first), (NEXT, days.second)):
            # What has come before comes again, whatever day is open by now.
            repeats = chance.choices(told, k=len(told) // 3) if chance and told else []
            told += messages
            await _arrive(connection, [*messages, *repeats], chance)
            streams = chance.sample(STREAMS, 3) if chance else list(STREAMS)
            if chance:
                streams += chance.sample(STREAMS, 2)
            for stream in streams:
                await clear(url, day, out, QUIET, streams=[stream])
            await _answered(url, connection, chance)
        if chance:
            await clear(url, DAY, out, QUIET)
        assert (await verify(connection)).runs == 6
    finally:
        await connection.close()


async def _arrive(connection: asyncpg.Connection, messages: Sequence[tuple[Row, ...]],
                  chance: Random | None) -> None:
    """As the host's lane writes them, some at a time; each is new once."""
    waiting = list(messages)
    if chance:
        chance.shuffle(waiting)
        waiting += chance.choices(waiting, k=len(waiting) // 3) if waiting else []
    version = await connection.fetchval("SELECT version FROM rules")
    fences = {row["account_id"]: row["fence"]
              for row in await connection.fetch("SELECT account_id, fence FROM fence")}
    append = Append()
    while waiting:
        # A message is in a batch once: who comes while it is being written waits for its answer.
        batch = {message[0]["key"]: message for message in
                 waiting[:chance.randint(1, 5) if chance else 3]}
        del waiting[:len(batch)]
        results = await append.run(connection, [
            Posting(tuple(_entry(leg, version, fences) for leg in message), 0)
            for message in batch.values()])
        assert {result.verdict for result in results} <= {Verdict.NEW, Verdict.KNOWN}


def _entry(leg: Row, version: int, fences: dict[int, int]) -> Entry:
    given = {name: value for name, value in leg.items() if name in _ENTRY}
    return Entry(**{
        **given, "fingerprint": blake2b(leg["key"].encode(), digest_size=16).digest(),
        "answer": b"", "door": "test", "state": 1, "remaining": 0, "expires_us": 0, "alias": "",
        "decided_ms": int(leg["decided_at"].timestamp() * 1000), "rules_version": version,
        "deadline_us": 0, "fence": fences.get(leg["account_id"], 0), "number": leg["count"]})


async def _answered(url: str, connection: asyncpg.Connection, chance: Random | None) -> None:
    """The bank takes each file, and says so once or more."""
    files = await connection.fetch("SELECT message_id FROM bank_file WHERE kind = 'pain001' "
                                   "ORDER BY message_id")
    names = [row["message_id"] for row in files]
    for name in chance.choices(names, k=len(names)) + names if chance and names else names:
        number = blake2b(name.encode(), digest_size=8).hexdigest()
        await tell_answer(url, pain002.report(name, status="ACCP", name=number))


def _books(url: str) -> list[tuple[Any, ...]]:
    """What is booked, whatever ids its rows were given."""
    return [tuple(row) for row in sql(
        url, "SELECT run_id, transaction, line, code, account_id, amount_minor, currency "
             "FROM ledger_entry ORDER BY run_id, transaction COLLATE \"C\", line")]


def _sound(url: str, days: Days, out: Path) -> None:
    """Sums of zero, nothing twice, nothing lost: said of the rows that were told, and of files."""
    for rows, off in (("ledger_entry GROUP BY run_id, transaction, currency", "amount_minor"),
                      ("ledger_entry GROUP BY run_id, currency", "amount_minor"),
                      ("ledger_balance GROUP BY run_no, currency", "debits_minor - credits_minor")):
        assert sql(url, f"SELECT FROM {rows} HAVING sum({off}) <> 0") == [], rows
    journal = Counter((row["key"], row["leg"]) for row in sql(
        url, "SELECT key, leg FROM placement JOIN journal j ON j.id = journal_id "
             "AND j.business_date = journal_date"))
    captured = [leg for leg in days.rows() if leg["kind"] != "expiry"]
    assert journal == Counter((leg["key"], leg["leg"]) for leg in captured)
    content = [path.read_text() for path in out.rglob("*.xml") if path.parent.name == "bank"]
    paid = Counter(found for text in content for found in re.findall("<EndToEndId>([^<]*)", text))
    assert not [name for name, times in paid.items() if times > 1]
    assert _invoiced(out) == _owed(url, days)
    assert _paid(url) == Counter(dict.fromkeys(_sent(url), 1))


def _invoiced(out: Path) -> Counter[str]:
    """How often each sale, all of one item, is on an invoice or credit note, by its receipt."""
    rows = [row for path in sorted(out.glob("*/fuel/invoices/*.csv"))
            for row in read_table(path.read_bytes()) if row["record"] == "line"]
    return Counter(row["receipt"] for row in rows)


def _owed(url: str, days: Days) -> Counter[str]:
    """Once each, but for what was given back whole on its own day."""
    gone = {row["key"] for row in sql(
        url, "SELECT key FROM placement JOIN journal j ON j.id = journal_id "
             "AND j.business_date = journal_date WHERE place = 'reversed'")}
    return Counter(leg["key"] for leg in days.rows() if leg["stream"] == "fuel"
                   and leg["posted_minor"] and leg["account_id"] == FLEET
                   and leg["key"] not in gone)


def _paid(url: str) -> Counter[str]:
    """How often each deposit is in a credit that went to a bank."""
    return Counter(row[0] for row in sql(
        url, "SELECT i.key FROM clearing_item i JOIN clearing_credit c USING (run_id, "
             "end_to_end_id) WHERE i.source = 'deposit' AND c.held = ''"))


def _sent(url: str) -> list[str]:
    """The deposits that say of themselves that they are paid."""
    return [row[0] for row in sql(url, "SELECT key FROM deposit WHERE credit = 'file'")]
