"""Chip cryptograms: card keys, session keys, request and response cryptograms, by scheme.

Knows: EMV's derivations with TDES and AES, and which of them each cryptogram version takes. Must
not know: tags, data object lists, or which data a card's profile puts under its cryptogram.

Sources: EMV 4.3 Book 2: card keys A1.4, session keys A1.3, cryptograms 8.1, responses 8.2; Visa
VIS 1.5 and Mastercard M/Chip for what belongs to a cryptogram version.
"""

import hashlib
from typing import Final

import msgspec

from hsm_sim.crypto.ciphers import (
    AES_BLOCK,
    TDES_BLOCK,
    aes_encrypt,
    odd_parity,
    tdes_encrypt,
    xor,
)
from hsm_sim.crypto.digits import decimal_digits
from hsm_sim.crypto.mac import cmac, iso9797_3

CRYPTOGRAM_LENGTH: Final = 8
_LONGEST_PAN: Final = 19
# Option B differs from option A beyond so many digits.
_OPTION_A_DIGITS: Final = 16
_PADDINGS: Final = {"zeros": 1, "emv": 2}


class Scheme(msgspec.Struct, frozen=True):
    """What a cryptogram version takes.

    card: method of the card key, 'A', 'B' or 'AES'. request, response: kind of the session key of
    ARQC and ARPC. padding: of the ARQC's data, 'zeros', 'emv', or 'cmac' for AES. method: of the
    ARPC, 1 (response code) or 2 (card status update).
    """

    card: str
    request: str
    padding: str
    response: str
    method: int


# Mastercard's versions 17 and 21 put the card's counters under the cryptogram, 16 and 20 do not:
# that is in the data, not in the keys.
SCHEMES: Final = {
    "visa-10": Scheme("A", "none", "zeros", "none", 1),
    "visa-18": Scheme("B", "csk", "emv", "csk", 2),
    "visa-22": Scheme("B", "csk", "emv", "csk", 2),
    "mastercard-16": Scheme("A", "mastercard", "emv", "none", 1),
    "mastercard-17": Scheme("A", "mastercard", "emv", "none", 1),
    "mastercard-20": Scheme("A", "csk", "emv", "csk", 1),
    "mastercard-21": Scheme("A", "csk", "emv", "csk", 1),
    "emv-aes-1": Scheme("AES", "csk_aes", "cmac", "csk_aes", 1),
    "emv-aes-2": Scheme("AES", "csk_aes", "cmac", "csk_aes", 2),
}


def card_key(method: str, issuer_key: bytes, pan: str, psn: str) -> bytes:
    """The card's own key from the issuer's: 'A', 'B' (TDES, 16 bytes) or 'AES' (16, 24, 32).

    pan 8 to 19 digits, psn two digits, '00' where a card has none. TDES keys come with odd parity.
    ValueError for anything else. Source: Book 2 A1.4.1, A1.4.2, A1.4.3.
    """
    digits = pan + psn
    if not 8 <= len(pan) <= _LONGEST_PAN or not (digits.isascii() and digits.isdecimal()):
        raise ValueError("a PAN has 8 to 19 digits")
    if len(psn) != 2:
        raise ValueError(f"a PAN sequence number has two digits, not {len(psn)}")
    if method == "AES":
        return _aes_card_key(issuer_key, bytes.fromhex(digits.rjust(32, "0")))
    if method not in ("A", "B"):
        raise ValueError(f"a card key is derived by A, B or AES, not {method!r}")
    _check_tdes(issuer_key)
    if method == "A" or len(pan) <= _OPTION_A_DIGITS:
        block = bytes.fromhex(digits[-16:].rjust(16, "0"))
    else:
        even = bytes.fromhex("0" * (len(digits) % 2) + digits)
        digest = hashlib.sha1(even, usedforsecurity=False).digest()
        block = bytes.fromhex(decimal_digits(digest, 16))
    return odd_parity(tdes_encrypt(issuer_key, block + _inverted(block)))


def _aes_card_key(issuer_key: bytes, block: bytes) -> bytes:
    """As many bytes as the issuer's key has."""
    return aes_encrypt(issuer_key, block + _inverted(block))[: len(issuer_key)]


