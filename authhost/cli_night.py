"""The night from the command line: `authhost clear`, `authhost nights`, `authhost days`.

Knows arguments, what a person wants to see meanwhile, and where the files go; calls clearing.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import getpass
import os
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING

from authhost import logs
from authhost.cli_options import (
    Failed,
    Misused,
    add_command,
    add_database,
    database_url,
    day_of,
)
from authhost.clock import Clock
from authhost.nights_beside import NightsWanted
from authhost.streams import STREAMS, Stream

if TYPE_CHECKING:
    from clearing.night import Night
    from clearing.settings import Settings

_PIPE_BYTES = 4_096  # of what nobody should say; none is the end
Commands = argparse._SubParsersAction  # argparse has no public name for it


def add(commands: Commands[argparse.ArgumentParser]) -> None:
    """The commands `clear`, `nights` and `days`."""
    clear = add_command(commands, "clear", _clear, "close a business day and write its files")
    clear.add_argument("--date", type=day_of, required=True, metavar="YYYY-MM-DD",
                       help="the business day")
    clear.add_argument("--stream", choices=STREAMS, action="append",
                       help="this stream alone, repeatable (default: all)")
    _with_files(clear)
    clear.add_argument("--engine", metavar="URL",
                       help="what places the rows: duckdb (the default), spark://host:port, "
                       "postgresql://...")
    clear.add_argument("--dry-run", action="store_true",
                       help="say what it would come to: nothing is closed, posted or released")
    clear.add_argument("--resume", action="store_true",
                       help="go on with a night that was begun; every night can be, so this only "
                       "refuses to begin one")
    clear.add_argument("--list", action="store_true", help="name every file")

    nights = add_command(commands, "nights", _nights,
                         "clear each stream at its cut-off and deliver its files, until stopped")
    _with_files(nights)
    nights.add_argument("--clock", default="", help="real_us:origin_us:rate of a simulated clock")
    nights.add_argument("--until-input-ends", action="store_true",
                        help="stop when standard input ends too: with whoever has started this")
    nights.add_argument("--log-level", default="info",
                        choices=("debug", "info", "warning", "error"))

    days = add_command(commands, "days", _days,
                       "the business days that are open, and when each ends")
    days.add_argument("stream", nargs="?", choices=STREAMS, help="to change its schedule")
    days.add_argument("--cut-off", type=_time, metavar="HH:MM",
                      help="from noon on of the day itself, before of the day after")
    days.add_argument("--time-zone", metavar="ZONE", help="whose clock the cut-off is on: UTC, "
                      "Europe/Berlin")
    days.add_argument("--calendar", metavar="NAME",
                      help="which days there are: every_day, weekdays, TARGET, SI, "
                      "DE-BY, or two of them: TARGET+SI")
    days.add_argument("--bank-calendar", metavar="NAME",
                      help="on which days banks settle: value dates, payouts")
    add_database(days)


def _with_files(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, default=Path("files"), metavar="DIR",
                        help="where the files are written (default ./files)")
    parser.add_argument("--settings", type=Path, metavar="FILE",
                        help="what the operator decides (JSON); the defaults are an example")
    add_database(parser)


def _time(text: str) -> time:
    with contextlib.suppress(ValueError):
        found = time.fromisoformat(text)
        if found.tzinfo is None and found == found.replace(second=0, microsecond=0):
            return found
    raise argparse.ArgumentTypeError(f"{text!r} is no time like 22:00")


@contextlib.contextmanager
def _said() -> Iterator[None]:
    from clearing.errors import ClearingError  # noqa: PLC0415  # only the night needs its libraries

    try:
        yield
    except ClearingError as error:
        raise Failed(str(error)) from None


def settings_of(path: Path | None) -> Settings:
    """What the operator decides about a night; None: the defaults. Failed; OSError, with the
    file's name."""
    from clearing.errors import ClearingError  # noqa: PLC0415  # only the night needs these
    from clearing.settings import load_settings  # noqa: PLC0415  # only the night needs it

    if path is None:
        return load_settings()
    try:
        return load_settings(path.read_bytes())
    except ClearingError as error:
        raise Failed(f"{path}: {error}") from None


