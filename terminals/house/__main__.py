"""The house, by hand: it takes a night's payment files, and writes what it has to say.

    python -m terminals.house --books house.json --out answers --day 2026-07-24 \\
        --account DE89370400440532013000 [--account IBAN:MINOR] night/*/bank/*.xml
        [--refuse END_TO_END_ID:AC04] [--return END_TO_END_ID:AC04] [--batch]

Knows arguments and files; the rest is this package's. The books are a JSON file: a second call
goes on where the first one ended, and refuses a file that was there.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import msgspec

from terminals.house.ledger import House, State


def main(arguments: list[str]) -> int:
    """The command line; 0 where all is well."""
    options = _parser().parse_args(arguments)
    books: Path = options.books
    state = msgspec.json.decode(books.read_bytes(), type=State) if books.exists() else None
    house = House(dict(_account(text) for text in options.account), bic=options.bic,
                  batch=options.batch, refuse=dict(map(_pair, options.refuse)), state=state)
    created, out = f"{options.day}T18:00:00Z", options.out
    out.mkdir(parents=True, exist_ok=True)
    for number, path in enumerate(options.files, 1):
        said = house.take(path.read_bytes(), created)
        _put(out / f"{options.day}-{number:04d}-pain002.xml", said)
    house.settle(options.day)
    for name, reason in map(_pair, getattr(options, "return")):
        house.give_back(name, reason, options.day)
    for iban, currency in house.accounts():
        _put(out / f"{options.day}-{iban}-{currency}-camt054.xml",
             house.notice(iban, currency, options.day, created))
        _put(out / f"{options.day}-{iban}-{currency}-camt053.xml",
             house.statement(iban, currency, options.day, created))
        print(f"{iban} {currency} {house.balance(iban, currency)}")
    books.write_bytes(msgspec.json.encode(house.state))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m terminals.house", formatter_class=argparse.RawDescriptionHelpFormatter,
        description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, help="pain.001 and pain.008")
    parser.add_argument("--books", type=Path, required=True, help="a JSON file")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--day", required=True, help="ISO 8601")
    parser.add_argument("--account", action="append", default=[], metavar="IBAN[:MINOR]",
                        help="that it keeps, and what may be drawn from it")
    parser.add_argument("--bic", default="", help="as its answers name the house")
    parser.add_argument("--batch", action="store_true", help="book a block in one sum")
    parser.add_argument("--refuse", action="append", default=[], metavar="ID:REASON")
    parser.add_argument("--return", action="append", default=[], metavar="ID:REASON")
    return parser


def _account(text: str) -> tuple[str, int | None]:
    iban, _, minor = text.partition(":")
    return iban, int(minor) if minor else None


def _pair(text: str) -> tuple[str, str]:
    name, _, reason = text.rpartition(":")
    return name, reason


def _put(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    print(path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
