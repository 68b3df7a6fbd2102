"""One run of the channel: every point, one after the other, then nights until nothing waits, and
the verdict."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Final

import msgspec

from authhost import limits
from authhost.embedded import embedded
from tests.crash.deposits.acts import ACTS
from tests.crash.deposits.judge import early, judge
from tests.crash.deposits.killed import FIRED, POINT
from tests.crash.deposits.place import NO_DATABASE, Place
from tests.crash.deposits.points import Point, chosen, names, points, sampled
from tests.crash.deposits.safe import Stuck
from tests.crash.ports import kept_ports

_DETAILS: Final = 20
_MOST_STUCK: Final = 5
_WATCH_S: Final = 0.02
_SWEPT_S: Final = 3 * limits.CUSTODY_S
_ENOUGH: Final = 200  # notes: more than is adjusted in a run
_SETTLED: Final = "SELECT 1 FROM deposit WHERE credit IN ('queued', 'sent', 'unknown') LIMIT 1"
_UNBOOKED: Final = "SELECT 1 FROM custody_posting WHERE journal_key IS NULL LIMIT 1"


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for. every: all moments, not one of them by chance; sample: of so many
    transitions and steps one death each, 0 for all; only: points that are told with this text;
    nights: at the end, for what two people let go in the last one is in the next; patience_s: for
    anything to come; planted: a bug of tests/planted."""

    seed: int = 1
    every: bool = False
    sample: int = 0
    only: str = ""
    nights: int = 3
    patience_s: float = 60.0
    planted: str = ""

    def points(self) -> list[Point]:
        """Where is killed, in the order of the tables."""
        found = points() if self.every else (
            sampled(self.seed, self.sample) if self.sample else chosen(self.seed))
        return [point for point in found if self.only in str(point)]


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What is printed. lost, doubled, unreached and stuck are empty where the host keeps its word.

    unreached: transitions and steps where somebody should have been killed and nobody was, or that
    nobody knows how to bring about.
    """

    kills: int = 0
    points: int = 0
    names: int
    deposits: int = 0
    lost: list[str] = []
    doubled: list[str] = []
    unreached: list[str]
    stuck: list[str] = []
    killed: dict[str, int] = {}
    seconds: float = 0.0
    seed: int
    planted: str

    @property
    def clean(self) -> bool:
        """Nothing found, and everybody was killed everywhere."""
        return not (self.lost or self.doubled or self.unreached or self.stuck)


class _Found:
    """What is seen on the way. hit: names of the points where somebody died."""

    def __init__(self) -> None:
        self.killed: Counter[str] = Counter()
        self.hit: set[str] = set()
        self.stuck: list[str] = []
        self.doubled: list[str] = []  # at the deaths, once each

    async def look(self, place: Place) -> None:
        """At the dead. Where the database is dead too, whoever tends next looks."""
        with contextlib.suppress(*NO_DATABASE):
            self.doubled += [what for what in await early(place) if what not in self.doubled]


def unknown() -> list[str]:
    """Transitions and steps that have no kill point, or no act that brings them about."""
    there = {point.name for point in points()}
    return [name for name in names() if name not in there or name not in ACTS]


async def run(options: Options, folder: Path) -> Result:
    """Start everything in `folder`, kill at each point, settle, judge. At once where a transition
    has no kill point: nothing is started for a run that cannot say what it is for."""
    missing = unknown()
    if missing:
        return Result(names=len(names()), unreached=missing, seed=options.seed,
                      planted=options.planted)
    began = time.monotonic()
    # Leaving stops all servers, whatever happened; starting them blocks, and nothing runs yet.
    with kept_ports(1) as (port,), embedded(folder) as servers:
        place = Place(servers, folder, port, options.planted, options.patience_s)
        try:
            await place.open()
            return await _run(options, place, began)
        finally:
            await place.close()


async def _run(options: Options, place: Place, began: float) -> Result:
    wanted, found = options.points(), _Found()
    for point in wanted:
        try:
            if await _killed_at(place, point, found):
                found.killed[point.target] += 1
                found.hit.add(point.name)
        except Stuck as why:
            found.stuck.append(f"{point}: {why}")
            if len(found.stuck) == _MOST_STUCK:
                break  # each takes all patience; what is left is unreached
    try:
        await _tended(place, _settled(place, options.nights), found)
    except Stuck as why:
        found.stuck.append(f"at the end: {why}")
    verdict = await judge(place)
    meant = dict.fromkeys(point.name for point in wanted)
    deposits = await place.rows("SELECT count(*) AS count FROM deposit")
    return Result(
        kills=sum(found.killed.values()), points=len(wanted), names=len(meant),
        deposits=deposits[0]["count"], lost=verdict.lost[:_DETAILS],
        doubled=[*found.doubled, *verdict.doubled][:_DETAILS],
        unreached=[name for name in meant if name not in found.hit],
        stuck=found.stuck[:_DETAILS], killed=dict(found.killed),
        seconds=round(time.monotonic() - began, 1), seed=options.seed, planted=options.planted)


async def _killed_at(place: Place, point: Point, found: _Found) -> bool:
    """Play the act of a point with somebody dying in it; whether somebody did. Stuck."""
    place.folder.joinpath(FIRED).unlink(missing_ok=True)
    place.folder.joinpath(POINT).write_bytes(msgspec.json.encode(point))
    try:
        await _tended(place, _played(place, point), found)
    finally:
        place.folder.joinpath(POINT).unlink(missing_ok=True)
        await found.look(place)
    return place.folder.joinpath(FIRED).exists()


async def _tended(place: Place, work: Coroutine[Any, Any, None], found: _Found) -> None:
    """Do it, and start again whoever dies meanwhile. Stuck."""
    doing = asyncio.ensure_future(work)
    try:
        while not doing.done():
            await asyncio.wait({doing}, timeout=_WATCH_S)
            await place.mend(found.look)
        await doing
    finally:
        doing.cancel()
        await asyncio.gather(doing, return_exceptions=True)


async def _played(place: Place, point: Point) -> None:
    """The act, and then what a sweep of the host does about it, until somebody has died."""
    async def fired() -> bool:
        return place.folder.joinpath(FIRED).exists()

    await ACTS[point.name](place)
    with contextlib.suppress(Stuck):  # then the point is unreached
        await place.until(fired, "nobody has died", _SWEPT_S)


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
