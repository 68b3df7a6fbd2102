"""The messages of a fuel terminal in the 1993 dialect, as docs/api.md lays them out.

Knows which fields each message has; knows no socket and no clock: the caller passes the local
time and the sequence number. Fields 48, 62 and 63 come from the profile's own tables in `iso`;
what an answer says in them is read in answers.py.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

import msgspec

import iso
from iso import Message, Profile, tlv
from iso.security import PIN_FORMAT_16, KeyControl, control_fields
from iso.subfields import ControlValue, Hidden, Products, Prompt, Purchase, SaleItem, TotalLine
from iso.subfields.shift import write_shift
from terminals.pin_pad import EncipheredPin
from terminals.purchase import GOODS, GOODS_BACK, Card, Item, Sale, Terminal

Fields = dict[int, str | bytes]

CURRENCY_NUMBERS: Final = {"BAM": "977", "CHF": "756", "EUR": "978", "PLN": "985", "RSD": "941"}
REASON_CUSTOMER: Final = "4000"
REASON_TIMEOUT: Final = "4021"
FUNCTION_SIGN_ON: Final = "801"
FUNCTION_KEY_CHANGE: Final = "811"
FUNCTION_CUT_OVER: Final = "821"
FUNCTION_ECHO: Final = "831"

SALE: Final = "200"  # field 24
COMPLETION: Final = "201"
SUPPLEMENTARY: Final = "106"  # more of a hold

# Field 22: how the card was read (7th character) and the holder verified (8th, 9th).
_CHIP_READ_WITHOUT_PIN: Final = "B0010150014C"
_READ: Final = {"chip": "5", "stripe": "2", "key": "6"}
_ONLINE_PIN: Final = "13"  # by PIN, which the authorizer verifies
_INDOOR: Final = "5541"
_OUTDOOR: Final = "5542"
_ZERO_COUNT: Final = "0" * 10
_ZERO_AMOUNT: Final = "0" * 16
_ODOMETER: Final = "odometer"
_CRYPTOGRAM_INFORMATION: Final = "9F27"
_APPROVED: Final = 0x40  # of its first two bits: a TC, the card's own approval
_NUMBERS: Final = frozenset({"57", "5A"})  # track 2 equivalent data, PAN
_NOTHING_LISTED: Final = Products((), "0", "")
_PROFILE: Final = iso.get("ifsf")


class Stamp(msgspec.Struct, frozen=True, gc=False):
    """The moment and the sequence number of a message: fields 7, 11 and 12."""

    stan: str
    at: datetime  # aware, in the terminal's own zone

    @property
    def local(self) -> str:
        """Field 12, YYMMDDhhmmss."""
        return self.at.strftime("%y%m%d%H%M%S")

    @property
    def transmission(self) -> str:
        """Field 7, MMDDhhmmss in UTC."""
        return self.at.astimezone(UTC).strftime("%m%d%H%M%S")


class Totals(msgspec.Struct, frozen=True, gc=False):
    """A terminal's own sums for the reconciliation: fields 76, 88, 77 and 89."""

    debits: int = 0
    debits_minor: int = 0
    reversed_debits: int = 0
    reversed_debits_minor: int = 0


def request(mti: str, function: str, terminal: Terminal, stamp: Stamp, sale: Sale,
            pin: EncipheredPin | None = None, profile: Profile = _PROFILE) -> Message:
    """A sale, pre-authorization, completion or off-line sale; the caller adds an original.

    Track and PIN go with what asks (1100, 1200), never with what tells; chip data goes with what
    asks and with a sale that the card approved without the host.
    """
    asks = mti[2] == "0"
    fields = _common(terminal, stamp)
    fields |= {35: sale.card.track_2} if asks and sale.card.track_2 else {
        2: sale.card.pan, 14: sale.card.expiry}
    fields |= {
        3: sale.processing,
        4: f"{sale.amount_minor:012d}",
        22: _entry(sale, pin),
        24: function,
        26: _OUTDOOR if terminal.outdoor else _INDOOR,
        42: terminal.merchant_id.ljust(15),
        49: CURRENCY_NUMBERS[sale.currency],
    }
    if sale.items:
        fields[63] = products(sale.items, self_service=terminal.outdoor, profile=profile)
    spoken = fleet_data(sale, profile)
    if spoken:
        fields[48] = spoken
    if sale.wants_rest and asks:
        fields[62] = profile.encode_products(_NOTHING_LISTED)
    if sale.card.sequence:
        fields[23] = sale.card.sequence.zfill(3)
    chip = sale.chip if asks else approved_offline(sale.chip) if function == SALE else b""
    if chip:
        fields[55] = chip
    if asks and pin is not None:
        fields |= pin_fields(pin)
    return ordered(mti, fields)


