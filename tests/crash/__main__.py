"""python -m tests.crash --kills 20 --seed 1 --json. Exit 0 only when nothing was found."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import msgspec
import uvloop

from authhost import logs
from tests.crash.run import NUMBERS, Options, Result, keep, run


def main() -> int:
    """Run once, print, say in the exit code whether it was clean."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--answers", type=int, default=1_000, help="at least, between two kills")
    parser.add_argument("--hosts", type=int, default=2)
    parser.add_argument("--planted", default="", help="a variant of tests/planted")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--keep", type=Path, help="copy logs and the client's record here")
    arguments = parser.parse_args()
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


def _text(result: Result) -> str:
    lines = [f"{result.kills} kills, {result.answered} answers in {result.seconds} s",
             " ".join(f"{name} {getattr(result, name)}" for name in NUMBERS)]
    lines += [f"{name}: {what}" for name, found in result.details.items() for what in found]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
