"""`python -m terminals.safe`: a deposit, by hand."""

from __future__ import annotations

from datetime import datetime

from terminals.by_hand.door import http_parser, with_door
from terminals.json_door import JsonDoor, Posted
from terminals.safe import Denomination, Safe


def safe_main(arguments: list[str]) -> int:
    """`python -m terminals.safe`: report a deposit."""
    parser = http_parser("terminals.safe")
    parser.add_argument("--terminal", required=True)
    parser.add_argument("--currency", default="EUR")
    parser.add_argument("--sequence", type=int, default=1)
    parser.add_argument("--depositor", default="")
    parser.add_argument("--cassette", default="")
    parser.add_argument("notes", nargs="+", help="5000x4: four notes of 50.00")
    options = parser.parse_args(arguments)
    pairs = [note.split("x") for note in options.notes]
    notes = [Denomination(int(value), int(count)) for value, count in pairs]

    async def run(door: JsonDoor) -> Posted:
        safe = Safe(options.terminal, door, now=lambda: datetime.now().astimezone(),
                    currency=options.currency, first_sequence=options.sequence)
        return await safe.deposit(notes, depositor=options.depositor, cassette=options.cassette)

    return with_door(options, run)
