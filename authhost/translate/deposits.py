"""What is the same of a deposit at every door: its key, its content, its detail, what is signed.

PURE. The key of a safe's message has its own number and no date: the number is never reset, and a
device that repeats by another clock must not count twice.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from authhost import keys
from authhost.model import Deposit, Kind, Piece
from authhost.translate import bodies
from authhost.translate.incoming import Refusal, content_of, detail
from authhost.translate.local_dates import date_fault

_ORDER: Final = "authhost deposit v1"


def number_key(acquirer: str, terminal_id: str, kind: Kind, sequence: int) -> str:
    """The key of a safe's message by its own number."""
    return keys.message_key(acquirer, terminal_id, kind, "", f"{sequence:06d}")


def number_keys(acquirer: str, terminal_id: str, sequence: int) -> dict[str, Kind]:
    """The keys that a number can have, for it is one line of numbers over all messages."""
    return {number_key(acquirer, terminal_id, kind, sequence): kind
            for kind in (Kind.DEPOSIT, Kind.DEPOSIT_AUTHORIZATION, Kind.REVERSAL)}


def instant_of(local_time: str) -> datetime:
    """A device's local time, without a zone. Refusal where there is no such."""
    try:
        return datetime.fromisoformat(local_time)
    except ValueError:
        raise Refusal("local_time", f"is no time: {local_time!r}") from None


def refuse_date(local_time: str, now_us: int) -> None:
    """Refusal where the date of a device's local time cannot be meant at this instant."""
    fault = date_fault(local_time[:10], now_us)
    if fault:
        raise Refusal("local_time", fault)


def counted(body: bodies.Deposit) -> Deposit:
    """What the one message of a device says that knows no more: its number is not of the line."""
    return Deposit(depositor=body.depositor, cassette=body.cassette, local_time=body.local_time,
                   pieces=tuple(Piece(row.value_minor, row.count, row.kind)
                                for row in body.denominations))


def order_text(terminal_id: str, deposit: Deposit, amount_minor: int, currency: str,
               reference_model: str, reference: str, receipt: str) -> bytes:
    """What the client's own key signs: one value a line, in this order."""
    return "\n".join((_ORDER, terminal_id, deposit.kind, str(amount_minor), currency,
                      deposit.client, deposit.account, reference_model, reference,
                      deposit.depositor, receipt)).encode()


def deposit_content(fingerprint_key: bytes, kind: Kind, amount_minor: int, currency: str,
                    deposit: Deposit, reference_model: str, reference: str) -> bytes:
    """The fingerprint of a deposit, equal at every door: what was put in, for whom, by whom.

    Neither its time nor what it was allowed by: a repeat may say those otherwise.
    """
    pieces = sorted((one.kind, one.value_minor, one.category, one.count) for one in deposit.pieces)
    suspects = sorted((one.currency, one.value_minor, one.category, one.serial)
                      for one in deposit.suspects)
    return content_of(fingerprint_key, kind, None, amount_minor, currency, 0, (), deposit.kind,
                      deposit.client, deposit.account, deposit.depositor, deposit.cassette,
                      deposit.shift, reference_model, reference, _flat(pieces), _flat(suspects))


def deposit_detail(deposit: Deposit, **more: object) -> str:
    """The detail of a deposit's row: what receipts, counts and files are made from."""
    rows = [_row(piece) for piece in deposit.pieces]
    order = {"text": _base64(deposit.order), "signature": _base64(deposit.signature)} \
        if deposit.signature else None
    return detail(
        kind=deposit.kind, client=deposit.client, account=deposit.account,
        depositor=deposit.depositor, cassette=deposit.cassette, shift=deposit.shift,
        local_time=deposit.local_time, sequence=deposit.sequence, denominations=rows,
        suspects=deposit.suspects, notes=_pieces(deposit, "note"), coins=_pieces(deposit, "coin"),
        order=order, **more)


def _row(piece: Piece) -> dict[str, object]:
    row: dict[str, object] = {"value_minor": piece.value_minor, "kind": piece.kind,
                              "count": piece.count}
    if piece.category:
        row["category"] = piece.category
    return row


def _pieces(deposit: Deposit, kind: str) -> int:
    """How many lie in the cassette; suspects are notes."""
    return sum(one.count for one in deposit.pieces if one.kind == kind) \
        + (len(deposit.suspects) if kind == "note" else 0)


def _flat(rows: Iterable[tuple[object, ...]]) -> str:
    return ";".join(",".join(map(str, row)) for row in rows)


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()
