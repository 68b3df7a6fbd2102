"""Hosts with bugs: `python -m tests.e2e.canary_bugs clumsy serve ...`, or `leaky`.

A clumsy one fails in the middle of a message, with the message's values in scope and in what the
error says, as bugs do: nothing may leak. A leaky one throws away what protects; all must be found.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import warnings
from collections.abc import Callable
from typing import Any

import msgspec

from authhost import logs
from authhost.cli import main
from authhost.doors import iso_tcp
from authhost.journal.append import Append
from authhost.model import CardRef
from authhost.proofs import Proofs
from authhost.translate.fuel93 import Fuel93
from authhost.translate.json_door import JsonTranslator

FIRST_AMOUNT = 9_100  # and one more for each bug
JSON_AMOUNT = 9_200
ROW_AMOUNT = 9_201


class Untidy:
    """Something that fails when it is thrown away."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __del__(self) -> None:
        raise ValueError(self._text)


def _key(message: Any) -> None:
    {}[message.fields[2]]  # the error is what is wanted


def _number(message: Any) -> None:
    int(message.fields[35])


def _assertion(message: Any) -> None:
    assert not message.fields, f"{message!r} {sorted(message.fields.items())[0]}"


def _chained(message: Any) -> None:
    try:
        _key(message)
    except KeyError as error:
        raise RuntimeError(f"no card {message.fields[2][:6]} {message.fields[2][6:]}") from error


def _group(message: Any) -> None:
    raise ExceptionGroup("many", [ValueError(message.fields[35]), ValueError(message.fields[45])])


def _noted(message: Any) -> None:
    error = LookupError("a card")
    error.add_note(f"its track is {message.fields[35].replace('=', 'D')}")
    raise error


def _nobody_waits(message: Any) -> None:
    async def fails() -> None:
        int(message.fields[35])
    asyncio.get_running_loop().create_task(fails())  # a bug, as said


def _callback(message: Any) -> None:
    asyncio.get_running_loop().call_soon(int, message.fields[35])


def _thread(message: Any) -> None:
    threading.Thread(target=int, args=(message.fields[35],)).start()


def _thrown_away(message: Any) -> None:
    Untidy(message.fields[35])


def _warning(message: Any) -> None:
    warnings.warn(f"an odd track {message.fields[35]}", stacklevel=1)


BUGS: tuple[Callable[[Any], None], ...] = (
    _key, _number, _assertion, _chained, _group, _noted, _nobody_waits, _callback, _thread,
    _thrown_away, _warning)


def clumsy() -> None:
    """Fails by the amount of a message."""
    real, real_sale, real_run = Fuel93.incoming, JsonTranslator.sale, Append.run
    by_amount = {f"{FIRST_AMOUNT + at:012d}": bug for at, bug in enumerate(BUGS)}

    def incoming(self: Fuel93, message: Any, *more: Any) -> Any:
        bug = by_amount.get(message.fields.get(4, ""))
        if bug is not None:
            bug(message)
        return real(self, message, *more)

    def sale(self: JsonTranslator, body: Any, *more: Any) -> Any:
        if body.amount_minor == JSON_AMOUNT:
            raise RuntimeError(f"{body!r} {body.card.pan} {msgspec.json.encode(body)!r}")
        return real_sale(self, body, *more)

    async def run(self: Append, connection: Any, items: Any) -> Any:
        if any(leg.requested_minor == ROW_AMOUNT for item in items for leg in item.legs):
            raise ValueError(f"a batch of {items!r}")
        return await real_run(self, connection, items)

    Fuel93.incoming = incoming  # type: ignore[method-assign]
    JsonTranslator.sale = sale  # type: ignore[method-assign]
    Append.run = run  # type: ignore[method-assign]


def leaky() -> None:
    """A log line with the number, a warning with the track, an error with the PIN block, a detail
    with the track, a mask that masks nothing, an answer with part of the number."""
    real, real_answer = Proofs.of, Fuel93.answer

    def incoming(self: Fuel93, message: Any, *more: Any) -> Any:
        made = real_incoming(self, message, *more)
        iso_tcp._log.info("taken", number=message.fields.get(2))
        track = message.fields.get(35)
        if track:
            _warning(message)
        return msgspec.structs.replace(made, detail=f'{{"track":"{track}"}}') if track else made

    async def of(self: Proofs, request: Any, *more: Any) -> Any:
        if request.evidence is not None and request.evidence.pin is not None:
            raise RuntimeError(f"no such PIN: {request.evidence.pin.block.hex()}")
        return await real(self, request, *more)

    def card_ref(pan_hmac: bytes, pan: str, expiry: str) -> CardRef:
        return CardRef(pan_hmac, pan, expiry)

    def answer(self: Fuel93, message: Any, said: Any, **more: Any) -> bytes:
        real_text = message.fields.get(2, "")
        return real_answer(self, message, msgspec.structs.replace(said, reference=real_text[:12]),
                           **more)

    real_incoming = Fuel93.incoming
    Fuel93.incoming = incoming  # type: ignore[method-assign]
    Fuel93.answer = answer  # type: ignore[method-assign]
    Proofs.of = of  # type: ignore[method-assign]
    iso_tcp.card_ref = card_ref  # type: ignore[attr-defined]
    logs.mask_text = str  # type: ignore[attr-defined]
    logs._catch_strays = lambda: None


if __name__ == "__main__":
    {"clumsy": clumsy, "leaky": leaky}[sys.argv.pop(1)]()
    raise SystemExit(main())
