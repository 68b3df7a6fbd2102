"""The chip's request cryptogram and the issuer's response: KQ and KW.

Layouts: public payShield host commands KQ and KW. KQ computes as the older schemes do: scheme 0
Visa (CVN 10: the card's key itself), scheme 1 Mastercard (CVN 16 and 17: session key of ATC and
UN). KW has EMV's common session key: scheme 2 with card keys by option A (Mastercard CVN 20 and 21,
Visa CVN 18 and 22 of card numbers up to 16 digits), scheme 3 by option B, which says how long the
card number is. Ours: scheme A of KW is AES all the way (EMV Book 2 A1.4.3 and A1.3.1, CMAC), with
the layout of scheme 3.

Left out: the secure messaging modes 3 and 4 of KQ, and KW's schemes 0 and 1, EMV 2000's key tree.

The host pads: the data is filled with zeros to whole blocks and nothing more, so a scheme that
wants hexadecimal 80 first has it from the host (AES wants nothing). A failed check answers 01 and
never the cryptogram that would have been right, whatever state the unit is in. Errors are the
commands' own: 04 mode, 05 scheme, 80 length of the data, 81 no data.
"""

from __future__ import annotations

import hmac
from typing import Final

import msgspec

from hsm_sim.commands import command
from hsm_sim.commands.dukpt import DERIVES
from hsm_sim.crypto.emv import arpc_1, arpc_2, card_key, cryptogram, session_key
from hsm_sim.errors import HsmError
from hsm_sim.fields import Fields
from hsm_sim.keys import KeyToken
from hsm_sim.unit import Unit

MK_AC: Final = "109"
MK_AC_USAGE: Final = "E0"
CHECK, CHECK_AND_ANSWER, ANSWER = "0", "1", "2"
CHECK_AND_ANSWER_2, ANSWER_2 = "3", "4"  # ARPC method 2
_CHECKS: Final = frozenset({CHECK, CHECK_AND_ANSWER, CHECK_AND_ANSWER_2})
_METHOD_1: Final = frozenset({CHECK_AND_ANSWER, ANSWER})
_METHOD_2: Final = frozenset({CHECK_AND_ANSWER_2, ANSWER_2})
_ARPC: Final = 8  # bytes of it in the answer; the four of method 2 are followed by zeros
_LONGEST_PAN: Final = 19


class Rules(msgspec.Struct, frozen=True):
    """How a scheme computes: card key, session keys of request and response."""

    card: str
    request: str
    response: str
    aes: bool = False


VISA: Final = Rules("A", "none", "none")
MASTERCARD: Final = Rules("A", "mastercard", "none")
KQ_SCHEMES: Final = {"0": VISA, "1": MASTERCARD}
KW_SCHEMES: Final = {"2": Rules("A", "csk", "csk"), "3": Rules("B", "csk", "csk"),
                     "A": Rules("AES", "csk_aes", "csk_aes", aes=True)}
_WITH_LENGTH: Final = frozenset("3A")


class Order(msgspec.Struct, frozen=True, gc=False):
    """One transaction of a card, as both commands tell it. Shows nothing of it."""

    mode: str
    rules: Rules
    key: KeyToken
    card: str  # digits of card number and sequence number
    atc: bytes
    un: bytes
    data: bytes
    arqc: bytes
    arc: bytes
    csu: bytes
    proprietary: bytes

    def __repr__(self) -> str:
        return f"Order(mode {self.mode}, {self.rules})"


@command(b"KQ")
def cryptogram_by_scheme(unit: Unit, fields: Fields) -> bytes:
    """KQ: mode 1, scheme 1, MK-AC, card number and sequence number 8B (rightmost 16 digits), ATC
    2B, UN 4B, [length 2H, data, `;`: modes 0 and 1], ARQC 8B, [ARC 2B: modes 1 and 2] -> [ARPC 8B].

    Modes: 0 check, 1 check and ARPC (method 1), 2 ARPC alone.
    """
    mode = fields.choice(CHECK + CHECK_AND_ANSWER + ANSWER, otherwise="04")
    rules = KQ_SCHEMES[fields.choice("".join(KQ_SCHEMES), otherwise="05")]
    key = fields.key()
    card = _card(fields.take(8))
    return _answer(unit, _rest(fields, mode, rules, key, card, with_un=True))


