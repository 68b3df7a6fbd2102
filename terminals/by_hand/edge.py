"""`screen` and `run` of `python -m terminals.pos`: the edge program from its settings.

Knows where settings come from: a file, or for the screen the arguments and a folder of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path

from cryptography.fernet import Fernet

from terminals.by_hand.door import tls_of
from terminals.database import StoreError
from terminals.edge.config import (
    Config,
    HostSettings,
    KeySettings,
    Place,
    StoreSettings,
    demand,
    load,
)
from terminals.edge.edge import Edge
from terminals.edge.reader import card_reader
from terminals.edge.screen import Screen
from terminals.edge.service import run
from terminals.settings import ConfigError


def edge_main(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    """Exit code; 2 for settings that cannot be used."""
    if options.config is None and (options.command == "run" or not options.terminal):
        parser.error("run needs --config; screen needs --config or --terminal")
    try:
        config = load(options.config) if options.config is not None else _from_arguments(options)
        return asyncio.run(run(config) if options.command == "run" else _screen(config))
    except (ConfigError, StoreError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


async def _screen(config: Config) -> int:
    edge = Edge(config)
    reader = card_reader(config.reader, edge.clock)
    async with edge:
        return await Screen(edge, reader).run()


def _from_arguments(options: argparse.Namespace) -> Config:
    """Settings for a first look. The store and its key lie in one folder: not for a station."""
    folder: Path = options.data_dir or Path(f"edge-{options.terminal}")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    config = Config(
        terminal=Place(id=options.terminal, merchant=options.merchant, currency=options.currency,
                       acquirer=options.acquirer),
        host=HostSettings(host=options.host, port=options.port, profile=options.profile,
                          framing=options.framing, tls=bool(options.tls)),
        tls=tls_of(options.tls),
        keys=KeySettings(master=_secret(folder / "master.key", options.tmk.encode())
                         if options.tmk else None, algorithm="A" if options.aes else "T"),
        store=StoreSettings(path=folder / "edge.db",
                            key=_secret(folder / "edge.key", b"")))
    demand(config)
    return config


def _secret(path: Path, content: bytes) -> Path:
    """A file for its owner alone, made where there is none; without content a new key."""
    if content:
        path.unlink(missing_ok=True)
    if not path.exists():
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content or Fernet.generate_key())
    return path
