"""What speaks against crediting a deposit: each check a function, the gravest first.

PURE. An authorization is refused for what is found here; a confirmed deposit is stored all the
same, its credit withheld. Words: client_unknown, order_signature, standing, master_data:<field>,
account, currency, suspects, denominations_sum, category, depositor, depositor_blocked,
shift_closed, cassette_unknown, cassette, capacity, date.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from authhost.model import Deposit
from authhost.safes.sscc import is_sscc
from authhost.safes.view import SafeClient, SafeView
from authhost.translate.local_dates import date_fault


class Seen(msgspec.Struct, frozen=True):
    """All that a check may look at. Minor units; microseconds of business time."""

    safe: SafeView
    client: SafeClient | None
    deposit: Deposit
    amount_minor: int
    currency: str
    now_us: int


def objections(safe: SafeView, client: SafeClient | None, deposit: Deposit, amount_minor: int,
               currency: str, now_us: int) -> tuple[str, ...]:
    """Every reason, each once, the gravest first; () where nothing speaks against the credit."""
    seen = Seen(safe, client, deposit, amount_minor, currency, now_us)
    found: dict[str, None] = {}
    for check in _CHECKS:
        found.update(dict.fromkeys(check(seen)))
    return tuple(found)


def _client(seen: Seen) -> tuple[str, ...]:
    return ("client_unknown",) if seen.client is None else ()


def _order(seen: Seen) -> tuple[str, ...]:
    """Ed25519 (RFC 8032) with the client's own key, where he has one."""
    if seen.client is None or not seen.client.deposit_key:
        return ()
    try:
        Ed25519PublicKey.from_public_bytes(seen.client.deposit_key).verify(
            seen.deposit.signature, seen.deposit.order)
    except (InvalidSignature, ValueError):
        return ("order_signature",)
    return ()


def _master_data(seen: Seen) -> tuple[str, ...]:
    if seen.client is None:
        return ()
    bad = ("standing",) if seen.client.standing == "bad" else ()
    return (*bad, *(f"master_data:{field}" for field in seen.client.missing))


def _account(seen: Seen) -> tuple[str, ...]:
    asked, client = seen.deposit.account, seen.client
    return ("account",) if client is not None and asked not in {"", client.iban} else ()


def _currency(seen: Seen) -> tuple[str, ...]:
    kept = seen.client is None or seen.client.currency == seen.currency
    return () if kept and seen.currency in seen.safe.currencies else ("currency",)


def _sum(seen: Seen) -> tuple[str, ...]:
    """Of cash the amount is what may be credited; a suspect may be kept, never be in it."""
    deposit = seen.deposit
    if deposit.kind != "cash":
        return ()
    all_of_it = sum(piece.value_minor * piece.count for piece in deposit.pieces)
    credited = sum(piece.value_minor * piece.count for piece in deposit.pieces
                   if _is_credited(seen, piece.category))
    unclear = doubtful = 0
    for suspect in deposit.suspects:
        if suspect.currency == seen.currency:
            doubtful += suspect.value_minor
            unclear += suspect.value_minor * _is_credited(seen, suspect.category)
    if seen.amount_minor in {credited, credited + unclear}:
        return ()
    with_suspects = {all_of_it, credited + doubtful, all_of_it + doubtful}
    return ("suspects",) if seen.amount_minor in with_suspects else ("denominations_sum",)


def _is_credited(seen: Seen, category: str) -> bool:
    known = seen.safe.categories.get(category)
    return known.credited if known is not None else True


def _categories(seen: Seen) -> tuple[str, ...]:
    named = {piece.category for piece in seen.deposit.pieces if piece.category}
    named.update(suspect.category for suspect in seen.deposit.suspects)
    return () if named <= seen.safe.categories.keys() else ("category",)


def _depositor(seen: Seen) -> tuple[str, ...]:
    if seen.client is None:
        return ()
    status = seen.safe.depositors.get((seen.client.account_id, seen.deposit.depositor))
    if status is None:
        return ("depositor",) if seen.safe.named_depositors else ()
    return () if status == "active" else ("depositor_blocked",)


def _shift(seen: Seen) -> tuple[str, ...]:
    if not seen.safe.shift_required:
        return ()
    shift = seen.safe.open_shift(seen.deposit.sequence)
    return () if shift and seen.deposit.shift in {"", shift} else ("shift_closed",)


def _cassette(seen: Seen) -> tuple[str, ...]:
    stay = seen.safe.stay_of(seen.deposit)
    if stay is not None:
        return () if stay.registered else ("cassette_unknown",)
    named = seen.deposit.cassette
    return ("cassette_unknown",) if named and not is_sscc(named) else ("cassette",)


def _capacity(seen: Seen) -> tuple[str, ...]:
    """More than fits into a cassette cannot be in it. What is inside may be told a little late."""
    safe, pieces = seen.safe, seen.deposit.pieces
    for kind, room, inside in (("note", safe.note_capacity, safe.notes_inside),
                               ("coin", safe.coin_capacity, safe.coins_inside)):
        if room and inside + sum(one.count for one in pieces if one.kind == kind) > room:
            return ("capacity",)
    return ()


def _date(seen: Seen) -> tuple[str, ...]:
    day = seen.deposit.local_time[:10]
    return ("date",) if day and date_fault(day, seen.now_us) else ()


_CHECKS: Final[tuple[Callable[[Seen], tuple[str, ...]], ...]] = (
    _client, _order, _master_data, _account, _currency, _sum, _categories, _depositor, _shift,
    _cassette, _capacity, _date)
