"""One run of the channel of payments: every point, one after the other; then, with a Valkey that
has forgotten all, one more payment of everybody, and the verdict."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Final

from authhost import limits
from tests.crash import deaths
from tests.crash.deaths import Channel, Options, Result
from tests.crash.payments import points
from tests.crash.payments.acts import ACTS
from tests.crash.payments.judge import early, judge
from tests.crash.payments.place import Place
from tests.crash.payments.portfolio import ROLES, SANDBOX, Role
from tests.crash.payments.stage import statement

_UNREACHED: Final = frozenset({"away"})  # its bank
_OVER: Final = "UPDATE payment SET expires_at = now() WHERE state IN ('created', 'sent', 'opened')"


async def run(options: Options, folder: Path) -> Result:
    """All of it, in a folder."""
    return await deaths.run(CHANNEL, options, folder)


async def _settled(place: Place, _: int) -> None:
    """Nothing is on its way any more; all counters were summed again."""
    await place.until(lambda: _over(place), "the database is away")
    await place.until(lambda: _at_rest(place), "something is on its way still")
    counted = {row["account_id"]: row["money"] for row in await place.rows(statement("counted"))}
    place.live = {account: (live, counted.get(account, 0))
                  for account, live in (await place.counters()).items()}
    os.kill(place.servers.valkey.pid, signal.SIGKILL)  # whoever mends starts it again
    await asyncio.gather(*(_one_more(place, role) for role in ROLES.values()
                           if role.role not in _UNREACHED))
    await place.say(await place.request("plain", shop=SANDBOX), ROLES["plain"].phone)
    await place.until(lambda: _at_rest(place), "the last payments are on their way still")


async def _one_more(place: Place, role: Role) -> None:
    await place.say(await place.request(role), role.phone)


async def _over(place: Place) -> bool:
    """What nobody has answered is over."""
    await place.rows(_OVER)
    return True


async def _at_rest(place: Place) -> bool:
    return not await place.rows(statement("moving"))


CHANNEL: Final = Channel(
    names=points.names, points=points.points, acts=ACTS, place=Place, early=early,
    settled=_settled, judge=judge, rows="SELECT count(*) AS count FROM payment",
    after_s=3 * limits.EXPIRY_SWEEP_S)
