"""ISO 8583:1993 as fuel terminals speak it (profiles ifsf, ops, x9tg23): message <-> model.

PURE. Key: fields 32, 41, 12 (date), 11. Original: field 56, else the approval code (38), else the
same sequence number of the same day. Goods that come back have processing code 20; a hold is
raised by function code 106 or 107; both name their original.
"""

from __future__ import annotations

from functools import lru_cache
from typing import ClassVar, Final

from authhost import keys, limits
from authhost.bounded import Bounded
from authhost.currencies import ALPHABETIC, EXPONENT
from authhost.model import Action, Answer, CardRef, Evidence, Kind, Original, Request
from authhost.translate import fleet
from authhost.translate.deposit_iso import PROCESSING_CODE as DEPOSIT_CODE
from authhost.translate.deposit_iso import (
    Counted,
    as_deposits,
    authorization_of,
    read_counted,
    response_text,
)
from authhost.translate.evidence import PROVING, Fields, chip_of, evidence_of, number_of
from authhost.translate.incoming import (
    ADVICES,
    HOLDS,
    KEY_CHANGE,
    MOST_ITEMS,
    NO_GOODS,
    Goods,
    Incoming,
    Network,
    Reconciliation,
    Refusal,
    TotalLine,
    adds_to_content,
    checked_date,
    content_of,
    detail,
    goods,
    hold_parts,
    names_no_quantity,
    sale_detail,
    sum_fault,
)
from authhost.translate.prompted import NOTHING_TYPED
from authhost.translate.totals_iso import read_totals, write_totals
from iso import DecodeError, Message, Profile, tlv
from iso import elements as e
from iso.security import MAC_BYTES, mac_field
from iso.subfields import ControlValue
from iso.subfields.shift import fitting, is_shift, read_shift, write_shift

_NETWORK: Final = {"801": "sign-on", "802": "sign-off", "811": KEY_CHANGE, "821": "cut-over",
                   "831": "echo"}
_COMPLETION_FUNCTION: Final = "201"
_PARTIAL_REVERSAL: Final = "401"
_ECHOED: Final = (e.PROCESSING_CODE, e.TRANSMISSION, e.STAN, e.LOCAL_TIME, e.ACQUIRER, e.TERMINAL,
                  e.CARD_ACCEPTOR, e.CURRENCY)
_PLACE: Final = (e.LOCAL_TIME, e.TERMINAL, e.ACQUIRER, e.STAN)
_ISSUER_DATA: Final = "91"  # issuer authentication data (EMV Book 3 annex A)
# Messages that may be refused; what else names a card has happened.
_REQUESTS: Final = frozenset({"10", "20"})
# A member of an enumeration costs more to look up than a constant.
_SALE: Final = Kind.SALE
_INCREMENT: Final = Kind.INCREMENT
_OFFLINE_SALE: Final = Kind.OFFLINE_SALE
_WITH_CARD: Final = frozenset({"10", "20", "22", "40", "42"})
_WITH_SECOND_CARD: Final = frozenset({"10", "20", "22"})
_DEPOSITING: Final = frozenset({"10", "20", "22"})
_CONFIRMING: Final = frozenset({"20", "22"})
# The dates that were seen to be dates: YYMMDD -> YYYYMMDD.
_days: Final[Bounded[str, str]] = Bounded(limits.DAYS)


