"""`authhost push-key`: the key that phones subscribe under, made once by the command line.

Reads arguments, calls key.py, prints the public key.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from authhost.cli_options import Failed, add_command
from authhost.push.key import KeyProblem, load_key, make_key, public_text


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The command `push-key`."""
    parser = add_command(commands, "push-key", _push_key,
                         "the key of web push: made where there is none; prints its public part")
    parser.add_argument("file", type=Path, help="of the private key (PEM)")


def _push_key(arguments: argparse.Namespace) -> int:
    path: Path = arguments.file
    try:
        key = load_key(path) if path.exists() else make_key(path)
    except KeyProblem as problem:
        raise Failed(str(problem)) from None
    print(public_text(key))
    return 0
