"""One run of the channel of safes: every point, one after the other, then nights until nothing
waits, and the verdict."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from authhost import limits
from tests.crash import deaths
from tests.crash.deaths import Channel, Options, Result
from tests.crash.deposits import points
from tests.crash.deposits.acts import ACTS
from tests.crash.deposits.judge import early, judge
from tests.crash.deposits.place import Place

_ENOUGH: Final = 200  # notes: more than is adjusted in a run
_SETTLED: Final = "SELECT 1 FROM deposit WHERE credit IN ('queued', 'sent', 'unknown') LIMIT 1"
_UNBOOKED: Final = "SELECT 1 FROM custody_posting WHERE journal_key IS NULL LIMIT 1"


async def run(options: Options, folder: Path) -> Result:
    """All of it, in a folder."""
    return await deaths.run(CHANNEL, options, folder)


async def _settled(place: Place, nights: int) -> None:
    """Nothing is on its way any more, and nights have taken what waited for them."""
    async def still(sql: str) -> bool:
        return not await place.rows(sql)

    for _ in range(nights):
        # Who owes is credited by night, when a credit gives as much as is owed.
        await place.safes["adjusted"].deposit(notes=_ENOUGH)
        await place.until(lambda: still(_SETTLED), "credits are on their way still")
        await place.until(lambda: still(_UNBOOKED), "what was decided is not booked")
        await place.night()


CHANNEL: Final = Channel(
    names=points.names, points=points.points, acts=ACTS, place=Place, early=early,
    settled=_settled, judge=judge, rows="SELECT count(*) AS count FROM deposit",
    after_s=3 * limits.CUSTODY_S)
