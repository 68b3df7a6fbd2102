"""The demo from end to end: servers, parties, host, day, night, and one verdict.

Knows the order of things; each step is another module's. Each run has folders of its own: a day
can be played only once in a journal.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Final

import asyncpg
import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from authhost.certificates.authority import FileAuthority
from authhost.clock import Clock
from authhost.embedded import HsmSim, Servers
from authhost.hsm.address import HsmAddress
from authhost.hsm_session import HsmSession, hsm_session
from authhost.journal.migrate import migrate
from authhost.station.signer import Signer
from clearing.errors import ClearingError
from clearing.night import Night
from clearing.run import clear
from demo import check, figures, portfolio, search, show
from demo.answered import answered
from demo.bureau import issue_cards
from demo.custodians import CeremonyError, Custodians
from demo.day import MIDNIGHT, Day, Host, Prepared, rate_of
from demo.debits import settings_of_night, sign
from demo.host import Command, HostError, free_port, running
from demo.insert import insert
from demo.keyloader import load_keys
from demo.paper import operator_file
from demo.parties import Portfolio
from demo.phone_books import PAYOUT
from demo.plan import Visit, plan
from demo.print_shop import PrintShop
from demo.result import Banked, Cash, Difference, File, Fleets, Phones, Proved, Result, Stations
from demo.tally import Tally
from terminals import pki
from terminals.bank.server import BankServer
from terminals.record import unanswered

_PHONES: Final = "phones-authority"  # the folder of payers' phones' authority
_PLAIN_WIDTH: Final = 120  # columns, where the output is no terminal
_HEAD_START_US: Final = 1_500_000  # real time until midnight: the host starts meanwhile


class Steps:
    """How long each step took, in real seconds; said aloud where somebody looks on."""

    def __init__(self, console: Console) -> None:
        self.seconds: dict[str, float] = {}
        self._console = console

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time the block under this name."""
        started = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - started, 2)
        self._console.print(f"[dim]{self.seconds[name]:6.2f} s[/]  {name}", highlight=False)


async def run_demo(data_dir: Path, seed: int, json_output: bool, out_dir: Path) -> int:
    """Play the day of `seed`; 0 only if every sum, repeat and answer is as it must be.

    data_dir: a new folder for the servers' data. out_dir: gets a numbered folder a run, with the
    files of the night. json_output: print the summary alone, as one JSON object.
    """
    try:
        result = await _run(data_dir, seed, Console(stderr=True, quiet=json_output), out_dir)
    except (HostError, ClearingError, CeremonyError) as error:
        print(f"authhost demo: {error}", file=sys.stderr)
        return 1
    if json_output:
        sys.stdout.write(msgspec.json.encode(result).decode() + "\n")
    else:
        show.show(result, Console(width=None if sys.stdout.isatty() else _PLAIN_WIDTH))
    return 0 if result.ok else 1


async def _run(data_dir: Path, seed: int, console: Console, out_dir: Path) -> Result:
    started = time.perf_counter()
    steps = Steps(console)
    tally = Tally()
    with ExitStack() as stack:
        with steps.step("PostgreSQL, Valkey and HSM"):
            shop = PrintShop(data_dir / "print-shop")
            servers = stack.enter_context(_servers(data_dir, shop))
        database_url = servers.postgres.url
        parties = _with_ports(portfolio.build(seed))
        with steps.step("schema and portfolio"):
            await migrate(database_url)
            await _insert(parties, servers)
            await sign(database_url, parties)
        with steps.step("terminals' keys, cards and PINs"):
            prepared = await _workshops(parties, servers, shop, Random(seed))
        with steps.step("the business day"):
            rate = rate_of(sum(steps.seconds.values()))
            day = await _play(parties, prepared, plan(seed), servers, tally, console, rate)
        with steps.step("the night's clearing"):
            files = _unused(out_dir)
            rules = settings_of_night()
            summary = await clear(database_url, portfolio.BUSINESS_DATE, files, rules)
        tally.surprises += await check.not_invoiced(database_url, portfolio.BUSINESS_DATE,
                                                    summary.files)
        tally.surprises += await check.unmatched(database_url, portfolio.BUSINESS_DATE)
        priced = await check.contract_prices(database_url, portfolio.BUSINESS_DATE)
        day.cash_day.settle(files)
        await day.cash.close(database_url)
        day.cash.file(files)
        day.phone_room.settle()
        with steps.step("the banks' answers, and the nights until they are booked"):
            banked = await answered(database_url, files, (
                payment for bank in day.banks.values() for payment in bank.books.payments()),
                rules)
        day.phones.paid_out_minor = sum(entry.sum_minor for entry in summary.files
                                        if entry.kind == PAYOUT)
        await day.phones.close(database_url, portfolio.BUSINESS_DATE)
        for bank in day.banks.values():
            await bank.close()
        differences = check.differences(
            tally, await check.journal_sums(database_url, portfolio.BUSINESS_DATE))
    with steps.step("the search for what is secret"):
        exposed = search.found_in((data_dir, files), day.spoken)
    tally.surprises += [*day.books.faults(), *day.cash.faults(), *day.phones.faults(),
                        *banked.faults()]
    return _result(tally, summary, differences, exposed=exposed,
                   fleets=figures.fleets(tally, day.exceptions, day.consumptions, priced),
                   stations=day.books.figures(), cash=day.cash.figures(),
                   phones=day.phones.figures(), banked=banked,
                   proved=figures.proved(day.metrics, tally),
                   out_dir=files / portfolio.BUSINESS_DATE.isoformat(), seconds=steps.seconds,
                   total_s=round(time.perf_counter() - started, 2))


