"""`python -m terminals.phone`: a payer's word, by hand."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from terminals.by_hand.door import http_parser, with_door
from terminals.json_door import JsonDoor, NoAnswer, Posted
from terminals.phone import Phone


def phone_main(arguments: list[str]) -> int:
    """`python -m terminals.phone`: list what waits, approve or refuse it."""
    parser = http_parser("terminals.phone")
    parser.add_argument("--phone", required=True, help="E.164")
    parser.add_argument("--key", required=True, type=Path, help="Ed25519 private key, PEM")
    parser.add_argument("command", choices=["list", "approve", "refuse"])
    parser.add_argument("id", nargs="?", default="")
    options = parser.parse_args(arguments)
    key = load_pem_private_key(options.key.read_bytes(), None)
    if not isinstance(key, Ed25519PrivateKey):
        parser.error("the key is not an Ed25519 key")

    async def run(door: JsonDoor) -> Posted | None:
        phone = Phone(options.phone, key, door)
        waiting = await phone.waiting()
        if options.command == "list":
            for one in waiting:
                print(f"{one.id} {one.amount_minor} {one.currency} {one.merchant_id} "
                      f"{one.purpose}")
            return None
        for one in waiting:
            if one.id == options.id:
                return await phone.answer(one, options.command)
        raise NoAnswer(f"{options.id} does not wait for this phone")

    return with_door(options, run)