def increment(terminal: Terminal, stamp: Stamp, sale: Sale, original: Message,
              pin: EncipheredPin | None = None, profile: Profile = _PROFILE) -> Message:
    """1100 with 106: `sale.amount_minor` more for the hold that `original` asked for."""
    message = request("1100", SUPPLEMENTARY, terminal, stamp, sale, pin, profile)
    return ordered("1100", message.fields | {56: original_elements(original)})


def goods_return(terminal: Terminal, stamp: Stamp, sale: Sale, original: Message,
                 pin: EncipheredPin | None = None, profile: Profile = _PROFILE) -> Message:
    """1200 with processing code 20: goods of `original`, a sale or completion, come back."""
    back = msgspec.structs.replace(sale, processing=GOODS_BACK)
    message = request("1200", SALE, terminal, stamp, back, pin, profile)
    return ordered("1200", message.fields | {56: original_elements(original)})


def pin_fields(pin: EncipheredPin) -> Fields:
    """The PIN block, and field 53 that says what it is and under whose key."""
    security = _PROFILE.security
    fields = control_fields(security, KeyControl(
        pin.format, pin.scheme, "", pin_generation=pin.generation, ksn=pin.ksn))
    if pin.format == PIN_FORMAT_16:
        return fields | {security.pin_field_16: pin.block.hex().upper()}
    return fields | {52: pin.block}


def approved_offline(chip: bytes) -> bytes:
    """The card's data where it is a TC, without its number; b'' for anything else.

    An advice waits on disk until the host is back, so that a cryptogram that asks the issuer, and
    whatever a track could be made of, stays out of it.
    """
    if not chip:
        return b""
    objects = tlv.read(chip)
    information = objects.get(_CRYPTOGRAM_INFORMATION, b"")
    if not information or information[0] & 0xC0 != _APPROVED:
        return b""
    return b"".join(tlv.write(tag, value) for tag, value in objects.items()
                    if tag not in _NUMBERS)


def _entry(sale: Sale, pin: EncipheredPin | None) -> str:
    """Field 22 (n12 of 1993): a stripe where there is a track and no chip, unless it is told."""
    how = sale.entry or ("stripe" if sale.card.track_2 and not sale.chip else "chip")
    code = _CHIP_READ_WITHOUT_PIN
    return code[:6] + _READ[how] + (_ONLINE_PIN if pin is not None else code[7:9]) + code[9:]


def reversal(terminal: Terminal, stamp: Stamp, original: Message, reason: str,
             amount_minor: int | None = None) -> Message:
    """Gives back `original`: all of it, or `amount_minor`. Field 56 says which message it was."""
    fields = _common(terminal, stamp)
    amount = original.text(4) if amount_minor is None else f"{amount_minor:012d}"
    fields |= {
        3: original.text(3) or GOODS,
        4: amount or "0" * 12,
        24: "400" if amount_minor is None else "401",
        25: reason,
        42: terminal.merchant_id.ljust(15),
        49: original.text(49) or "",
        56: original_elements(original),
    }
    pan, expiry = card_of(original)
    fields |= {number: value for number, value in ((2, pan), (14, expiry)) if value}
    return ordered("1420", fields)