class Fuel93:
    """The translator of one 1993 profile. business_hold_us: how long a pre-authorization holds."""

    # The element that names an original.
    _named_in: ClassVar[int] = e.ORIGINAL_1993
    # The element that a safe's count is in: private in this edition, and nobody's else.
    _counted_in: ClassVar[int] = 124

    def __init__(self, profile: Profile, fingerprint_key: bytes, hold_us: int) -> None:
        self.profile = profile
        self._security = profile.security
        self._fleet = profile.fleet
        self._entry_of = profile.fleet.entry.of
        self._has_second = profile.control_has(profile.fleet.second_card)
        self._fingerprint_key = fingerprint_key
        self._hold_us = hold_us

    def number(self, message: Message) -> tuple[str, str] | None:
        """(PAN, expiry YYMM or '') of the card that the message names; None where it names none.

        Refusal where the track is none, or another card's than field 2.
        """
        fields = message.fields
        if message.mti[1:3] not in _WITH_CARD or _is_deposit(fields):
            return None
        pan = fields.get(e.PAN)
        if isinstance(pan, str) and pan and e.TRACK_2 not in fields:
            return pan, str(fields.get(e.EXPIRY, ""))
        return number_of(self._security, fields)

    def second_number(self, message: Message) -> tuple[str, str] | None:
        """(PAN, expiry YYMM) of the card that is shown beside the first; None where there is none.

        Refusal where its track is none, or field 48 cannot be read.
        """
        raw = message.fields.get(e.CONTROL)
        if not isinstance(raw, str) or message.mti[1:3] not in _WITH_SECOND_CARD \
                or not self._has_second(raw):
            return None
        return fleet.second_number_of(self.profile, raw)

    def terminal(self, message: Message) -> str:
        """Who says to speak (field 41); '' where nobody does."""
        value = message.fields.get(e.TERMINAL)
        return value.rstrip() if isinstance(value, str) else ""

    def is_advice(self, message: Message) -> bool:
        """True for what has happened and cannot be refused; false for requests and network."""
        what = message.mti[1:3]
        if what not in _REQUESTS:
            return message.mti[1] != "8"
        return what == "20" and _is_deposit(message.fields)

    def is_key_change(self, message: Message) -> bool:
        """True for the one message that a terminal without any key may send."""
        return message.mti[1] == "8" and _NETWORK.get(
            str(message.fields.get(e.FUNCTION_CODE))) == KEY_CHANGE

    def incoming(self, message: Message, deadline_us: int, now_us: int,
                 card: CardRef | None, second: CardRef | None = None) -> Incoming:
        """The meaning of a message. Refusal names the field that is missing or wrong.

        deadline_us is real time, now_us business time; card is what `number` named, second what
        `second_number` did.
        """
        if message.mti[0] != self.profile.version:
            raise Refusal("MTI", f"{message.mti} is of another version than this door's")
        what = message.mti[1:3]
        if what in _DEPOSITING and _is_deposit(message.fields):
            return self._deposit(message, deadline_us, now_us)
        if what in _REQUESTS:
            kind, original = self._asked(what, message.fields)
            return self._money(message, kind, deadline_us, now_us, card, second, original)
        if what == "22":
            return self._advice(message, deadline_us, now_us, card, second)
        if what in {"40", "42"}:
            return self._reversal(message, deadline_us, card)
        if what in {"80", "82"}:
            return self._network(message)
        if what in {"50", "52"}:
            return self._reconciliation(message, deadline_us)
        raise Refusal("MTI", f"{message.mti} is not a message that a terminal sends here")

    def _asked(self, what: str, fields: Fields) -> tuple[Kind, Original | None]:
        """What a request asks for; a return and an increment come with what they are about."""
        if what == "20":
            if not self._goods_come_back(fields):
                return _SALE, None
            kind = Kind.RETURN
        elif fields.get(e.FUNCTION_CODE) in self._fleet.increments:
            kind = _INCREMENT
        else:
            return Kind.PREAUTHORIZATION, None
        original = self._original(fields, (), str(fields.get(e.APPROVAL_CODE, "")).strip())
        if not original.keys and not original.approval_code:
            raise Refusal(f"field {self._named_in}",
                          f"is missing, and so is field {e.APPROVAL_CODE}: what is it about?")
        if not int(self._need(fields, e.AMOUNT)):
            raise Refusal(f"field {e.AMOUNT}", f"is zero, and this is a {kind.value}")
        return kind, original

    def _goods_come_back(self, fields: Fields) -> bool:
        code = fields.get(e.PROCESSING_CODE, "")
        return code[:2] == self._fleet.returns

    def _money(self, message: Message, kind: Kind, deadline_us: int, now_us: int,
               card: CardRef | None, second: CardRef | None,
               original: Original | None = None) -> Request:
        fields = message.fields
        if card is None:
            raise Refusal(f"field {e.PAN}", "is missing, and so is the track")
        currency = self._currency(fields)
        amount = int(self._need(fields, e.AMOUNT))
        sold = goods_of(self.profile, fields, currency)
        terminal, acquirer, day, stan = self._place(fields)
        control = fields.get(e.CONTROL)
        typed = fleet.typed_of(self.profile, control) if isinstance(control, str) else NOTHING_TYPED
        entry = self._entry_of(fields.get(e.ENTRY_MODE))
        advice, holds = kind in ADVICES, kind in HOLDS
        opens = holds and kind is not _INCREMENT
        more = () if original is None and second is None else adds_to_content(
            kind, original, second)
        return Request(
            key=keys.class_key(acquirer, terminal, keys.CLASS[kind], day, stan),
            fingerprint=content_of(self._fingerprint_key, kind, card, amount, currency,
                                   sold.volume_ml, sold.products, *more),
            kind=kind, door=self.profile.name, terminal_id=terminal,
            deadline_us=deadline_us, amount_minor=amount, currency=currency, card=card,
            volume_ml=sold.volume_ml, products=sold.products,
            merchant_id=str(fields.get(e.CARD_ACCEPTOR, "")).rstrip(),
            repeat=message.mti[3] in "1357", advice=advice, original=original,
            expires_at_us=now_us + self._hold_us if holds else 0,
            wrong="" if sold.sum_minor == amount else sum_fault(sold, holds=holds),
            detail=sale_detail(sold, kind, stan=stan, typed=typed, entry=entry, second=second),
            evidence=None if fields.keys().isdisjoint(PROVING)
            else self._evidence(fields, card, kind),
            items=sold.items, parts=hold_parts(sold, amount) if holds else sold.parts,
            second=second, prompted=typed.prompted,
            key_entered=entry == "key",
            wants_rest=holds or (not advice and e.PRODUCTS_ALLOWED in fields),
            volume_open=opens and names_no_quantity(sold), amount_open=opens and not amount)

    def _deposit(self, message: Message, deadline_us: int, now_us: int) -> Request:
        """Cash in a safe: an authorization asks while the notes are in escrow; whatever else has
        happened, and is stored."""
        fields = message.fields
        place = self._place(fields)
        amount, currency = int(self._need(fields, e.AMOUNT)), self._currency(fields)
        counted = self._counted(fields, amount, currency)
        advice = message.mti[1:3] in _CONFIRMING
        return counted.request(
            self._fingerprint_key, place, amount, currency, advice=advice,
            original=self._held(fields, counted.about) if advice else None,
            door=self.profile.name, deadline_us=deadline_us,
            merchant_id=str(fields.get(e.CARD_ACCEPTOR, "")).rstrip(),
            repeat=message.mti[3] in "1357",
            expires_at_us=0 if advice else now_us + limits.ESCROW_S * 1_000_000)

    def _counted(self, fields: Fields, amount: int, currency: str) -> Counted:
        raw = fields.get(self._counted_in)
        return read_counted(raw if isinstance(raw, str) else "", self._counted_in,
                            self._place(fields)[0], str(fields[e.LOCAL_TIME]), amount, currency)

    def _held(self, fields: Fields, about: int) -> Original | None:
        """The authorization that a confirm names, or the deposit that it tells again; or None."""
        if about:
            return authorization_of(self._place(fields), about)
        approval = str(fields.get(e.APPROVAL_CODE, "")).strip()
        original = as_deposits(self._original(fields, (), approval))
        return original if original.keys or approval else None

    def _evidence(self, fields: Fields, card: CardRef, kind: Kind) -> Evidence | None:
        """A request's proofs; of an off-line sale what the chip said; a completion has none."""
        if kind in ADVICES and (kind is not _OFFLINE_SALE or e.CHIP not in fields):
            return None
        pan = fields.get(e.PAN)
        if not isinstance(pan, str) or not pan:
            number = number_of(self._security, fields)
            assert number is not None, "a card was named"
            pan = number[0]
        if kind is _OFFLINE_SALE:
            return chip_of(fields, pan, card.expiry)
        return evidence_of(self._security, fields, pan, card.expiry)

    def _advice(self, message: Message, deadline_us: int, now_us: int,
                card: CardRef | None, second: CardRef | None) -> Request:
        """A completion where it names an original or says that it is one; else an off-line sale.

        An off-line sale may be the advice of a sale whose answer was lost: the same number of the
        same day is looked for before it is counted. Goods that come back are asked about: taken
        for a sale, they would be charged a second time.
        """
        fields = message.fields
        if self._goods_come_back(fields):
            raise Refusal(f"field {e.PROCESSING_CODE}", "a return is a request, not an advice")
        approval = str(fields.get(e.APPROVAL_CODE, "")).strip()
        named = e.ORIGINAL_1993 in fields or bool(approval)
        completion = named or fields.get(e.FUNCTION_CODE) == _COMPLETION_FUNCTION
        classes = (Kind.PREAUTHORIZATION, Kind.SALE)
        return self._money(message, Kind.COMPLETION if completion else Kind.OFFLINE_SALE,
                           deadline_us, now_us, card, second,
                           self._original(fields, classes, approval))

    def _reversal(self, message: Message, deadline_us: int, card: CardRef | None) -> Request:
        fields = message.fields
        terminal, acquirer, day, stan = self._place(fields)
        amount = self._partial_amount(fields)
        original = self._reversed(fields)
        currency = self._currency(fields) if e.CURRENCY in fields else ""
        return Request(
            key=keys.message_key(acquirer, terminal, Kind.REVERSAL, day, stan),
            fingerprint=content_of(self._fingerprint_key, Kind.REVERSAL, None, amount, currency,
                                   0, (), *original.keys),
            kind=Kind.REVERSAL, door=self.profile.name, terminal_id=terminal,
            deadline_us=deadline_us, amount_minor=amount, currency=currency, card=card,
            repeat=message.mti[3] in "1357", advice=True, original=original,
            detail=detail(stan=stan, why=fields.get(e.REASON_CODE)))

    def _reversed(self, fields: Fields) -> Original:
        """What a reversal is about. At a safe it is the notes that were held: a deposit stays."""
        if not _is_deposit(fields):
            return self._original(fields, (Kind.SALE, Kind.PREAUTHORIZATION, Kind.COMPLETION), "")
        about = self._counted(fields, 0, "").about
        return authorization_of(self._place(fields), about) if about else as_deposits(
            self._original(fields, (Kind.DEPOSIT_AUTHORIZATION, Kind.DEPOSIT), ""))

    def _partial_amount(self, fields: Fields) -> int:
        """Minor units that a partial reversal gives back; 0 is a whole one."""
        if fields.get(e.FUNCTION_CODE) != _PARTIAL_REVERSAL:
            return 0
        amount = int(self._need(fields, e.AMOUNT))
        if not amount:
            raise Refusal(f"field {e.AMOUNT}", "a partial reversal gives back more than nothing")
        return amount

    def _network(self, message: Message) -> Network:
        code = str(self._need(message.fields, e.FUNCTION_CODE))
        if code not in _NETWORK:
            raise Refusal(f"field {e.FUNCTION_CODE}", f"{code} is no network function known here")
        terminal = str(message.fields.get(e.TERMINAL, "")).rstrip()
        return Network(_NETWORK[code], terminal)

    def _reconciliation(self, message: Message, deadline_us: int) -> Reconciliation:
        fields = message.fields
        terminal, acquirer, day, stan = self._place(fields)
        totals = read_totals(fields)
        try:
            # Totals in a network's own form are not ours to read, nor a fault: the sums are told.
            lines = read_shift(fields, self._fleet.totals) \
                if is_shift(fields, self._fleet.totals) else ()
        except DecodeError as error:
            raise Refusal(f"field {error.field}", error.reason) from None
        request = Request(
            key=keys.message_key(acquirer, terminal, Kind.RECONCILIATION, day, stan),
            fingerprint=content_of(self._fingerprint_key, Kind.RECONCILIATION, None, 0, "", 0, (),
                                   totals, *lines),
            kind=Kind.RECONCILIATION, door=self.profile.name, terminal_id=terminal,
            deadline_us=deadline_us, repeat=message.mti[3] in "1357", advice=True,
            detail=detail(stan=stan))
        return Reconciliation(request, totals, acquirer, day, lines)

    def answer(self, message: Message, answer: Answer, *, sealed: bool = False,
               keys: str = "", lines: tuple[TotalLine, ...] = ()) -> bytes:
        """The bytes of an answer: the echoed fields and what was decided.

        sealed: with room for a MAC, eight zero bytes at its end. keys: what a key change answers.
        lines: the host's own of a reconciliation, where they are not the terminal's.
        """
        fields = message.fields
        said: Fields = {}
        for number in _ECHOED:
            value = fields.get(number)
            if value is not None:
                said[number] = value
        said[e.ACTION_CODE] = answer.action
        if answer.reference:
            said[e.REFERENCE] = answer.reference
        if answer.amount_minor or e.AMOUNT in fields:
            said[e.AMOUNT] = f"{answer.amount_minor:012d}"
        if answer.approval_code:
            said[e.APPROVAL_CODE] = answer.approval_code
        text = response_text(answer)
        if text:
            said[e.RESPONSE_TEXT] = text[:99]
        if answer.totals is not None:
            said |= write_totals(answer.totals)
        if answer.business_date:
            said[e.RECONCILIATION_DATE] = answer.business_date[2:]
        if answer.allowed is not None or answer.prompts or answer.prices or lines \
                or self.profile.echoes_batch:
            self._add_fleet(said, fields, answer, lines)
        if sealed or keys or answer.chip:
            self._add_proofs(said, answer, sealed, keys)
        return self.profile.codec.encode(Message(response_mti(message.mti), said))

    def _add_proofs(self, said: Fields, answer: Answer, sealed: bool, new_keys: str) -> None:
        """What all editions add last: issuer data, new keys, room for the MAC."""
        if answer.chip:
            said[e.CHIP] = tlv.write(_ISSUER_DATA, answer.chip)
        if new_keys:
            field = self._security.key_field
            binary = self.profile.specification.fields[field].kind == "b"
            said[field] = new_keys.encode() if binary else new_keys
        if sealed:
            said[mac_field(said)] = bytes(MAC_BYTES)

    def refusal(self, message: Message, refusal: Refusal, *, sealed: bool = False) -> bytes:
        """A format error that names what is wrong; nothing of it is kept."""
        answer = Answer(action=Action.FORMAT_ERROR, reason=str(refusal))
        return self.answer(message, answer, sealed=sealed)

    def _add_fleet(self, said: Fields, fields: Fields, answer: Answer,
                   lines: tuple[TotalLine, ...]) -> None:
        """What both editions tell of a fleet: 48, 62 and 63, and a shift's differences."""
        if answer.prompts or self.profile.echoes_batch:
            spoken = self._spoken(fields, answer)
            if spoken:
                said[e.CONTROL] = self.profile.encode_control(spoken)
        if answer.allowed is not None:
            said[e.PRODUCTS_ALLOWED] = fleet.write_allowed(
                self.profile, answer, self._currency(fields))
        if answer.prices:
            priced = fleet.write_prices(self.profile, fields, answer.prices,
                                        self._currency(fields))
            if priced:
                said[self._fleet.prices] = priced
        if lines:
            elements = self._fleet.totals
            said |= write_shift(fitting(lines, elements), elements)

    def _spoken(self, fields: Fields, answer: Answer) -> dict[int, ControlValue]:
        """Field 48 of an answer: a batch number that the profile repeats, and what to ask again."""
        spoken: dict[int, ControlValue] = {}
        raw = fields.get(e.CONTROL)
        if self.profile.echoes_batch and isinstance(raw, str):
            try:
                number = self.profile.control(raw).get(e.BATCH)
            except DecodeError:
                number = None
            if number:
                spoken[e.BATCH] = number
        asked = fleet.asked_again(self.profile, answer.prompts)
        if asked:
            spoken[self._fleet.customer_data] = asked
        return spoken

    def _currency(self, fields: Fields) -> str:
        code = fields.get(e.CURRENCY)
        if code in ALPHABETIC:
            return ALPHABETIC[code]
        return currency_of(self._need(fields, e.CURRENCY))

    def _place(self, fields: Fields) -> tuple[str, str, str, str]:
        """(terminal, acquirer, day YYYYMMDD, sequence number)."""
        local, terminal = fields.get(e.LOCAL_TIME), fields.get(e.TERMINAL)
        acquirer, stan = fields.get(e.ACQUIRER), fields.get(e.STAN)
        if not (isinstance(local, str) and isinstance(terminal, str)
                and isinstance(acquirer, str) and isinstance(stan, str)):
            missing = next(number for number in _PLACE if not isinstance(fields.get(number), str))
            raise Refusal(f"field {missing}", "is missing")
        day = _days.get(local[:6])
        if day is None:
            day = checked_date("20" + local[:6], f"field {e.LOCAL_TIME}")
            _days.put(local[:6], day)
        terminal = terminal.rstrip()
        if not terminal:
            raise Refusal(f"field {e.TERMINAL}", "is blank")
        return terminal, acquirer, day, stan

    def _original(self, fields: Fields, kinds: tuple[Kind, ...],
                  approval: str) -> Original:
        terminal, acquirer, day, stan = self._place(fields)
        raw = fields.get(e.ORIGINAL_1993)
        if isinstance(raw, str) and raw:
            if len(raw) < 22:
                raise Refusal(f"field {e.ORIGINAL_1993}", "is shorter than MTI, number and time")
            stan, acquirer = raw[4:10], raw[24:] or acquirer
            day = checked_date("20" + raw[10:16], f"field {e.ORIGINAL_1993}")
            return Original((keys.class_key(acquirer, terminal, raw[1:3], day, stan),), approval)
        return Original(tuple(keys.message_key(acquirer, terminal, kind, day, stan)
                              for kind in kinds), approval)

    @staticmethod
    def _need(fields: Fields, number: int) -> str:
        value = fields.get(number)
        if not isinstance(value, str):
            raise Refusal(f"field {number}", "is missing")
        return value


