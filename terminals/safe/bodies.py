"""What a safe says, as the host's JSON door reads it. PURE.

Knows names and shapes; the number and the local time are the store's. What is empty is left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from terminals.safe.counted import Count, Line, Slip, Total


def deposit(count: Count, slip: Slip, *, shift: str, cassette: str, receipt: str,
            authorization: str = "") -> dict[str, Any]:
    """An authorization's body, or with `authorization` its confirm's."""
    body: dict[str, Any] = {
        "amount_minor": slip.amount_minor(count),
        "currency": count.currency, "kind": slip.kind,
        "denominations": msgspec.to_builtins(count.pieces) if slip.kind == "cash" else [],
        "suspects": msgspec.to_builtins(count.suspects),
        "rejected": {"count": count.rejected} if count.rejected else None,
        "depositor": slip.depositor, "cassette": cassette, "client": slip.client,
        "account": slip.account, "reference_model": slip.reference_model,
        "reference": slip.reference, "receipt": receipt, "shift": shift,
        "authorization": authorization}
    if slip.kind == "envelope":
        body["envelope"] = {"number": slip.number}
    elif slip.kind == "cheque":
        body["cheque"] = {"number": slip.number, "bank": slip.bank}
    return {name: value for name, value in body.items()
            if value or name in ("amount_minor", "denominations")}


def sign_on(software: str, model: str, cassette: str, inside: Iterable[Line]) -> dict[str, Any]:
    """The safe is there; counters: what its cassette holds."""
    return {"software": software, "model": model, "cassette": cassette, "counters": lines(inside)}


def shift_close(who: str, totals: Iterable[Total]) -> dict[str, Any]:
    """A shift's own sums."""
    return {"closed_by": who, "totals": lines(totals)}


def swap(out: str, into: str, courier: str, guard: str, seal: str,
         inside: Iterable[Line]) -> dict[str, Any]:
    """A courier takes one cassette and leaves another; counters: what the one holds."""
    return {"out": out, "in": into, "courier": courier, "guard": guard, "seal": seal,
            "counters": lines(inside)}


def end_of_day(totals: Iterable[Total], pieces: Iterable[Line]) -> dict[str, Any]:
    """A day's own sums, and what they are made of."""
    return {"totals": lines(totals), "denominations": lines(pieces)}


def fill(cassette: str, inside: Iterable[Line]) -> dict[str, Any]:
    """How full it is, in pieces."""
    inside = list(inside)
    notes = sum(line.count for line in inside if line.kind == "note")
    coins = sum(line.count for line in inside if line.kind == "coin")
    by = [{"cassette": cassette, "pieces": notes + coins}] if cassette else []
    return {"notes": notes, "coins": coins, "by": by}


def alarm(code: str, severity: str, text: str) -> dict[str, Any]:
    """Something is wrong, or has happened. severity: info, warning, alarm."""
    return {"code": code, "severity": severity, "text": text}


def lines(values: Iterable[Line] | Iterable[Total]) -> list[dict[str, Any]]:
    """Counters and totals, a line each."""
    found: list[dict[str, Any]] = msgspec.to_builtins(list(values))
    return found