def nights_wanted(arguments: argparse.Namespace) -> NightsWanted | None:
    """What `--nights` and `--nights-settings` of a host say. Failed where they cannot be."""
    if arguments.nights is None:
        if arguments.nights_settings is not None:
            raise Misused("--nights-settings without --nights: there are no nights to set")
        return None
    settings_of(arguments.nights_settings)  # said now, not by a process that dies at once
    return NightsWanted(arguments.nights, arguments.nights_settings)


def _clear(arguments: argparse.Namespace) -> int:
    streams = tuple(arguments.stream or STREAMS)
    if arguments.dry_run and arguments.resume:
        raise Misused("--dry-run and --resume do not go together: a trial leaves nothing to go on "
                      "with")
    with _said():
        if not arguments.dry_run:
            night = asyncio.run(_cleared(arguments, streams, arguments.out))
        else:
            with tempfile.TemporaryDirectory(prefix="authhost-dry-run-") as aside:
                night = asyncio.run(_cleared(arguments, streams, Path(aside)))
    _show(night, each=arguments.list)
    if arguments.dry_run:
        print("this was a trial: nothing is closed, posted or released")
    for run in night.runs:
        if not arguments.dry_run and not run.released:
            print(f"{run.run_id} waits for the approval of a second person: its files are hidden")
    print(f"balanced: {night.balanced}")
    return 0 if night.balanced else 1


async def _cleared(arguments: argparse.Namespace, streams: Sequence[Stream], out: Path) -> Night:
    from clearing.engine.opening import check_engine  # noqa: PLC0415  # only the night needs its
    from clearing.engine.ports import EngineError  # noqa: PLC0415  # libraries
    from clearing.run import clear  # noqa: PLC0415
    from clearing.together import clear_together  # noqa: PLC0415

    def begun(step: str) -> None:
        print(f"{step} ...", file=sys.stderr)

    def counted(step: str, count: int, seconds: float) -> None:
        print(f"{step}: {count:,} in {seconds:.1f} s" if count else f"{step}: {seconds:.1f} s",
              file=sys.stderr)

    url, who = database_url(arguments), getpass.getuser()
    settings = settings_of(arguments.settings)
    try:
        check_engine(arguments.engine)  # now, for a day that is closed stays closed
    except EngineError as error:
        raise Misused(f"--engine: {error}") from None
    await _look_first(url, arguments, streams)
    if arguments.dry_run:  # one snapshot of one connection
        return await clear(url, arguments.date, out, settings, begun, streams, who, counted,
                           dry_run=True, engine=arguments.engine)
    return await clear_together(url, arguments.date, out, settings, who, progress=begun,
                                counted=counted, streams=streams, engine=arguments.engine)


async def _look_first(url: str, arguments: argparse.Namespace, streams: Sequence[Stream]) -> None:
    """Say what was done before; refuse what a person has not meant."""
    from clearing.days.schedules import standing  # noqa: PLC0415  # only the night needs it
    from clearing.queries import connect  # noqa: PLC0415

    connection = await connect(url)
    try:
        for stream in streams:
            found = await standing(connection, stream, arguments.date)
            if found == "open" and arguments.resume:
                raise Failed(f"{stream} of {arguments.date} was never begun: there is nothing to "
                             "go on with")
            if found == "done" and arguments.dry_run:
                raise Failed(f"{stream} of {arguments.date} is cleared: there is nothing to try")
            if found == "done":
                print(f"{stream} of {arguments.date} was cleared before: the same files are made "
                      "again and compared", file=sys.stderr)
    finally:
        await connection.close()


def _show(night: Night, *, each: bool) -> None:
    if each:
        for file in night.files:
            print(f"{file.kind:<24}{file.count:>8}{file.sum_minor:>16} {file.currency:<4}"
                  f"{file.path}")
    totals: dict[tuple[str, str, str], tuple[int, int, int]] = {}
    for run in night.runs:
        stream = run.run_id.split("/")[1]
        for file in run.files:
            files, count, minor = totals.get((stream, file.kind, file.currency), (0, 0, 0))
            totals[stream, file.kind, file.currency] = (
                files + 1, count + file.count, minor + file.sum_minor)
    print(f"{'stream':<10}{'kind':<28}{'files':>8}{'count':>12}{'sum':>18}")
    for (stream, kind, currency), (files, count, minor) in totals.items():
        print(f"{stream:<10}{kind:<28}{files:>8}{count:>12}{minor:>18} {currency}")
    if night.cases:
        print(f"{len(night.cases)} cases for a person: cases.json of each stream")