def reconciliation(terminal: Terminal, stamp: Stamp, totals: Totals, currency: str,
                   lines: tuple[TotalLine, ...] = ()) -> Message:
    """The terminal's counts and sums of its business day, in one currency.

    lines: the same by card type, product and kind. EncodeError where they are too many.
    """
    fields = _common(terminal, stamp)
    fields |= {
        24: "500",
        42: terminal.merchant_id.ljust(15),
        49: CURRENCY_NUMBERS[currency],
        74: _ZERO_COUNT,
        75: _ZERO_COUNT,
        76: f"{totals.debits:010d}",
        77: f"{totals.reversed_debits:010d}",
        86: _ZERO_AMOUNT,
        87: _ZERO_AMOUNT,
        88: f"{totals.debits_minor:016d}",
        89: f"{totals.reversed_debits_minor:016d}",
    }
    if lines:
        fields |= write_shift(lines, _PROFILE.fleet.totals)
    return ordered("1520", fields)


def network(terminal: Terminal, stamp: Stamp, function: str) -> Message:
    """Sign-on, cut-over, echo or key change."""
    asks = function in (FUNCTION_ECHO, FUNCTION_KEY_CHANGE)
    return ordered("1804" if asks else "1820", _common(terminal, stamp) | {24: function})


def new_keys(answer: Message) -> str:
    """What the answer to a key change brings; '' where it brings nothing."""
    raw = answer.fields.get(_PROFILE.security.key_field, b"")
    return raw.decode("latin-1") if isinstance(raw, bytes) else raw


def card_of(original: Message) -> tuple[str, str]:
    """(PAN, expiry) of a message that went out, by number or by track."""
    track = original.text(35)
    if not track:
        return original.text(2) or "", original.text(14) or ""
    card = Card.of_track(track)
    return card.pan, card.expiry


def products(items: tuple[Item, ...], *, self_service: bool, profile: Profile = _PROFILE) -> str:
    """Field 63 of the items sold, in the profile's form."""
    columns = {name for names in profile.purchase_layout.columns for name in names}
    head = dict(profile.purchase_layout.head)
    return profile.encode_purchase(Purchase("S" if self_service else "F", tuple(
        SaleItem(item.product, item.unit, item.quantity, item.unit_price,
                 Decimal(item.amount_minor).scaleb(-2),
                 tax_code="1" if "tax_code" in columns else "",
                 payment_type="1" if "payment_type" in columns else "")
        for item in items), "0" * head.get("format_id", 0)))


def control(odometer: int) -> str:
    """Field 48 with the answer to the prompt for the odometer, in kilometres."""
    fleet = _PROFILE.fleet
    answer = Prompt(fleet.type_of(_ODOMETER), str(odometer))
    return _PROFILE.encode_control({fleet.customer_data: (answer,)})


def fleet_data(sale: Sale, profile: Profile = _PROFILE) -> str:
    """Field 48 with what was typed in (48-8) and the second card's track (48-9); '' for neither.

    ValueError for a prompt that the profile has no type for.
    """
    fleet = profile.fleet
    said: dict[int, ControlValue] = {}
    answers = []
    for name, answer in sale.answers.items():
        kind = fleet.type_of(name)
        if not kind:
            raise ValueError(f"profile {profile.name} has no prompt {name}")
        answers.append(Prompt(kind, answer))
    if answers:
        said[fleet.customer_data] = tuple(answers)
    if sale.second is not None:
        card = sale.second
        said[fleet.second_card] = Hidden(card.track_2 or f"{card.pan}={card.expiry}")
    return profile.encode_control(said) if said else ""


def repeat_of(message: Message) -> Message:
    """The same message with its repeat digit raised: 1220 becomes 1221, and stays so."""
    return Message(message.mti[:3] + str(int(message.mti[3]) | 1), message.fields)


def original_elements(original: Message) -> str:
    """Field 56: MTI n4 without the repeat mark, STAN n6, local time n12, acquirer LLVAR."""
    acquirer = original.text(32) or ""
    mti = original.mti[:3] + str(int(original.mti[3]) & ~1)
    return f"{mti}{original.text(11)}{original.text(12)}{len(acquirer):02d}{acquirer}"


def ordered(mti: str, fields: Fields) -> Message:
    """A message with its elements in the order of their numbers, so that one slicer serves all."""
    return Message(mti, dict(sorted(fields.items())))


def _common(terminal: Terminal, stamp: Stamp) -> Fields:
    return {7: stamp.transmission, 11: stamp.stan, 12: stamp.local, 32: terminal.acquirer_id,
            41: terminal.terminal_id.ljust(8)}
