"""What a bank has booked against what was sent: at once, and by the files of nights."""

from __future__ import annotations

from pathlib import Path

import asyncpg
import pytest

from authhost.admin.access import Actor
from authhost.clock import Clock
from authhost.custody.comparing import Compared, Comparing, Entry, Wanted
from authhost.safes.life import end_to_end_id
from clearing.run import clear
from tests.e2e.clearing_day import CLIENT, DAY, NEXT, adjustment, deposit, make_day, sql, wait
from tests.e2e.test_clearing import clear_next_day
from tests.e2e.test_clearing_deposits import paid

ANNA = Actor("anna", "administrator", 1)


async def compare(database_url: str, **told: object) -> Compared:
    wanted = Wanted(account_id=CLIENT, currency="EUR", from_day=DAY, until_day=DAY, **told)
    async with asyncpg.create_pool(database_url, min_size=1, max_size=2) as pool:
        return await Comparing(pool, Clock()).compare(ANNA, wanted)


@pytest.mark.parametrize("posting", ['{}', '{"by": "deposit"}', '{"by": "client"}'])
def test_what_a_file_paid_is_compared_as_the_bank_booked_it(posting: str, database_url: str,
                                                            tmp_path: Path) -> None:
    """A credit of many deposits, less an adjustment, is one line of the bank's."""
    at_once = deposit("at once", 900, life={"credit": "accepted"})
    wait(make_day(database_url, [
        deposit("one", 5_000), deposit("two", 700, terminal_id="SAFE2"), at_once,
        deposit("kept", 8_000, flags="withheld:depositor"), adjustment("short", -300)]))
    sql(database_url, "UPDATE account SET posting = $1::text::jsonb", posting)
    wait(clear(database_url, DAY, tmp_path))
    wait(clear_next_day(database_url, [deposit("later", 60, business_date=NEXT)], tmp_path))
    booked = {**{one: int(text.replace(".", "")) for one, text in
                 paid(tmp_path / DAY.isoformat()).items()},
              end_to_end_id(DAY, at_once["id"]): 900}
    entries = tuple(Entry(reference=one, amount_minor=minor) for one, minor in booked.items())
    found = wait(compare(database_url, booked=entries))
    assert (found.agrees, found.ours_minor, found.differs) == (True, 6_300, ())
    assert wait(compare(database_url, booked_minor=6_300)).agrees
    missing = wait(compare(database_url, booked=entries[1:]))
    assert [(one.reference, one.theirs_minor) for one in missing.differs] == [
        (entries[0].reference, None)]
    assert not wait(compare(database_url, booked_minor=6_600)).agrees