@contextmanager
def _servers(data_dir: Path, shop: PrintShop) -> Iterator[Servers]:
    """The embedded servers, with an HSM that prints mailers for this shop."""
    servers = Servers(data_dir)
    servers.hsm = HsmSim(servers.directory, shop.hsm_options)
    try:
        servers.start()
        yield servers
    finally:
        servers.stop()


async def _insert(parties: Portfolio, servers: Servers) -> None:
    """The parties; a card's number as the HSM's keyed hash."""
    async with _session(servers) as session:
        index = await session.pan_index()
        hashes = await index.of_all(card.card.pan for card in parties.cards)
    await insert(servers.postgres.url, parties, portfolio.BUSINESS_DATE, hashes.__getitem__)


async def _workshops(parties: Portfolio, servers: Servers, shop: PrintShop,
                     random: Random) -> Prepared:
    """What is done before a terminal stands at a station, and before a card is in a wallet."""
    custodians = Custodians(servers.directory / "hsm",
                            {name: secrets.token_urlsafe() for name in ("gruber", "steiner")})
    await custodians.appoint()
    devices = [*parties.working_pos(), *parties.edges()]
    async with _session(servers) as session:
        url = servers.postgres.url
        return Prepared(*await asyncio.gather(
            load_keys(session, url, custodians, devices),
            issue_cards(session, url, custodians, shop, devices, random),
            _signers(session, url)))


async def _signers(session: HsmSession, url: str) -> dict[str, str]:
    """What a station is set up with, so that it believes a catalogue."""
    async with asyncpg.create_pool(url, min_size=1, max_size=1) as pool:
        signer = Signer(pool, session.hsm, session.keys)
        await signer.ensure(MIDNIGHT)
        return {str(key.number): key.point.hex() for key in await signer.public()}


def _session(servers: Servers) -> AbstractAsyncContextManager[HsmSession]:
    return hsm_session(servers.postgres.url, [HsmAddress.parse(servers.hsm.url)])


def _unused(out_dir: Path) -> Path:
    """A new numbered folder: what an earlier run has released does not change."""
    for number in itertools.count(1):
        folder = out_dir.resolve() / f"{number:03d}"
        with suppress(FileExistsError):
            folder.mkdir(parents=True)
            return folder
    raise AssertionError("unreachable")


