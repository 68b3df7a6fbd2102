"""One run, from empty servers to the verdict."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Final

import msgspec

from authhost.embedded import Servers, embedded
from authhost.hsm.address import HsmAddress
from authhost.hsm_session import hsm_session
from authhost.journal.migrate import migrate
from demo.insert import insert
from demo.parties import FleetCard, Portfolio
from tests.crash.files import night
from tests.crash.host import HostProcess, Urls
from tests.crash.journal import read_journal
from tests.crash.judge import Verdict, captured_minor, judge
from tests.crash.killer import Killer
from tests.crash.load import Behaviour
from tests.crash.portfolio import crash_portfolio
from tests.crash.ports import kept_ports
from tests.crash.record import Record
from tests.crash.staged import plant, stage_all
from tests.crash.terminal import TerminalClient

Night = tuple[int, str]  # minor units in the files, and why there are none

NUMBERS: Final = ("lost", "doubled", "over_limit", "flipped")  # 0 where the host keeps its word
_DETAILS: Final = 20  # of each kind; the rest is in the record on disk


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for. answers: at least so many between two kills; staged: the scenarios too."""

    kills: int = 20
    seed: int = 1
    answers: int = 1_000
    hosts: int = 2
    planted: str = ""
    staged: bool = True


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What is printed. The four numbers in the middle are 0 where the host keeps its word."""

    kills: int
    answered: int
    lost: int
    doubled: int
    over_limit: int
    flipped: int
    seconds: float
    seed: int
    planted: str
    repeats: int
    busy: int
    client_minor: int
    files_minor: int
    actions: dict[str, int]
    killed: list[dict[str, object]]
    details: dict[str, list[str]]

    @property
    def clean(self) -> bool:
        """Nothing lost, doubled, over a limit or flipped."""
        return not (self.lost or self.doubled or self.over_limit or self.flipped)


class _Crowd:
    """All terminals, and what they do together."""

    def __init__(self, portfolio: Portfolio, ports: list[int], record: Record, seed: int,
                 now: datetime) -> None:
        cards: dict[str, list[FleetCard]] = {}
        for card in portfolio.cards:
            cards.setdefault(card.role, []).append(card)
        self._limited = [card for card in portfolio.cards if card.role != "wide"]
        self.behaviours = [
            Behaviour(TerminalClient(device, ports, record,
                                     Random(f"{seed}/{device.terminal_id}"), now), cards)
            for device in portfolio.devices]

    async def work(self, stop: asyncio.Event) -> None:
        """Until told to stop; then everything begun is ended. One that fails fails all."""
        async with asyncio.TaskGroup() as group:
            for behaviour in self.behaviours:
                group.create_task(behaviour.run(stop))

    async def afterwards(self) -> None:
        """Every limited card bought full by two at once, then all that is remembered repeated."""
        async with asyncio.TaskGroup() as group:
            for number, behaviour in enumerate(self.behaviours):
                group.create_task(behaviour.fill(self._limited[number % len(self._limited)]))
        async with asyncio.TaskGroup() as group:
            for behaviour in self.behaviours:
                group.create_task(behaviour.repeat_all())

    def close(self) -> None:
        for behaviour in self.behaviours:
            behaviour.client.close()

    @property
    def unexpected(self) -> list[str]:
        """Answers to nothing that was asked."""
        return [what for behaviour in self.behaviours for what in behaviour.client.unexpected]


async def run(options: Options, directory: Path) -> Result:
    """Start everything in `directory`, kill, drain, judge, clear, judge the files."""
    began = time.monotonic()
    # Leaving stops all servers, whatever happened; starting them blocks, and nothing runs yet.
    with kept_ports(options.hosts) as ports, embedded(directory) as servers:
        return await _run(options, servers, ports, directory, began)


async def _run(options: Options, servers: Servers, ports: list[int], directory: Path,
               began: float) -> Result:
    now = datetime.now(UTC)
    portfolio = crash_portfolio(options.seed)
    urls = Urls(servers.postgres.url, servers.valkey.url, servers.hsm.url, directory)
    await migrate(urls.database)
    async with hsm_session(urls.database, [HsmAddress.parse(urls.hsm)]) as session:
        hashes = await (await session.pan_index()).of_all(
            card.card.pan for card in portfolio.cards)
    await insert(urls.database, portfolio, now.date(), hashes.__getitem__)
    hosts = [HostProcess(number, port, urls, options.planted)
             for number, port in enumerate(ports, start=1)]
    record = Record(directory / "record.log")
    crowd = _Crowd(portfolio, [host.port for host in hosts], record, options.seed, now)
    killer = Killer(servers, hosts, record, Random(options.seed), options.answers)
    try:
        await asyncio.gather(*(host.run() for host in hosts))
        first = await _kill_under_load(
            crowd, killer, options.kills,
            lambda: night(urls.database, now.date(), directory / "files"))
        await crowd.afterwards()
        crowd.close()
        for host in hosts:
            await host.stop()
    finally:
        record.close()
        await asyncio.gather(*(host.kill() for host in hosts))
    verdict = judge(record, await read_journal(urls.database), portfolio)
    second = await night(urls.database, now.date() + timedelta(days=1), directory / "files")
    staged: dict[str, list[str]] = {}
    if options.staged:
        plant(options.planted)
        staged = await stage_all(urls.database, urls.redis, urls.hsm, directory)
    return _result(options, record, killer, _with(verdict, staged), (first, second),
                   crowd.unexpected, time.monotonic() - began)


def _with(verdict: Verdict, staged: dict[str, list[str]]) -> Verdict:
    return Verdict(**{name: getattr(verdict, name) + staged.get(name, []) for name in NUMBERS})


async def _kill_under_load(crowd: _Crowd, killer: Killer, kills: int,
                           at_night: Callable[[], Coroutine[None, None, Night]]) -> Night:
    """Work and kill; half-way the day is closed and cleared, with both going on."""
    stop = asyncio.Event()

    async def kill() -> Night:
        try:
            await killer.run(kills // 2)
            async with asyncio.TaskGroup() as group:
                cleared: asyncio.Task[Night] = group.create_task(at_night())
                group.create_task(killer.run(kills - kills // 2))
            return cleared.result()
        finally:
            stop.set()

    async with asyncio.TaskGroup() as group:
        group.create_task(crowd.work(stop))
        killed = group.create_task(kill())
    return killed.result()


def _result(options: Options, record: Record, killer: Killer, verdict: Verdict,
            nights: tuple[Night, ...], unexpected: list[str], seconds: float) -> Result:
    ours, in_files = captured_minor(record), sum(minor for minor, _ in nights)
    refused = " ".join(why for _, why in nights)
    lost, doubled = list(verdict.lost), list(verdict.doubled)
    if in_files < ours:
        lost.append(f"files: they carry {in_files}, the client knows {ours} {refused}".rstrip())
    elif in_files > ours:
        doubled.append(f"files: they carry {in_files}, the client knows {ours}")
    found = {"lost": lost, "doubled": doubled, "over_limit": verdict.over_limit,
             "flipped": verdict.flipped, "unexpected": unexpected}
    return Result(
        kills=len(killer.log), answered=record.answers, lost=len(lost), doubled=len(doubled),
        over_limit=len(verdict.over_limit), flipped=len(verdict.flipped),
        seconds=round(seconds, 1), seed=options.seed, planted=options.planted,
        repeats=record.repeats, busy=record.busy, client_minor=ours, files_minor=in_files,
        actions=dict(record.actions.most_common()), killed=killer.log,
        details={name: what[:_DETAILS] for name, what in found.items() if what})


def keep(directory: Path, where: Path) -> None:
    """Copy logs and the client's record, to be looked at afterwards."""
    where.mkdir(parents=True, exist_ok=True)
    for path in directory.glob("*.log"):
        shutil.copy(path, where / path.name)
