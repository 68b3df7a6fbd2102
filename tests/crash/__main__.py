"""python -m tests.crash --kills 20 --seed 1 --json. Exit 0 only when nothing was found.

python -m tests.crash --channel deposits --seed 1 --json: a death at each transition of a deposit;
--channel payments: of a payment by phone, and of what its payer's bank is asked.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from pathlib import Path
from typing import Final

import msgspec
import uvloop

from authhost import logs
from tests.crash import deaths
from tests.crash.deposits import run as deposits
from tests.crash.payments import run as payments
from tests.crash.run import NUMBERS, Options, Result, keep, run

CHANNELS: Final = {"deposits": deposits.run, "payments": payments.run}


def main() -> int:
    """Run once, print, say in the exit code whether it was clean."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--channel", choices=("cards", *CHANNELS), default="cards")
    parser.add_argument("--every", action="store_true",
                        help="of a table: all moments of each point, not one of them by chance")
    parser.add_argument("--sample", type=int, default=0,
                        help="of a table: so many deaths, at points by chance; 0: at all of them")
    parser.add_argument("--only", default="",
                        help="of a table: points named like this, or like one of several: 'a;b'")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--answers", type=int, default=1_000, help="at least, between two kills")
    parser.add_argument("--hosts", type=int, default=2)
    parser.add_argument("--planted", default="", help="a variant of tests/planted")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--keep", type=Path, help="copy logs and the client's record here")
    arguments = parser.parse_args()
    if arguments.channel in CHANNELS:
        return _of_table(arguments)
    options = Options(kills=arguments.kills, seed=arguments.seed, answers=arguments.answers,
                      hosts=arguments.hosts, planted=arguments.planted)
    logs.configure("error")  # staged hosts live here; the output is the result
    with tempfile.TemporaryDirectory(prefix="authhost-crash-") as name:
        directory = Path(name)
        try:
            result = uvloop.run(run(options, directory))
        finally:
            if arguments.keep:
                keep(directory, arguments.keep)
    print(msgspec.json.format(msgspec.json.encode(result)).decode() if arguments.json
          else _text(result))
    return 0 if result.clean else 1


def _of_table(arguments: argparse.Namespace) -> int:
    """A channel whose life is a table."""
    options = deaths.Options(seed=arguments.seed, every=arguments.every, sample=arguments.sample,
                             only=arguments.only, planted=arguments.planted)
    logs.configure("error")  # safes and phones live here; the output is the result
    for room in ("terminals", "httpx"):  # that they wait for a host is meant
        logging.getLogger(room).setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory(prefix="authhost-crash-") as name:
        directory = Path(name)
        try:
            result = uvloop.run(CHANNELS[arguments.channel](options, directory))
        finally:
            if arguments.keep:
                keep(directory, arguments.keep)
    found = msgspec.json.format(msgspec.json.encode(result)).decode()
    print(found if arguments.json else "\n".join(
        f"{name:<12}{value}" for name, value in msgspec.structs.asdict(result).items()))
    return 0 if result.clean else 1


def _text(result: Result) -> str:
    lines = [f"{result.kills} kills, {result.answered} answers in {result.seconds} s",
             " ".join(f"{name} {getattr(result, name)}" for name in NUMBERS)]
    lines += [f"{name}: {what}" for name, found in result.details.items() for what in found]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