async def _play(parties: Portfolio, prepared: Prepared, visits: Sequence[Visit], servers: Servers,
                tally: Tally, console: Console, rate: int) -> Day:
    """The host up, the day over its wires, the host down again in good order."""
    here = servers.directory
    authority = pki.Authority.create(here / "pki")
    clock = Clock(Clock.real_now_us() + _HEAD_START_US,
                  int(MIDNIGHT.timestamp()) * 1_000_000, rate)
    command = Command(
        database_url=servers.postgres.url, redis_url=servers.valkey.url, hsm_url=servers.hsm.url,
        iso_ports={profile: free_port() for profile in portfolio.PROFILES},
        http_port=free_port(), public_port=free_port(), authority=authority,
        phones=here / _PHONES, passphrase=_phones_authority(here),
        identity=authority.server(), bank_identity=authority.client("bargeldbetrieb"),
        operator=operator_file(here), clock=clock)
    host = Host(iso_ports=command.iso_ports, http_port=command.http_port,
                public_port=command.public_port, authority=authority,
                database_url=command.database_url)
    banks = await _banks(parties, command.identity, authority, here)
    day = Day(parties, prepared, host, clock, tally, here, banks)
    async with running(command, here / "host.log"):
        with _progress(console, day, len(visits)) as advance:
            await day.run(visits, advance)
    tally.lost += [f"{entry.kind} {entry.terminal_id} {entry.stan}"
                   for entry in unanswered(day.record.entries)]
    return day


def _phones_authority(here: Path) -> Path:
    """A small authority for payers' phones; where its passphrase is."""
    passphrase = here / "passphrase"
    passphrase.touch(mode=0o600)
    passphrase.write_text(secrets.token_urlsafe())
    FileAuthority.create(here / _PHONES, passphrase, "phones of payers", datetime.now(UTC))
    return passphrase


def _with_ports(parties: Portfolio) -> Portfolio:
    """Where each bank will listen."""
    return msgspec.structs.replace(parties, banks=tuple(
        msgspec.structs.replace(bank, endpoint=f"https://127.0.0.1:{free_port()}")
        for bank in parties.banks))


async def _banks(parties: Portfolio, identity: pki.Identity, authority: pki.Authority,
                 here: Path) -> dict[str, BankServer]:
    """The banks, listening."""
    banks = {bank.bank_id: BankServer(
        here / f"{bank.bank_id}.sqlite",
        pki.server_context(authority.certificate_path, identity),
        port=int(bank.endpoint.rpartition(":")[2])) for bank in parties.banks}
    for bank in banks.values():
        await bank.open()
    return banks


@contextmanager
def _progress(console: Console, day: Day, total: int) -> Iterator[Callable[[], None]]:
    """A bar with the business time; nothing where nobody looks on."""
    with Progress(TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}"),
                  TimeElapsedColumn(), console=console, transient=True,
                  disable=console.quiet or not console.is_terminal) as progress:
        task = progress.add_task("00:00", total=total)
        yield lambda: progress.update(task, advance=1,
                                      description=day.local_now().strftime("%H:%M"))


def _result(tally: Tally, summary: Night, differences: tuple[Difference, ...], *,
            exposed: tuple[tuple[str, str], ...], proved: Proved, fleets: Fleets,
            stations: Stations, cash: Cash, phones: Phones, banked: Banked, out_dir: Path,
            seconds: dict[str, float], total_s: float) -> Result:
    faults = (*tally.surprises, *(f"not balanced: {text}" for text in tally.unbalanced),
              *(f"another answer: {text}" for text in tally.repeats_different),
              *(f"no answer: {text}" for text in tally.lost),
              *(f"{what} in {path}" for what, path in exposed))
    numbers = sum(what == "a card number" for what, _ in exposed)
    return Result(
        ok=summary.balanced and not faults and not differences,
        messages=tally.messages, approved=tally.approved, declined=tally.declined,
        refused=tally.refused,
        declined_by_reason=dict(tally.reasons.most_common()),
        messages_by_kind=dict(tally.kinds.most_common()),
        actions=dict(sorted(tally.actions.items())),
        repeats=tally.repeats, repeats_identical=not tally.repeats_different,
        lost=len(tally.lost), card_numbers_at_rest=numbers,
        secrets_at_rest=len(exposed) - numbers, proved=proved,
        fleets=fleets, stations=stations, cash=cash, phones=phones, banked=banked,
        deposits=tally.kinds["deposit"], payments=phones.payments, latencies_ms=tally.latencies(),
        differences=differences, faults=faults,
        files=tuple(File(entry.path, entry.kind, entry.count, entry.sum_minor, entry.currency)
                    for entry in summary.files),
        cases=len(summary.cases), places=summary.places,
        debits_minor=summary.debits_minor, credits_minor=summary.credits_minor,
        balanced=summary.balanced, digest=summary.digest, out_dir=str(out_dir),
        seconds=total_s, seconds_by_step=seconds)
