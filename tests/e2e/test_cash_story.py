"""The whole way of cash, once, with nothing left out and nothing played by a test.

A safe's own program over mutual TLS, the host, PostgreSQL, the connector, two banks over HTTPS with
client certificates, two nights, a count, and a decision by two people. What the banks' own books
say is what is compared.
"""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from authhost.embedded import Servers
from clearing.run import clear
from terminals.bank.conduct import Conduct
from terminals.safe.states import State
from tests.support.cash_yard import CASSETTES, SAFE, Yard, says, yard
from tests.support.portfolio import DAY

NEXT = DAY + timedelta(days=1)
TWENTY, FIFTY = 2_000, 5_000


@pytest.mark.invariant(10)
def test_from_the_safe_to_the_booked_adjustment(servers: Servers, tmp_path: Path) -> None:
    with yard(servers, tmp_path) as at:
        at.rig.run(_story(at, tmp_path))


async def _story(at: Yard, folder: Path) -> None:
    async with at.safe() as safe:
        await safe.swap(CASSETTES[0], courier="VAN", guard="Huber", seal="1")
        await safe.open_shift("ana")
        row = await at.put_in(safe, TWENTY, 5)
        await at.until("accepted")
        await _receipt(at, await safe.receipt(row))

        # The other client's bank says that it is down, and is: his credit waits for the night.
        await at.second.done("PATCH", "/banks/SECOND", {"status": "down"})
        await at.banks["SECOND"].behave(Conduct(down=True))
        await at.put_in(safe, FIFTY, 4, "B")
        await at.until("accepted", "night")

        # Without a line: told when it is back, and credited then.
        await at.wire.cut()
        late = await at.put_in(safe, TWENTY, 2)
        assert (late.state, len(await at.deposits())) == (State.STORED, 2)
        at.wire.mend()
        assert (await safe.told(late, 5)).state is State.FORWARDED
        await at.until("accepted", "night", "accepted")
        assert (at.paid("FIRST"), at.paid("SECOND")) == ([("online", 10_000), ("online", 4_000)],
                                                         [])
        await at.banks["SECOND"].behave(Conduct())
        await _night(at, folder, DAY, 20_000)
        await at.until("booked", "file", "booked")

        # The next day: one deposit more, and the courier takes the cassette.
        await at.put_in(safe, FIFTY, 3, "B")
        swap, _ = await safe.swap(CASSETTES[1], courier="VAN", guard="Huber", seal="2")
        told = says(await safe.told(swap, 5))
        assert (told["state"], told["warnings"]) == ("balanced", [])
        close, _ = await safe.close_shift("ana")
        assert says(await safe.told(close, 5))["state"] == "balanced"
    await _counted(at)
    await _night(at, folder, NEXT, 15_000 - FIFTY)
    rows = await at.until("booked", "file", "booked", "file")
    assert [row["state"] for row in rows] == ["verified", "adjusted", "verified", "adjusted"]
    assert at.paid("FIRST") == [("online", 10_000), ("online", 4_000)]
    assert at.paid("SECOND") == [("file", 20_000), ("file", 10_000)], "once, and what was short"


async def _receipt(at: Yard, printed: str) -> None:
    """What the safe prints is proved by its code."""
    (code,) = re.findall(r"^Code (\S+)$", printed, re.MULTILINE)
    found = (await at.anna.ask("GET", f"/v1/receipts/{code}")).json()
    assert (found["authentic"], found["receipt"]["amount_minor"]) == (True, 10_000)
    assert f"Receipt {found['receipt']['number']}" in printed


async def _night(at: Yard, folder: Path, day: object, expected_minor: int) -> None:
    """Its file goes to the bank; brought once more, it is not taken."""
    summary = await clear(at.rig.database_url, day, folder)  # type: ignore[arg-type]
    assert (summary.balanced, summary.cases) == (True, ())
    (path,) = (folder / f"{day}" / "cash" / "bank").glob("deposits-*.xml")
    assert re.findall(r"<CtrlSum>(.*?)<", path.read_text())[0] == f"{expected_minor / 100:.2f}"
    before = at.paid("SECOND")
    assert [await at.imported("SECOND", path.read_bytes()) for _ in range(2)] == [200, 400]
    assert at.paid("SECOND") == [*before, ("file", expected_minor)]


async def _counted(at: Yard) -> None:
    """A fifty is missing: one proposes, another decides, and it is booked."""
    count = {"cassette": CASSETTES[0], "reference": "CC-1", "counterfeits": [], "pieces": [
        {"currency": "EUR", "value_minor": TWENTY, "count": 7},
        {"currency": "EUR", "value_minor": FIFTY, "count": 6}]}
    (stay,) = await at.rig.host._pool.fetch(
        "SELECT closed_at FROM cassette_stay WHERE cassette_id = $1", CASSETTES[0])
    told = await at.courier.done("POST", "/counts", count | {
        "counted_at": (stay["closed_at"] + timedelta(seconds=1)).isoformat()})
    assert told["stay"] == "counted"
    (case,) = (await at.anna.done("GET", f"/cases?safe={SAFE}"))["data"]
    path, decision = f"/cases/{case['case_id']}", {"approve": True, "proposal": "adjust",
                                                   "amount_minor": -FIFTY, "why": "seen"}
    await at.anna.done("POST", f"{path}/proposal", {"proposal": "adjust", "why": "counted twice"})
    alone = await at.anna.ask("POST", f"/v1/admin{path}/decision", decision)
    assert alone.status_code == 403
    await at.ben.done("POST", f"{path}/decision", decision)
    await at.wait(lambda: at.anna.done("GET", path), lambda seen: seen["state"] == "closed")
    (booked,) = await at.rig.host._pool.fetch(
        "SELECT account_id, posted_minor FROM journal WHERE kind = 'adjustment'")
    assert tuple(booked) == (990_002, -FIFTY)