def _nights(arguments: argparse.Namespace) -> int:
    logs.configure(arguments.log_level)
    with _said():
        asyncio.run(_night_by_night(arguments))
    return 0


async def _night_by_night(arguments: argparse.Namespace) -> None:
    """Until SIGTERM or Ctrl-C. A night that is cut off goes on when this is started again."""
    from clearing.days.scheduler import WHO, Nights  # noqa: PLC0415  # only the night needs it
    from clearing.release.deliver import deliver_due  # noqa: PLC0415
    from clearing.run import clear  # noqa: PLC0415

    url, out, settings = database_url(arguments), arguments.out, settings_of(arguments.settings)
    clock = Clock.parse(arguments.clock)

    async def cleared(business_date: date, stream: Stream) -> None:
        await clear(url, business_date, out, settings, streams=(stream,), who=WHO)

    async def delivered(now: datetime) -> None:
        await deliver_due(url, out, now)

    looking = asyncio.create_task(Nights(url, cleared, clock.now).run(delivered))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _cancel_once, looking)
    if arguments.until_input_ends:
        cancel_at_end(looking, sys.stdin.fileno())
    with contextlib.suppress(asyncio.CancelledError):
        await looking


def cancel_at_end(task: asyncio.Task[None], pipe: int) -> None:
    """Cancel it when there is no more to be read from `pipe`, a descriptor. Misused: its end is
    nothing to wait for."""
    loop = asyncio.get_running_loop()

    def read() -> None:
        if not os.read(pipe, _PIPE_BYTES):
            loop.remove_reader(pipe)  # the end can be read for ever, at every turn of the loop
            _cancel_once(task)

    try:
        loop.add_reader(pipe, read)
    except PermissionError:  # epoll(7) takes no file and not /dev/null
        raise Misused("--until-input-ends: standard input is neither a pipe nor a terminal: there "
                      "is no end to wait for") from None


def _cancel_once(task: asyncio.Task[None]) -> None:
    """The end of input and a signal may both come: a second one would cut off what the first has
    made it put away."""
    if not task.cancelling():
        task.cancel()


def _days(arguments: argparse.Namespace) -> int:
    changed = [arguments.cut_off, arguments.time_zone, arguments.calendar, arguments.bank_calendar]
    if arguments.stream is None and any(one is not None for one in changed):
        raise Misused(f"which stream: {', '.join(STREAMS)}?")
    with _said():
        asyncio.run(_days_shown(arguments, change=any(one is not None for one in changed)))
    return 0


async def _days_shown(arguments: argparse.Namespace, *, change: bool) -> None:
    from clearing.days import schedules  # noqa: PLC0415  # only the night needs it
    from clearing.days.cut_off import ends_at  # noqa: PLC0415
    from clearing.queries import connect  # noqa: PLC0415

    connection = await connect(database_url(arguments))
    try:
        if change:
            await schedules.change_schedule(
                connection, arguments.stream, getpass.getuser(), cut_off=arguments.cut_off,
                time_zone=arguments.time_zone, days=arguments.calendar,
                banks=arguments.bank_calendar)
        for stream, day in (await schedules.open_days(connection)).items():
            if arguments.stream in {None, stream}:
                end = ends_at(day.business_date, day.schedule)
                one = day.schedule
                print(f"{stream:<9} {day.business_date} open until {end:%Y-%m-%d %H:%M} UTC "
                      f"({one.cut_off:%H:%M} {one.time_zone}), days {one.calendar}, "
                      f"banks {one.bank_calendar}")
            waiting = await schedules.days_not_cleared(connection, stream)
            if waiting and arguments.stream in {None, stream}:
                print(f"{'':<9} closed and not cleared: {', '.join(map(str, waiting))}")
    finally:
        await connection.close()
