"""`python -m terminals.merchant`: a payment asked for, by hand."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from terminals.by_hand.door import http_parser, with_door
from terminals.json_door import JsonDoor, Posted
from terminals.merchant import Till


def merchant_main(arguments: list[str]) -> int:
    """`python -m terminals.merchant`: ask a payer for money and wait for the outcome."""
    parser = http_parser("terminals.merchant")
    parser.add_argument("--till", required=True)
    parser.add_argument("--phone", required=True, help="the payer's, E.164")
    parser.add_argument("--purpose", default="purchase")
    parser.add_argument("--sequence", type=int, default=1)
    parser.add_argument("--wait", type=float, default=60.0, help="seconds")
    parser.add_argument("amount", type=Decimal, help="12.50")
    options = parser.parse_args(arguments)
    minor = int((options.amount * 100).quantize(Decimal(1), ROUND_HALF_UP))

    async def run(door: JsonDoor) -> Posted:
        till = Till(options.till, door, first_sequence=options.sequence)
        posted = await till.request(minor, options.phone, options.purpose)
        print(f"{posted.decision.id} {posted.decision.state}", flush=True)
        if posted.decision.id:
            status = await till.wait(posted.decision.id, options.wait)
            print(f"{status.id} {status.state}")
        return posted

    return with_door(options, run)