def session_key(kind: str, card_key: bytes, atc: bytes, un: bytes = bytes(4)) -> bytes:
    """The key of one transaction; atc 2 bytes, un 4 bytes (only 'mastercard' looks at it).

    'csk' (EMV common), 'mastercard' (proprietary SKD) and 'csk_aes' derive; 'none' is the card's
    key. ValueError for another kind. Source: Book 2 A1.3.1.
    """
    if len(atc) != 2 or len(un) != 4:
        raise ValueError("an ATC has 2 bytes, an unpredictable number has 4")
    if kind == "none":
        return card_key
    if kind == "csk_aes":
        if len(card_key) == AES_BLOCK:
            return aes_encrypt(card_key, atc.ljust(AES_BLOCK, b"\x00"))
        tail = bytes(AES_BLOCK - 3)
        data = atc + b"\xf0" + tail + atc + b"\x0f" + tail
        return aes_encrypt(card_key, data)[: len(card_key)]
    if kind not in ("csk", "mastercard"):
        raise ValueError(f"no such session key: {kind!r}")
    _check_tdes(card_key)
    tail = b"\x00" + (un if kind == "mastercard" else bytes(4))
    return odd_parity(tdes_encrypt(card_key, atc + b"\xf0" + tail + atc + b"\x0f" + tail))


def cryptogram(session_key: bytes, data: bytes, padding: str) -> bytes:
    """ARQC, TC or AAC, 8 bytes. Source: Book 2 8.1.2.

    'zeros' and 'emv' (a one bit, then zeros): the retail MAC with TDES. 'cmac': AES.
    """
    if padding == "cmac":
        return cmac("A", session_key, data)[:CRYPTOGRAM_LENGTH]
    if padding not in _PADDINGS:
        raise ValueError(f"no such padding: {padding!r}")
    return iso9797_3(session_key, data, _PADDINGS[padding])


def arpc_1(session_key: bytes, arqc: bytes, arc: bytes, *, aes: bool = False) -> bytes:
    """ARPC by method 1, 8 bytes; arqc 8 bytes, arc 2 bytes. Source: Book 2 8.2.1."""
    _check_arqc(arqc)
    if len(arc) != 2:
        raise ValueError(f"an authorization response code has 2 bytes, this one has {len(arc)}")
    block = xor(arqc, arc.ljust(TDES_BLOCK, b"\x00"))
    if aes:
        return aes_encrypt(session_key, block.ljust(AES_BLOCK, b"\x00"))[:CRYPTOGRAM_LENGTH]
    _check_tdes(session_key)
    return tdes_encrypt(session_key, block)


def arpc_2(session_key: bytes, arqc: bytes, csu: bytes, proprietary: bytes = b"",
           *, aes: bool = False) -> bytes:
    """ARPC by method 2, 4 bytes; arqc 8 bytes, csu 4, proprietary 0 to 8. Source: Book 2 8.2.2."""
    _check_arqc(arqc)
    if len(csu) != 4:
        raise ValueError(f"a card status update has 4 bytes, this one has {len(csu)}")
    if len(proprietary) > 8:
        raise ValueError(
            f"proprietary authentication data has at most 8 bytes, not {len(proprietary)}")
    data = arqc + csu + proprietary
    return (cmac("A", session_key, data) if aes else iso9797_3(session_key, data, 2))[:4]


def transaction_keys(scheme: str, issuer_key: bytes, pan: str, psn: str, atc: bytes,
                     un: bytes = bytes(4)) -> tuple[bytes, bytes]:
    """The keys of `arqc` and `arpc` for one transaction of one card. The scheme is in SCHEMES."""
    rules = _rules(scheme)
    key = card_key(rules.card, issuer_key, pan, psn)
    request = session_key(rules.request, key, atc, un)
    if rules.response == rules.request:
        return request, request
    return request, session_key(rules.response, key, atc, un)


def arqc(scheme: str, key: bytes, data: bytes) -> bytes:
    """The request cryptogram, 8 bytes, under the first of `transaction_keys`."""
    return cryptogram(key, data, _rules(scheme).padding)


def arpc(scheme: str, key: bytes, arqc: bytes, response: bytes, proprietary: bytes = b"") -> bytes:
    """The response cryptogram under the second of `transaction_keys`.

    Method 1: response is the response code (2 bytes), 8 bytes come back. Method 2: it is the card
    status update (4 bytes), proprietary data may follow, 4 bytes come back.
    """
    rules = _rules(scheme)
    aes = rules.padding == "cmac"
    if rules.method == 1:
        return arpc_1(key, arqc, response, aes=aes)
    return arpc_2(key, arqc, response, proprietary, aes=aes)


def _rules(scheme: str) -> Scheme:
    rules = SCHEMES.get(scheme)
    if rules is None:
        raise ValueError(f"no such scheme: {scheme!r}")
    return rules


def _check_tdes(key: bytes) -> None:
    if len(key) != 16:
        raise ValueError(f"a TDES key of a chip has 16 bytes, this one has {len(key)}")


def _check_arqc(arqc: bytes) -> None:
    if len(arqc) != CRYPTOGRAM_LENGTH:
        raise ValueError(f"a cryptogram has 8 bytes, this one has {len(arqc)}")


def _inverted(block: bytes) -> bytes:
    return xor(block, b"\xff" * len(block))
