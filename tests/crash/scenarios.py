"""What can go wrong, staged: each gives what was violated, and nothing on the code as it is.

test_planted.py runs each on the code as it is and on the bug that it is there to catch.
"""

from __future__ import annotations

import asyncio
from typing import Final

from authhost import limits
from clearing.days.closing import close_day
from clearing.queries import connect
from tests.crash.record import Sent
from tests.crash.scene import FULL, LARGEST, Scene

_SOON_MS: Final = 1_000


async def host_dies_while_it_commits(scene: Scene) -> list[str]:
    """Invariant 2: what was answered has its row, though the host and its batch are gone."""
    await scene.ask(scene.sale("wide", terminal=1), terminal=1)
    sale = scene.sale("wide")
    async with scene.blocked_journal():
        await scene.ask(sale, once=True, patience_s=1)
        await scene.crash(0)
    return await scene.violations()


async def all_ask_at_once(scene: Scene) -> list[str]:
    """Invariant 1: forty sales at once on a card that has room for five."""
    for role in ("wide", "card"):  # first so that all have their connection, the card its state
        await scene.ask(scene.sale("card", 5))
        sales = [(number, scene.sale(role, terminal=number)) for number in range(40)]
        await asyncio.gather(*(scene.ask(sale, terminal=number) for number, sale in sales))
    return await scene.violations()


async def redis_is_emptied_before_a_repeat(scene: Scene) -> list[str]:
    """Invariant 3: the same key gets the same bytes, and counts once, whatever Redis remembers."""
    sale = scene.sale("wide")
    await scene.ask(sale)
    await scene.empty_redis()
    await scene.ask(sale)
    return await scene.violations()


async def host_dies_while_it_reverses(scene: Scene) -> list[str]:
    """Rule 1, invariant 1: what is given back is not spent before its row stands."""
    sales = await scene.fill()
    async with scene.blocked_journal():
        reversing = asyncio.create_task(scene.give_back(sales[0]))
        await scene.until_someone_waits()
        await scene.crash(0)
        reversing.cancel()
    more = scene.sale(place=1)
    await scene.ask(more, 1)
    return await scene.violations()


async def reversed_twice(scene: Scene) -> list[str]:
    """Invariant 7: two messages that reverse the same sale give it back once."""
    sale = scene.sale()
    await scene.ask(sale)
    for terminal in (0, 0):
        await scene.give_back(sale, terminal=terminal)
    return await scene.violations()


async def redis_is_emptied_before_a_commit(scene: Scene) -> list[str]:
    """Invariant 12: what was reserved in a state that has gone is decided again."""
    await scene.ask(scene.sale(litres=LARGEST, role="wide"))
    gate = scene.gate(0)
    sales = [(number, scene.sale(terminal=number)) for number in range(FULL)]
    asking = [asyncio.create_task(scene.ask(sale, terminal=number)) for number, sale in sales]
    await gate.until_held(FULL)
    await scene.empty_redis()
    await scene.fill(1)
    gate.open()
    await asyncio.gather(*asking)
    return await scene.violations()


async def commit_comes_late(scene: Scene) -> list[str]:
    """Invariant 9: an approval that comes to its commit after the deadline becomes a decline."""
    await scene.ask(scene.sale("wide"))
    gate = scene.gate(0)
    sale = scene.sale("wide")
    with scene.deadline_ms(_SOON_MS):
        asking = asyncio.create_task(scene.ask(sale))
        await gate.until_held(1)
    await asyncio.sleep((_SOON_MS - limits.COMMIT_MARGIN_MS / 2) / 1000)
    gate.open()
    await asking
    found = await scene.violations()
    return [*found, f"over_limit deadline: approved {sale.key}"] if sale.approved else found


async def declined_and_asked_again(scene: Scene) -> list[str]:
    """Invariant 5: a decline sticks, though there is room by now."""
    sales = await scene.fill()
    declined = scene.sale()
    await scene.ask(declined)
    await scene.give_back(sales[0])
    await scene.ask(declined)
    return await scene.violations()


async def redis_is_emptied_when_all_is_spent(scene: Scene) -> list[str]:
    """Invariant 12: an empty Redis approves nothing more than before."""
    await scene.fill()
    await scene.empty_redis()
    await scene.ask(scene.sale())
    return await scene.violations()


