"""ISO 8583:1987 in ASCII (profile iso87): message <-> model, by way of what it shares with 1993.

PURE. The date has no year: it is the nearest one. Action codes become the two characters of 1987 by
the table below. Original: field 90, else the approval code (38), else the same sequence number.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import ClassVar, Final

from authhost import keys
from authhost.clock import as_datetime
from authhost.model import Action, Answer, CardRef, Kind, Original
from authhost.translate.deposit_iso import response_text
from authhost.translate.evidence import Fields
from authhost.translate.fuel93 import Fuel93, response_mti
from authhost.translate.incoming import KEY_CHANGE, Incoming, Network, Refusal, TotalLine
from authhost.translate.totals_iso import write_totals
from iso import Message
from iso import elements as e

# The standard's classes of field 70: system condition, security (101), accounting, control.
_NETWORK: Final = {"001": "sign-on", "002": "sign-off", "101": KEY_CHANGE, "201": "cut-over",
                   "301": "echo"}
# Codes of 1993 that the profile's private element may carry; whatever else it holds is not ours.
_FUNCTIONS: Final = frozenset({"100", "101", "106", "107", "200", "201"})
_MARKET: Final = "0000"
_ONE_DAY: Final = timedelta(days=1)

# 1993 -> 1987; a table a profile, for networks differ. The edition has none for 126, 128 and 916:
# 81 (cryptographic error in the PIN) and 88 (cryptographic failure, keys out of step) are what many
# networks use, 97 for a wrong MAC is GICC's. A wrong driver or prompt (184, 185) is something that
# this cardholder may not do; field 44 and 48-8 name it.
RESPONSE: Final[dict[str, str]] = {
    "000": "00", "002": "10", "100": "05", "101": "54", "104": "62", "106": "75", "107": "01",
    "109": "03", "110": "13", "111": "14", "114": "14", "115": "40", "116": "51", "117": "55",
    "119": "57", "120": "58", "121": "61", "122": "63", "123": "65", "125": "78", "126": "81",
    "128": "88", "129": "59", "184": "57", "185": "57",
    "208": "41", "209": "43", "400": "00", "480": "00", "481": "25", "500": "00", "501": "95",
    "800": "00", "902": "12", "904": "30", "906": "90", "907": "91", "909": "96", "911": "68",
    "912": "91", "913": "94", "914": "25", "916": "97",
}


class Iso87(Fuel93):
    """The translator of a 1987 profile."""

    _named_in: ClassVar[int] = e.ORIGINAL_1987
    # 123 to 127 have keys, PIN blocks and totals in this edition.
    _counted_in: ClassVar[int] = 122

    def is_key_change(self, message: Message) -> bool:
        """See Fuel93; field 70 says it."""
        return message.mti[1] == "8" and _NETWORK.get(
            str(message.fields.get(e.NETWORK_CODE))) == KEY_CHANGE

    def incoming(self, message: Message, deadline_us: int, now_us: int,
                 card: CardRef | None, second: CardRef | None = None) -> Incoming:
        """The meaning of a message; see Fuel93."""
        fields = dict(message.fields)
        fields.pop(e.FUNCTION_CODE, None)  # in 1987 that number is the network's identifier
        function = fields.get(self.profile.fleet.function)
        if function in _FUNCTIONS:
            fields[e.FUNCTION_CODE] = function
        if message.mti[1:3] not in {"80", "82"}:
            fields[e.LOCAL_TIME] = self._local(fields, now_us)
        return super().incoming(Message(message.mti, fields), deadline_us, now_us, card,
                                second)

    def answer(self, message: Message, answer: Answer, *, sealed: bool = False,
               keys: str = "", lines: tuple[TotalLine, ...] = ()) -> bytes:
        """The bytes of an answer in the 1987 form; see Fuel93."""
        fields = message.fields
        said: Fields = {number: fields[number] for number in (
            e.PROCESSING_CODE, e.TRANSMISSION, e.STAN, e.LOCAL_TIME, e.LOCAL_DATE, e.ACQUIRER,
            e.TERMINAL, e.CARD_ACCEPTOR, e.CURRENCY, e.NETWORK_CODE) if number in fields}
        said[e.ACTION_CODE] = RESPONSE.get(answer.action, "05")
        if answer.reference:
            said[e.REFERENCE] = answer.reference
        if answer.amount_minor or e.AMOUNT in fields:
            said[e.AMOUNT] = f"{answer.amount_minor:012d}"
        if answer.approval_code:
            said[e.APPROVAL_CODE] = answer.approval_code
        text = response_text(answer)
        if text:
            said[e.RESPONSE_TEXT] = text[:25]
        if answer.totals is not None:
            said |= write_totals(answer.totals)
            said[e.SETTLEMENT_CODE] = "1" if answer.action == Action.BALANCED else "2"
        if answer.business_date:
            said[e.SETTLEMENT_DATE] = answer.business_date[4:]
        self._add_fleet(said, fields, answer, lines)
        if sealed or keys or answer.chip:
            self._add_proofs(said, answer, sealed, keys)
        return self.profile.codec.encode(Message(response_mti(message.mti), said))

    def _local(self, fields: Fields, now_us: int) -> str:
        """Fields 13 and 12 as the YYMMDDhhmmss of 1993, in the nearest year."""
        day = self._need(fields, e.LOCAL_DATE)
        near = self._nearest(day, now_us, f"field {e.LOCAL_DATE}")
        return near[2:] + self._need(fields, e.LOCAL_TIME)

    @staticmethod
    def _nearest(mmdd: str, now_us: int, where: str) -> str:
        try:
            near = keys.nearest_date(int(mmdd[:2]), int(mmdd[2:4]), as_datetime(now_us).date())
        except ValueError as error:
            raise Refusal(where, str(error)) from None
        return near.strftime("%Y%m%d")

    def _partial_amount(self, fields: Fields) -> int:
        """Field 95: what the transaction really came to; the rest is given back."""
        raw = fields.get(e.REPLACEMENT_AMOUNTS)
        if not isinstance(raw, str) or not raw[:12].isdigit() or not int(raw[:12]):
            return 0
        asked = int(self._need(fields, e.AMOUNT)) - int(raw[:12])
        if asked <= 0:
            raise Refusal(f"field {e.REPLACEMENT_AMOUNTS}", "is not less than the amount")
        return asked

    def _network(self, message: Message) -> Network:
        code = self._need(message.fields, e.NETWORK_CODE)
        if code not in _NETWORK:
            raise Refusal(f"field {e.NETWORK_CODE}", f"{code} is no network function known here")
        return Network(_NETWORK[code], str(message.fields.get(e.TERMINAL, "")).rstrip())

    def _original(self, fields: Fields, kinds: tuple[Kind, ...],
                  approval: str) -> Original:
        """Field 90: MTI n4, STAN n6, field 7 n10, acquirer n11; zeros say nothing.

        Field 7 is in UTC and has no year: the original's own day is this message's, or the nearest
        that field 7 can mean, or one of its neighbours. None is later than this message: a claim
        on a day to come would refuse a message of that day.
        """
        terminal, acquirer, day, stan = self._place(fields)
        raw = fields.get(e.ORIGINAL_1987)
        if not isinstance(raw, str) or raw[:4] == _MARKET:
            return super()._original(fields, kinds, approval)
        stan, original_class = raw[4:10], raw[1:3]
        named = raw[20:31].lstrip("0")
        if named == acquirer.lstrip("0"):
            named = acquirer
        days = [day]
        if raw[10:14] != _MARKET:
            sent = self._nearest_to(raw[10:14], day)
            near = (sent, sent + _ONE_DAY, sent - _ONE_DAY)
            days += [text for text in (one.strftime("%Y%m%d") for one in near) if text < day]
        acquirer = named or acquirer
        return Original(tuple(keys.class_key(acquirer, terminal, original_class, each, stan)
                              for each in dict.fromkeys(days)), approval)

    @staticmethod
    def _nearest_to(mmdd: str, day: str) -> date:
        try:
            return keys.nearest_date(int(mmdd[:2]), int(mmdd[2:4]), date.fromisoformat(day))
        except ValueError as error:
            raise Refusal(f"field {e.ORIGINAL_1987}", str(error)) from None