@command(b"KW")
def cryptogram_by_common_key(unit: Unit, fields: Fields) -> bytes:
    """KW: mode 1, scheme 1, MK-AC, card number and sequence number (8B; schemes 3 and A: length in
    bytes 2N, so many bytes, `;`), ATC 2B, [length 2H, data, `;`: modes 0, 1, 3], ARQC 8B, [ARC 2B:
    modes 1, 2], [CSU 4B, length 1N, so many bytes of proprietary data: modes 3, 4] -> [ARPC 8B].

    Modes: 0 check, 1 check and ARPC by method 1, 2 ARPC alone, 3 check and ARPC by method 2, 4 that
    ARPC alone. The ARPC of method 2 is four bytes; four zeros follow.
    """
    mode = fields.choice(CHECK + CHECK_AND_ANSWER + ANSWER + CHECK_AND_ANSWER_2 + ANSWER_2,
                         otherwise="04")
    scheme = fields.choice("".join(KW_SCHEMES), otherwise="05")
    key = fields.key()
    if scheme in _WITH_LENGTH:
        card = _card(fields.take(fields.number(2)))
        if not fields.skip(b";"):
            raise HsmError("15")
    else:
        card = _card(fields.take(8))
    return _answer(unit, _rest(fields, mode, KW_SCHEMES[scheme], key, card, with_un=False))


def _rest(fields: Fields, mode: str, rules: Rules, key: KeyToken, card: str, *,
          with_un: bool) -> Order:
    """From the ATC on, which is the same in both commands but for the UN."""
    atc = fields.take(2)
    un = fields.take(4) if with_un else bytes(4)
    data = b""
    if mode in _CHECKS:
        length = fields.hexa_number(2)
        if length == 0:
            raise HsmError("81")
        data = fields.take(length, short="80")
        if not fields.skip(b";"):
            raise HsmError("80")
    arqc = fields.take(8)
    arc = fields.take(2) if mode in _METHOD_1 else b""
    csu = proprietary = b""
    if mode in _METHOD_2:
        csu = fields.take(4)
        proprietary = fields.take(int(fields.choice("012345678")))
    fields.end()
    return Order(mode, rules, key, card, atc, un, data, arqc, arc, csu, proprietary)


def _answer(unit: Unit, order: Order) -> bytes:
    rules, aes = order.rules, order.rules.aes
    issuer_key = unit.open(order.key, MK_AC_USAGE, DERIVES, variant_type=MK_AC)
    if issuer_key.algorithm != ("A" if aes else "T"):
        raise HsmError("A7")
    if not aes and len(issuer_key.value) != 16:
        raise HsmError("27")
    own_key = card_key(rules.card, issuer_key.value, order.card[:-2], order.card[-2:])
    if order.mode in _CHECKS:
        key = session_key(rules.request, own_key, order.atc, order.un)
        expected = cryptogram(key, order.data, "cmac" if aes else "zeros")
        if not hmac.compare_digest(expected, order.arqc):
            raise HsmError("01")
    if order.mode == CHECK:
        return b""
    key = session_key(rules.response, own_key, order.atc, order.un)
    if order.mode in _METHOD_1:
        return arpc_1(key, order.arqc, order.arc, aes=aes)
    return arpc_2(key, order.arqc, order.csu, order.proprietary, aes=aes).ljust(_ARPC, b"\x00")


def _card(packed: bytes) -> str:
    """Digits of a card number and its sequence number. One of odd length has a zero before it."""
    digits = packed.hex()
    if len(digits) > _LONGEST_PAN + 2:
        digits = digits.removeprefix("0")
    if not digits.isdigit() or not 14 <= len(digits) <= _LONGEST_PAN + 2:
        raise HsmError("15")
    return digits