async def connection_is_lost_before_the_commit(scene: Scene) -> list[str]:
    """Invariant 6: a commit whose result is unknown did not happen here; it is found out."""
    await scene.ask(scene.sale("wide"))
    sale = scene.sale("wide")
    async with scene.blocked_journal():
        asking = asyncio.create_task(scene.ask(sale, patience_s=2))
        await scene.until_someone_waits()
        await scene.cut_lanes()
        await asyncio.sleep(0.2)
    await asking
    return await scene.violations()


async def result_is_lost_after_the_commit(scene: Scene) -> list[str]:
    """Invariants 6 and 1: a commit whose result is unknown did happen here; it stays counted."""
    await scene.ask(scene.sale(litres=LARGEST))
    scene.lose_next_result(0)
    for _ in range(FULL):
        await scene.ask(scene.sale())
    return await scene.violations()


async def day_is_closed_while_a_batch_commits(scene: Scene) -> list[str]:
    """Rule 4, invariant 11: no row is dated with a day after that day was closed."""
    await scene.ask(scene.sale("wide"))
    sale = scene.sale("wide", terminal=1)
    connection = await connect(scene.database_url)
    dated = "SELECT count(*) FROM journal WHERE business_date = $1"
    day = scene.now.date()

    async def close() -> int:
        await close_day(connection, day, "fuel", "a test")
        return await scene.one(dated, day)

    try:
        async with scene.blocked(
                "INSERT INTO claim (key, fingerprint, door, business_date, journal_id, state) "
                "VALUES ($1, '', '', $2, 0, 0)", sale.key, day):
            asking = asyncio.create_task(scene.ask(sale, terminal=1, patience_s=2))
            await scene.until_someone_waits()
            closing = asyncio.create_task(close())
            await asyncio.wait({closing}, timeout=1)
        when_closed = await closing
        await asking
    finally:
        await connection.close()
    afterwards = await scene.one(dated, day)
    found = await scene.violations()
    if afterwards != when_closed:
        # Its files are written from the rows it had then.
        found.append(f"lost {day} had {when_closed} rows when it was closed, and has {afterwards}")
    return found


async def reversed_before_it_came(scene: Scene) -> list[str]:
    """Invariant 8: an original that comes after its reversal is declined."""
    await scene.behaviours()[0]._reverse_unheard()
    return await scene.violations()


async def asked_with_other_content(scene: Scene) -> list[str]:
    """Invariant 4: the same key with another amount is refused, and the first stays as it was."""
    first = scene.sale("wide", 10)
    await scene.ask(first)
    await scene.ask(_altered(scene, first))
    return await scene.violations()


async def advised_with_other_content(scene: Scene) -> list[str]:
    """Invariant 10: an advice that cannot be posted is accepted, and kept apart."""
    first = scene.sale("wide", 10, kind="offline_sale")
    await scene.ask(first)
    other = _altered(scene, first)
    await scene.ask(other)
    assert other.approved, "an advice is accepted"
    return await scene.violations()


async def declined_and_asked_with_other_content(scene: Scene) -> list[str]:
    """Invariant 4: two declines may read alike; another content is told so each time."""
    await scene.fill()
    first = scene.sale()
    await scene.ask(first)
    other = _altered(scene, first, "card")
    await scene.ask(other)
    await scene.ask(other)
    return await scene.violations()


async def redis_is_away(scene: Scene) -> list[str]:
    """Invariant 13: a failure is never an approval."""
    await scene.ask(scene.sale("wide"))
    state = scene.places[0].host.state
    url, state._url = state._url, "unix:///nowhere/valkey.sock"
    await state.close()
    sale = scene.sale("wide")
    await scene.ask(sale, once=True)
    found = [f"over_limit approved without a state: {sale.key}"] if sale.approved else []
    state._url = url
    await scene.ask(sale)
    return found + await scene.violations()


def _altered(scene: Scene, first: Sent, role: str = "wide") -> Sent:
    """Another message under the key of the first."""
    other = scene.sale(role, 20, kind=first.kind)
    other.fields[11] = first.fields[11]
    other.key, other.altered = f"{first.key}#other", first
    return other
