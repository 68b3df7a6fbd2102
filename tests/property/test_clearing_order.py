"""Any day, committed in any order: the same digest, books that balance, one place a row."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from authhost.embedded import Servers
from clearing.night import Night
from clearing.run import clear
from tests.e2e.clearing_day import (
    BAD_CLIENT,
    CLIENT,
    DAY,
    FLEET,
    MERCHANT,
    POOR_MERCHANT,
    Row,
    deposit,
    fuel,
    insert,
    payment,
    reversal,
    row,
    set_up,
    shuffled,
)
from tests.support.databases import fresh

currencies = st.sampled_from(["EUR", "RSD", "JPY"])
amounts = st.integers(1, 10**7)
codes = st.sampled_from(["A00001", "A00002", "A00003"])


@st.composite
def transactions(draw: st.DrawFn, number: int) -> list[Row]:
    """One thing that happens, with what comes after it on the same day."""
    key, minor, currency = f"k{number:03d}", draw(amounts), draw(currencies)
    match draw(st.sampled_from(["sale", "offline", "deposit", "payment", "hold", "late"])):
        case "sale":
            rows = [fuel(key, minor, currency=currency, account_id=draw(
                st.sampled_from([FLEET, None])))]
        case "offline":
            rows = [row("offline_sale", key, minor, currency=currency, approval_code=draw(codes))]
        case "deposit":
            rows = [deposit(key, minor, currency=currency,
                            flags=draw(st.sampled_from(["", "withheld:cap"])),
                            account_id=draw(st.sampled_from([CLIENT, BAD_CLIENT])))]
        case "payment":
            rows = payment(key, minor, currency=currency,
                           account_id=draw(st.sampled_from([MERCHANT, POOR_MERCHANT])))
        case "late":
            rows = [fuel(key, minor, currency=currency)]
            return [reversal(rows[0], -minor)]
        case _:
            hold = row("preauthorization", key, 0, currency=currency, approval_code=draw(codes))
            return _held(hold, minor, draw(st.sampled_from(["open", "completed", "expired"])))
    back = draw(st.sampled_from([0, 0, 1, minor]))
    if back:
        rows += [reversal(leg, -back) for leg in rows]
    return rows


def _held(hold: Row, minor: int, ending: str) -> list[Row]:
    key, currency = hold["key"], hold["currency"]
    if ending == "completed":
        return [hold, row("completion", f"{key}-c", minor, original_key=key, currency=currency)]
    if ending == "expired":
        return [hold, row("expiry", f"{key}/70", 0, original_key=key, currency=currency)]
    return [hold]


days = st.integers(0, 12).flatmap(
    lambda size: st.tuples(*(transactions(number) for number in range(size))))


@pytest.mark.invariant(11)
@settings(max_examples=10, deadline=None)
@given(day=days, seed=st.integers())
def test_order_of_commits_changes_nothing(servers: Servers, day: tuple[list[Row], ...],
                                          seed: int) -> None:
    rows = [made for group in day for made in group]
    first, second = _cleared(servers, rows), _cleared(servers, shuffled(rows, seed))
    assert first.digest == second.digest
    assert first.balanced
    assert first.debits_minor == first.credits_minor
    assert first.places == _places(rows)


def _places(rows: list[Row]) -> dict[str, int]:
    """The rule of places, said once more in another way: row by row."""
    found = {"cleared": 0, "reversed": 0, "open": 0}
    for made in rows:
        if made["kind"] == "expiry":
            continue
        if made["kind"] == "preauthorization":
            ends = [other["kind"] for other in rows if other["original_key"] == made["key"]]
            if ends:
                place = "cleared" if "completion" in ends else "reversed"
            else:
                place = "cleared" if _is_captured(made, rows) else "open"
        else:
            origin = made["original_key"] if made["kind"] == "reversal" else made["key"]
            group = [other for other in rows if other["account_id"] == made["account_id"]
                     and origin in {other["key"], other["original_key"]}
                     and other["kind"] != "completion"]
            alone = len(group) < 2
            place = "cleared" if alone or sum(
                other["posted_minor"] for other in group) else "reversed"
        found[place] += 1
    return found


def _is_captured(hold: Row, rows: list[Row]) -> bool:
    """Whether an off-line sale that the day does not give back whole has the hold's terminal and
    approval code; of holds with one code the newest is meant, and of one moment the last key."""
    def likeness(made: Row) -> tuple[str, str, str]:
        return made["terminal_id"], made["approval_code"], made["currency"]

    if any(other["kind"] == hold["kind"] and likeness(other) == likeness(hold)
           and other["key"] > hold["key"] for other in rows):
        return False
    return any(made["kind"] == "offline_sale" and likeness(made) == likeness(hold)
               and sum(other["posted_minor"] for other in rows
                       if made["key"] in {other["key"], other["original_key"]})
               for made in rows)


def _cleared(servers: Servers, rows: list[Row]) -> Night:
    with fresh(servers, "order") as url, tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_clear(url, rows, Path(folder)))


async def _clear(url: str, rows: list[Row], folder: Path) -> Night:
    await _insert(url, [{**made, "id": number} for number, made in enumerate(rows, 1)])
    return await clear(url, DAY, folder)


async def _insert(url: str, rows: list[dict[str, Any]]) -> None:
    connection = await asyncpg.connect(url)
    try:
        await set_up(connection)
        await insert(connection, rows)
    finally:
        await connection.close()
