"""One run of a channel: every point, one after the other, then until nothing moves any more, and
the verdict.

Knows points, acts and a place with hands that mend; a channel says what they are.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from authhost.embedded import Servers, embedded
from tests.crash.ground import NO_DATABASE, Ground, Stuck
from tests.crash.points import Point, chosen, sampled
from tests.crash.ports import kept_ports
from tests.crash.reaper import FIRED, POINT

_DETAILS: Final = 20
_MOST_STUCK: Final = 5
_WATCH_S: Final = 0.02


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for. every: all moments, not one of them by chance; sample: of so many
    transitions and steps one death each, 0 for all; only: points that are told with this text, or
    with one of several that semicolons part; nights: at the end, where a channel has them: what two
    people let go in the last one is in the next; patience_s: for anything to come; planted: a bug
    of tests/planted."""

    seed: int = 1
    every: bool = False
    sample: int = 0
    only: str = ""
    nights: int = 3
    patience_s: float = 60.0
    planted: str = ""

    def points(self, all_: list[Point]) -> list[Point]:
        """Where is killed, in the order of the tables."""
        found = all_ if self.every else (
            sampled(all_, self.seed, self.sample) if self.sample else chosen(all_, self.seed))
        return [point for point in found
                if any(text in str(point) for text in self.only.split(";"))]


class Verdict(msgspec.Struct):
    """What a judge gathers. Both are empty when the host has kept its word."""

    lost: list[str]
    doubled: list[str]

    def differ(self, there: int, meant: int, what: str) -> None:
        """More than is meant is doubled, less is lost."""
        if there != meant:
            (self.doubled if there > meant else self.lost).append(f"{what}: {there}, not {meant}")


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What is printed. lost, doubled, unreached and stuck are empty where the host keeps its word.

    rows: deposits, or payments; unreached: transitions and steps where somebody should have been
    killed and nobody was, or that nobody knows how to bring about.
    """

    kills: int = 0
    points: int = 0
    names: int
    rows: int = 0
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


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """What a run is of. rows: the statement that counts what it is about; after_s: so long after an
    act somebody may still die, for sweeps; early: what is found doubled at each death, while the
    dead lie there: by the end a second try may have hidden what the first one left."""

    names: Callable[[], list[str]]
    points: Callable[[], list[Point]]
    acts: Mapping[str, Callable[[Any], Awaitable[None]]]
    place: Callable[[Servers, Path, int, str, float], Ground]
    early: Callable[[Any], Awaitable[list[str]]]
    settled: Callable[[Any, int], Coroutine[Any, Any, None]]
    judge: Callable[[Any], Awaitable[Verdict]]
    rows: str
    after_s: float

    def unknown(self) -> list[str]:
        """Transitions and steps that have no kill point, or no act that brings them about."""
        there = {point.name for point in self.points()}
        return [name for name in self.names() if name not in there or name not in self.acts]


class _Found:
    """What is seen on the way. hit: names of the points where somebody died."""

    def __init__(self, early: Callable[[Any], Awaitable[list[str]]]) -> None:
        self._early = early
        self.killed: Counter[str] = Counter()
        self.hit: set[str] = set()
        self.stuck: list[str] = []
        self.doubled: list[str] = []  # at the deaths, once each

    async def look(self, place: Ground) -> None:
        """At the dead. Where the database is dead too, whoever tends next looks."""
        with contextlib.suppress(*NO_DATABASE):
            self.doubled += [what for what in await self._early(place) if what not in self.doubled]


async def run(channel: Channel, options: Options, folder: Path) -> Result:
    """Start everything in `folder`, kill at each point, settle, judge. At once where a transition
    has no kill point, or no point is meant: nothing is started for a run that cannot say what it is
    for."""
    missing = channel.unknown()
    if not (missing or options.points(channel.points())):
        missing = [options.only]
    if missing:
        return Result(names=len(channel.names()), unreached=missing, seed=options.seed,
                      planted=options.planted)
    began = time.monotonic()
    # Leaving stops all servers, whatever happened; starting them blocks, and nothing runs yet.
    with kept_ports(1) as (port,), embedded(folder) as servers:
        place = channel.place(servers, folder, port, options.planted, options.patience_s)
        try:
            await place.open()
            return await _run(channel, options, place, began)
        finally:
            await place.close()


async def _run(channel: Channel, options: Options, place: Ground, began: float) -> Result:
    wanted, found = options.points(channel.points()), _Found(channel.early)
    for point in wanted:
        try:
            if await _killed_at(channel, place, point, found):
                found.killed[point.target] += 1
                found.hit.add(point.name)
        except Stuck as why:
            found.stuck.append(f"{point}: {why}")
            if len(found.stuck) == _MOST_STUCK:
                break  # each takes all patience; what is left is unreached
    try:
        await _tended(place, channel.settled(place, options.nights), found)
    except Stuck as why:
        found.stuck.append(f"at the end: {why}")
    verdict = await channel.judge(place)
    meant = dict.fromkeys(point.name for point in wanted)
    rows = await place.rows(channel.rows)
    return Result(
        kills=sum(found.killed.values()), points=len(wanted), names=len(meant),
        rows=rows[0]["count"], lost=verdict.lost[:_DETAILS],
        doubled=[*found.doubled, *verdict.doubled][:_DETAILS],
        unreached=[name for name in meant if name not in found.hit],
        stuck=found.stuck[:_DETAILS], killed=dict(found.killed),
        seconds=round(time.monotonic() - began, 1), seed=options.seed, planted=options.planted)


async def _killed_at(channel: Channel, place: Ground, point: Point, found: _Found) -> bool:
    """Play the act of a point with somebody dying in it; whether somebody did. Stuck."""
    place.folder.joinpath(FIRED).unlink(missing_ok=True)
    place.folder.joinpath(POINT).write_bytes(msgspec.json.encode(point))
    try:
        await _tended(place, _played(channel, place, point), found)
    finally:
        place.folder.joinpath(POINT).unlink(missing_ok=True)
        await found.look(place)
    return place.folder.joinpath(FIRED).exists()


async def _tended(place: Ground, work: Coroutine[Any, Any, None], found: _Found) -> None:
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


async def _played(channel: Channel, place: Ground, point: Point) -> None:
    """The act, and then what a sweep of the host does about it, until somebody has died."""
    async def fired() -> bool:
        return place.folder.joinpath(FIRED).exists()

    await channel.acts[point.name](place)
    with contextlib.suppress(Stuck):  # then the point is unreached
        await place.until(fired, "nobody has died", channel.after_s)
