"""The key of a message and the fingerprint of its content.

PURE. Key: acquirer/terminal/class/date/sequence. The repeat digit of the MTI is no part of it, and
it is the same at every door. The order lets one prefix find all that a terminal sent.
"""

from __future__ import annotations

import hashlib
from datetime import date
from functools import lru_cache
from typing import Final

from authhost.model import Kind

# The class keeps a reversal or advice apart from its original, whose number it may carry:
# message class and function of the MTI (ISO 8583:1993, 4.1), and the deposit by processing code 21.
# What has one MTI has one class: a return is a sale's request, an increment a pre-authorization's.
CLASS: Final[dict[Kind, str]] = {
    Kind.PREAUTHORIZATION: "10",
    Kind.INCREMENT: "10",
    Kind.SALE: "20",
    Kind.RETURN: "20",
    Kind.DEPOSIT: "21",
    Kind.DEPOSIT_AUTHORIZATION: "10",
    Kind.COMPLETION: "22",
    Kind.OFFLINE_SALE: "22",
    Kind.REVERSAL: "42",
    Kind.RECONCILIATION: "52",
    Kind.EXPIRY: "70",
    Kind.FUNDING: "funding",
    Kind.ADJUSTMENT: "81",
    Kind.VERIFICATION: "82",
}

_CRYPTOGRAM: Final = "cryptogram/"


def message_key(acquirer: str, terminal: str, kind: Kind, day: str, sequence: str) -> str:
    """The key; `day` is the terminal's own date as YYYYMMDD. A slash in a part is escaped."""
    return class_key(acquirer, terminal, CLASS[kind], day, sequence)


def class_key(acquirer: str, terminal: str, message_class: str, day: str, sequence: str) -> str:
    """The key of a message that is known by its class alone: an original."""
    parts = acquirer + terminal + sequence
    if "/" in parts or "%" in parts:
        acquirer, terminal, sequence = _escaped(acquirer), _escaped(terminal), _escaped(sequence)
    return f"{acquirer}/{terminal}/{message_class}/{day}/{sequence}"


def terminal_prefix(acquirer: str, terminal: str) -> str:
    """What the keys of all messages of a terminal begin with."""
    return f"{_escaped(acquirer)}/{_escaped(terminal)}/"


def _escaped(part: str) -> str:
    return part.replace("%", "%25").replace("/", "%2F")


def expiry_key(original: str) -> str:
    """The key of the one expiry that an open hold can have."""
    return f"{original}/{CLASS[Kind.EXPIRY]}"


def alias_key(who: str, idempotency_key: str) -> str:
    """The claim of an Idempotency-Key, one namespace a client."""
    return f"idempotency/{_escaped(who)}/{idempotency_key}"


def cryptogram_key(card_id: int | None, psn: str, atc: bytes, *, approves: bool = False) -> str:
    """The claim of a chip's cryptogram: its card, sequence number and transaction counter.

    approves: a TC. One that the card gave because no issuer was reached has the counter of the ARQC
    before it, and that one may have come: each is good once.
    """
    return f"{_CRYPTOGRAM}{card_id}/{psn}/{atc.hex()}{'/tc' if approves else ''}"


def is_cryptogram(alias: str) -> bool:
    """Whether an alias is a cryptogram's claim and not an Idempotency-Key's."""
    return alias.startswith(_CRYPTOGRAM)


def nearest_date(month: int, day: int, today: date) -> date:
    """The date nearest to today that a year-less one can mean (31 December on 1 January).

    ValueError when no such day exists in any near year.
    """
    candidates = []
    for year in (today.year - 1, today.year, today.year + 1):
        try:
            candidates.append(date(year, month, day))
        except ValueError:
            continue  # 29 February
    if not candidates:
        raise ValueError(f"no such date: month {month} day {day}")
    return min(candidates, key=lambda candidate: abs(candidate - today))


def fingerprint(key: bytes, text: str) -> bytes:
    """Keyed hash (BLAKE2b, 16 bytes, RFC 7693) over what may not change in a repeat."""
    hasher = _keyed(key).copy()
    hasher.update(text.encode())
    return hasher.digest()


@lru_cache(maxsize=4)
def _keyed(key: bytes) -> hashlib.blake2b:
    """The hash with its key taken in, which is half the work; to be copied."""
    return hashlib.blake2b(key=key, digest_size=16)