def _is_deposit(fields: Fields) -> bool:
    code = fields.get(e.PROCESSING_CODE, "")
    return code[:2] == DEPOSIT_CODE


@lru_cache(maxsize=64)
def response_mti(mti: str) -> str:
    """The MTI of the answer: the next function, without the repeat mark."""
    return f"{mti[:2]}{int(mti[2]) + 1}{'4' if mti[3] in '45' else '0'}"


def currency_of(code: str) -> str:
    """The alphabetic code for what field 49 says (numeric, or alphabetic already)."""
    if code in EXPONENT:
        return code
    if code not in ALPHABETIC:
        raise Refusal(f"field {e.CURRENCY}", f"{code} is no currency known here")
    return ALPHABETIC[code]


def goods_of(profile: Profile, fields: Fields, currency: str) -> Goods:
    """Field 63 in the profile's form. Refusal names the item and the part of it."""
    raw = fields.get(e.PRODUCTS_SOLD)
    if not isinstance(raw, str) or not raw:
        return NO_GOODS
    try:
        items = profile.purchase(raw, EXPONENT[currency]).items
    except DecodeError as error:
        raise Refusal(f"field {error.field}", error.reason) from None
    if len(items) > MOST_ITEMS:
        raise Refusal(f"field {e.PRODUCTS_SOLD}", f"has more than {MOST_ITEMS} items")
    return goods(items, EXPONENT[currency])
