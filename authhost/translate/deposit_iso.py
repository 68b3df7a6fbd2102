"""A deposit over ISO 8583: processing code 21, and one private element with what was counted.

PURE. Public sources give no layout for denominations; this one is chosen, and the same in every
profile: parts with a letter each, divided by `/`, columns by `\\`, `%2F %5C %25` for these three.

    S number         the device's own, never reset     D depositor     B cassette or bag (SSCC)
    K C|E|Q          cash, envelope, cheque            L client        A IBAN       H shift
    N value\\count[\\category]     notes                 M model\\reference          R receipt
    C value\\count[\\category]     coins                 J pieces that were handed back
    X value\\currency\\category[\\serial]    a suspect     E number        of an envelope
    Q number[\\bank]  a cheque                          G signature of the client, base64url
    Z number         of the authorization that a confirm or a reversal is about
"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec

from authhost.keys import CLASS, message_key
from authhost.model import Answer, Deposit, Kind, Original, Piece, Request, Suspect
from authhost.rules import WITHHELD
from authhost.translate.deposits import deposit_content, deposit_detail, number_key, order_text
from authhost.translate.incoming import Refusal
from iso import elements as e

PROCESSING_CODE: Final = "21"
Place = tuple[str, str, str, str]  # terminal, acquirer, day YYYYMMDD, sequence number of field 11
_KINDS: Final = {"C": "cash", "E": "envelope", "Q": "cheque"}
_PIECES: Final = {"N": "note", "C": "coin"}
_CLASSES: Final = dict.fromkeys((CLASS[Kind.SALE], CLASS[Kind.COMPLETION]), CLASS[Kind.DEPOSIT])
# How many columns a part may have.
_COLUMNS: Final = {"N": (2, 3), "C": (2, 3), "X": (3, 4), "M": (1, 2), "Q": (1, 2),
                   **dict.fromkeys("SKDBLAHRJEGZ", (1,))}
_ESCAPED: Final = re.compile(r"%(2F|5C|25)")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_MOST_DIGITS: Final = 12
_MOST_PIECES: Final = 10**6  # of one value, as JSON has it: what could not be kept is refused
_LONGEST: Final = 140


class Counted(NamedTuple):
    """What the element says. about: the number of the authorization; 0 where it names none."""

    deposit: Deposit
    reference_model: str = ""
    reference: str = ""
    receipt: str = ""
    rejected: int = 0
    number: str = ""  # of a cheque or envelope
    bank: str = ""
    about: int = 0

    def request(self, fingerprint_key: bytes, place: Place, amount_minor: int, currency: str, *,
                advice: bool, **more: Any) -> Request:
        """The deposit as a request; its key is the device's own number, where it sends one.

        more: what else the message says, by the names of Request.
        """
        told, kind = self.deposit, Kind.DEPOSIT if advice else Kind.DEPOSIT_AUTHORIZATION
        return Request(
            key=_key(place, kind, told.sequence),
            fingerprint=deposit_content(fingerprint_key, kind, amount_minor, currency, told,
                                        self.reference_model, self.reference),
            kind=kind, terminal_id=place[0], amount_minor=amount_minor, currency=currency,
            advice=advice, deposit=told, flags=("suspects",) if told.suspects else (),
            detail=self._detail(), **more)

    def _detail(self) -> str:
        kind = self.deposit.kind
        return deposit_detail(
            self.deposit, rejected=self.rejected, receipt=self.receipt,
            reference_model=self.reference_model, reference=self.reference,
            cheque={"number": self.number, "bank": self.bank} if kind == "cheque" else None,
            envelope={"number": self.number} if kind == "envelope" else None)


def authorization_of(place: Place, number: int) -> Original:
    """The authorization that has this number of the device."""
    return Original((_key(place, Kind.DEPOSIT_AUTHORIZATION, number),))


def as_deposits(original: Original) -> Original:
    """The same messages, where an MTI of a sale or an advice named a deposit."""
    keys = []
    for key in original.keys:
        acquirer, terminal, named, *rest = key.split("/")
        keys.append("/".join((acquirer, terminal, _CLASSES.get(named, named), *rest)))
    return Original(tuple(dict.fromkeys(keys)), original.approval_code)


def _key(place: Place, kind: Kind, sequence: int) -> str:
    terminal, acquirer, day, stan = place
    if sequence:
        return number_key(acquirer, terminal, kind, sequence)
    return message_key(acquirer, terminal, kind, day, stan)


def read_counted(raw: str, field: int, terminal_id: str, local_time: str, amount_minor: int,
                 currency: str) -> Counted:
    """The element of a deposit; '' is cash that nobody has counted by pieces.

    local_time: YYMMDDhhmmss, of the message. Refusal names the part that is wrong.
    """
    reader = _Reader(field)
    for part in raw.split("/") if raw else ():
        reader.take(part)
    counted = reader.counted(_time(local_time))
    deposit = counted.deposit
    if deposit.signature:
        deposit = msgspec.structs.replace(deposit, order=order_text(
            terminal_id, deposit, amount_minor, currency, counted.reference_model,
            counted.reference, counted.receipt))
    return counted._replace(deposit=deposit)


class _Reader:
    """Takes the parts one by one."""

    def __init__(self, field: int) -> None:
        self._field = field
        self._texts: dict[str, list[str]] = {}
        self._pieces: list[Piece] = []
        self._suspects: list[Suspect] = []
        self._parts = 0

    def take(self, part: str) -> None:
        """One part. Refusal."""
        self._parts += 1
        letter, columns = part[:1], [self._text(text) for text in part[1:].split("\\")]
        if len(columns) not in _COLUMNS.get(letter, ()) or not any(columns):
            raise self._wrong(f"part {self._parts} is none: {part[:20]!r}")
        if letter in _PIECES:
            value, count, *category = columns
            pieces = self._number(count, 1)
            if pieces > _MOST_PIECES:
                raise self._wrong(f"part {self._parts}: more than {_MOST_PIECES} pieces")
            self._pieces.append(Piece(self._number(value, 1), pieces, _PIECES[letter],
                                      category[0] if category else ""))
        elif letter == "X":
            value, currency, what, *serial = columns
            if not _CURRENCY.fullmatch(currency):
                raise self._wrong(f"part {self._parts}: {currency!r} is no currency")
            self._suspects.append(Suspect(self._number(value), currency, what,
                                          serial[0] if serial else ""))
        elif letter in self._texts:
            raise self._wrong(f"part {letter} is there twice")
        else:
            self._texts[letter] = columns

    def counted(self, local_time: str) -> Counted:
        """All of it. Refusal where a part that is there once is no such thing."""
        kind = _KINDS.get(self._one("K") or "C")
        if kind is None:
            raise self._wrong("part K is none of C, E, Q")
        model, reference = self._pair("M")
        number, bank = self._pair("Q")
        deposit = Deposit(
            kind=kind, local_time=local_time, sequence=self._number(self._one("S") or "0"),
            depositor=self._one("D"), cassette=self._one("B"), client=self._one("L"),
            account=self._one("A"), shift=self._one("H"), pieces=tuple(self._pieces),
            suspects=tuple(self._suspects), signature=self._signature(self._one("G")))
        return Counted(deposit, model, reference, self._one("R"),
                       self._number(self._one("J") or "0"), number or self._one("E"), bank,
                       self._number(self._one("Z") or "0"))

    def _one(self, letter: str) -> str:
        return self._texts.get(letter, [""])[0]

    def _pair(self, letter: str) -> tuple[str, str]:
        first, *rest = self._texts.get(letter, [""])
        return first, rest[0] if rest else ""

    def _text(self, text: str) -> str:
        found = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
        if len(found) > _LONGEST or not (found.isprintable() or not found):
            raise self._wrong(f"part {self._parts} is no text of {_LONGEST} characters")
        return found

    def _number(self, text: str, least: int = 0) -> int:
        if not (text.isascii() and text.isdecimal()) or len(text) > _MOST_DIGITS \
                or int(text) < least:
            raise self._wrong(f"a number that is none: {text[:20]!r}")
        return int(text)

    def _signature(self, text: str) -> bytes:
        if not text:
            return b""
        try:
            return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)) or b"\0"
        except (binascii.Error, ValueError):
            return b"\0"  # it was signed, and by nobody

    def _wrong(self, reason: str) -> Refusal:
        return Refusal(f"field {self._field}", reason)


def _time(digits: str) -> str:
    """YYMMDDhhmmss as YYYY-MM-DDThh:mm:ss. Refusal where there is no such time."""
    day = f"20{digits[:2]}-{digits[2:4]}-{digits[4:6]}"
    text = f"{day}T{digits[6:8]}:{digits[8:10]}:{digits[10:12]}"
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise Refusal(f"field {e.LOCAL_TIME}", f"is no time: {text!r}") from None
    return text


def response_text(answer: Answer) -> str:
    """What field 44 says: why not, or why a deposit that is stored has no credit yet."""
    if answer.reason != "approved":
        return answer.reason
    return next((flag for flag in answer.flags if flag.startswith(WITHHELD)), "")
