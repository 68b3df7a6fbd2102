"""`python -m terminals.safe`: one deposit by hand, the safe's screen, or the safe as a service.

Knows where settings come from: a file, or for the screen the arguments and a folder of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from datetime import datetime
from pathlib import Path

from terminals.by_hand.door import http_parser, tls_of, with_door
from terminals.database import StoreError
from terminals.json_door import JsonDoor, Posted
from terminals.safe.config import (
    Config,
    HostSettings,
    MachineSettings,
    Place,
    Rules,
    StoreSettings,
    demand,
    load,
)
from terminals.safe.counted import Piece, parsed
from terminals.safe.machine import MachineInSoftware
from terminals.safe.one_message import Denomination, Safe
from terminals.safe.program import SafeProgram
from terminals.safe.screen import Screen
from terminals.safe.service import run
from terminals.settings import ConfigError


def safe_main(arguments: list[str]) -> int:
    """Report one deposit (`5000x4 2000x1`), or be a safe (`screen`, `run`). Exit code."""
    parser = http_parser("terminals.safe")
    parser.add_argument("--terminal", default="")
    parser.add_argument("--currency", default="EUR")
    parser.add_argument("--sequence", type=int, default=1, help="of one deposit")
    parser.add_argument("--depositor", default="")
    parser.add_argument("--cassette", default="")
    parser.add_argument("--config", type=Path, help="the settings of a safe, TOML")
    parser.add_argument("--data-dir", type=Path, help="of the screen without --config")
    parser.add_argument("--one-step", action="store_true", help="the screen does not ask first")
    parser.add_argument("--no-shift", action="store_true", help="the screen needs no shift")
    parser.add_argument("what", nargs="+", metavar="screen | run | 5000x4 200x3c ...",
                        help="the safe's screen; the safe as a service; or one deposit")
    options = parser.parse_args(arguments)
    if not options.terminal and options.config is None:
        parser.error("--terminal, or --config")
    if options.what[0] in ("screen", "run"):
        return _program(parser, options)
    try:
        pieces = parsed(options.what)
    except ValueError as error:
        parser.error(str(error))
    return _one_deposit(options, pieces)


def _one_deposit(options: argparse.Namespace, pieces: tuple[Piece, ...]) -> int:
    """One message, nothing kept."""
    async def send(door: JsonDoor) -> Posted:
        safe = Safe(options.terminal, door, now=lambda: datetime.now().astimezone(),
                    currency=options.currency, first_sequence=options.sequence)
        return await safe.deposit(
            [Denomination(piece.value_minor, piece.count, piece.kind) for piece in pieces],
            depositor=options.depositor, cassette=options.cassette)

    return with_door(options, send)


def _program(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    if options.what[0] == "run" and options.config is None:
        parser.error("run needs --config")
    try:
        config = load(options.config) if options.config is not None else _from_arguments(options)
        return asyncio.run(run(config) if options.what[0] == "run" else _screen(config))
    except (ConfigError, StoreError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


async def _screen(config: Config) -> int:
    machine = MachineInSoftware(config.machine.file)
    async with SafeProgram(config, machine=machine) as safe:
        return await Screen(safe, machine).run()


def _from_arguments(options: argparse.Namespace) -> Config:
    """Settings for a first look: the store lies in a folder of its own."""
    folder: Path = options.data_dir or Path(f"safe-{options.terminal}")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    config = Config(
        terminal=Place(id=options.terminal, currencies=(options.currency,)),
        host=HostSettings(url=options.url),
        store=StoreSettings(path=folder / "safe.db"),
        machine=MachineSettings(file=folder / "machine.json"),
        safe=Rules(two_steps=not options.one_step, shift_required=not options.no_shift),
        tls=tls_of(options.tls))
    demand(config)
    return config
