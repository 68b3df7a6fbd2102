"""Rows are dated with the open day of their stream, whatever it is of the others: a real host."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from authhost.model import Kind
from clearing.days.closing import close_day
from clearing.queries import connect
from tests.support.after_payment import PaidShop
from tests.support.portfolio import DAY
from tests.support.rig import Rig, ask
from tests.support.vault import Vault

pytestmark = pytest.mark.invariant(11)

DATES = {"fuel": DAY, "cash": DAY + timedelta(days=1), "payments": DAY + timedelta(days=2)}
OPEN = ("UPDATE rules SET fuel_date = $1, cash_date = $2, payments_date = $3, "
        "version = version + 1")


@pytest.fixture(autouse=True)
def dates(rig: Rig) -> Iterator[None]:
    """Three days, and one of all again."""
    rig.sql(OPEN, *DATES.values())
    yield
    rig.sql(OPEN, DAY, DAY, DAY)


def dated(rig: Rig, *keys: str) -> set[tuple[str, Any]]:
    """The streams and dates of all rows of these messages, of their claims, and of what is
    written with them."""
    rows = rig.sql("SELECT key, stream, business_date FROM journal WHERE key = ANY ($1)",
                   list(keys))
    assert {row["key"] for row in rows} == set(keys), "a row each"
    [claims] = rig.sql("SELECT bool_and(c.business_date = j.business_date) AS alike FROM claim c "
                       "JOIN journal j USING (key) WHERE key = ANY ($1)", list(keys))
    assert claims["alike"]
    return {(row["stream"], row["business_date"]) for row in rows}


def test_fuel(rig: Rig) -> None:
    card = rig.card(limits=[("day", "money", 100_000)])
    sale = rig.request(Kind.SALE, card, 1_000)
    hold, gone = (rig.request(Kind.PREAUTHORIZATION, card, 2_000) for _ in range(2))
    for request in (sale, hold, gone):
        assert rig.ask(request).action == "000"
    more = [rig.about(Kind.COMPLETION, hold, 1_500, card), rig.about(Kind.REVERSAL, sale, 400)]
    for request in more:
        rig.ask(request)
    rig.run(rig.host.authorizer.expire(gone.key, "POS00001", "EUR"))
    refused = rig.request(Kind.SALE, card, 10**9)
    assert rig.ask(refused).action == "121"
    keys = [one.key for one in (sale, hold, gone, *more, refused)]
    assert dated(rig, *keys, f"{gone.key}/70") == {("fuel", DATES["fuel"])}


def test_cash(rig: Rig) -> None:
    vault = Vault(rig)
    deposit = vault.deposit([(1_000, 5)])
    held, empty = (rig.request(Kind.DEPOSIT_AUTHORIZATION, amount=700, terminal=vault.terminal,
                               account_id=vault.account, detail='{"kind": "cash"}',
                               expires_at_us=rig.settings.clock.real_now_us() + 10**9)
                   for _ in range(2))
    for request in (held, empty):
        assert rig.ask(request).action == "000"
    confirmed = rig.about(Kind.DEPOSIT, held, 700, terminal=vault.terminal,
                          account_id=vault.account, detail='{"kind": "cash"}')
    assert rig.ask(confirmed).action == "000"
    rig.run(rig.host.authorizer.expire(empty.key, vault.terminal, "EUR"))
    back = rig.about(Kind.REVERSAL, confirmed, 700, terminal=vault.terminal)
    assert rig.ask(back).action == "481"  # the cash is inside: a device takes nothing back
    vault.swap()
    keys = [deposit, held.key, confirmed.key, back.key, f"{empty.key}/70"]
    assert dated(rig, *keys) == {("cash", DATES["cash"])}
    assert {row[0] for row in rig.sql(
        "SELECT business_date FROM deposit WHERE account_id = $1", vault.account)} == {
        DATES["cash"]}


def test_payments(rig: Rig) -> None:
    shop = PaidShop(rig)
    try:
        asked = shop.paid(capture="manual")
        shop.capture(asked, 6_000)
        refund = shop.refund(asked, 1_000)
        rows = rig.sql("SELECT kind, stream, business_date FROM journal WHERE key LIKE $1",
                       f"pay/{asked.payment_id}%")
        assert Counter(row["kind"] for row in rows) == {
            "payment_request": 1, "payment_authorization": 2, "payment": 1, "payment_receipt": 1,
            "reversal": 1}
        assert {tuple(row)[1:] for row in rows} == {("payments", DATES["payments"])}
        made = [rig.sql("SELECT business_date FROM payment WHERE payment_id = $1",
                        asked.payment_id),
                rig.sql("SELECT business_date FROM bank_order WHERE refund_id = $1",
                        refund["id"])]
        assert [row[0]["business_date"] for row in made] == [DATES["payments"]] * 2
    finally:
        shop.close()


def test_a_stream_is_closed_under_the_traffic_of_all(rig: Rig) -> None:
    """Cash is closed while deposits and sales come without end: no deposit lands in the closed day,
    no sale leaves its own."""
    vaults = [Vault(rig) for _ in range(2)]
    cards = [rig.card() for _ in range(4)]
    closed, following = DATES["cash"], DATES["cash"] + timedelta(days=1)
    counted = "SELECT count(*) FROM journal WHERE stream = $1 AND business_date = $2"

    async def traffic() -> tuple[int, int, int, set[Any]]:
        over = asyncio.Event()

        async def sales(number: int) -> None:
            while not over.is_set():
                await ask(rig.host, rig.request(Kind.SALE, cards[number], 1))

        async def deposits(vault: Vault) -> None:
            while not over.is_set():
                answer = await ask(rig.host, rig.request(
                    Kind.DEPOSIT, amount=100, terminal=vault.terminal, account_id=vault.account,
                    detail='{"kind": "cash"}'))
                assert answer.action == "000"

        workers = [asyncio.create_task(sales(number)) for number in range(4)]
        workers += [asyncio.create_task(deposits(vault)) for vault in vaults for _ in range(3)]
        await asyncio.sleep(0.4)
        first = await asyncpg.connect(rig.database_url)
        newest = await first.fetchval("SELECT max(id) FROM journal")
        connection = await connect(rig.database_url)
        await close_day(connection, closed, "cash", "a test")
        when_closed = await connection.fetchval(counted, "cash", closed)
        await asyncio.sleep(0.4)
        over.set()
        await asyncio.gather(*workers)
        later = await connection.fetchval(counted, "cash", closed)
        after = await connection.fetchval(counted, "cash", following)
        fuel = {row[0] for row in await connection.fetch(
            "SELECT DISTINCT business_date FROM journal WHERE stream = 'fuel' AND id > $1", newest)}
        await connection.close()
        await first.close()
        return when_closed, later, after, fuel

    when_closed, later, after, fuel = rig.run(traffic())
    assert when_closed == later > 0
    assert after > 0
    assert fuel == {DATES["fuel"]}
