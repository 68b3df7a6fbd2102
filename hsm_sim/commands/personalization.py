"""A chip card's keys and its PIN: derived, wrapped for the one card that they are for, never clear.

The public list has KI (derive card unique keys), IC (establish a secure session with a chip card)
and IE (prepare a secure message), but publishes no layout, and they are Triple DES. These
commands do that work for the AES card of `docs/chip-card.md`, under letters that no public
command has: Z. Their messages inside a session are M0, M2, M6 and M8 with the session keys that
Z4 gives.

Each master has one purpose, and its key block says it: E5 transport, E2 card authentication, E1
PIN loading, E0 application cryptograms; mode X or N. What leaves is the card's key under the key
that this card has for that target alone, a proof, a session key under the LMK, or a PIN block for
one card.
"""

from __future__ import annotations

import hmac
from typing import Final

from hsm_sim.commands import command
from hsm_sim.crypto.ciphers import aes_encrypt, kcv
from hsm_sim.crypto.emv import card_key
from hsm_sim.crypto.mac import cmac
from hsm_sim.crypto.pin_blocks import account12, encrypt_iso4
from hsm_sim.errors import HsmError
from hsm_sim.fields import Fields
from hsm_sim.keys import Key, KeyToken
from hsm_sim.unit import Unit

TRANSPORT: Final = "10"
LOADING: Final = 0x11
AUTHENTICATION: Final = "20"
PIN_LOADING: Final = "30"
CRYPTOGRAMS: Final = "40"
_USAGES: Final = {TRANSPORT: "E5", AUTHENTICATION: "E2", PIN_LOADING: "E1", CRYPTOGRAMS: "E0"}
_MODES: Final = "XN"
_KEY_BYTES: Final = 16
_CHECK_BYTES: Final = 5
_CARD_PROOF: Final = 0x02
_HOST_PROOF: Final = 0x01
_ENCRYPTION: Final = 0x03
_AUTHENTICATION: Final = 0x04


@command(b"Z0")
def key_for_card(unit: Unit, fields: Fields) -> bytes:
    """Z0: target 2H (20, 30, 40), serial 16H, transport master, master of the target, [for 40:
    card number 12..19N, `;`, PSN 2N] -> AES-ECB under the card's key 11 32H, check value 10H.
    """
    target = fields.take(2).decode("latin-1")
    if target not in {AUTHENTICATION, PIN_LOADING, CRYPTOGRAMS}:
        raise HsmError("15")
    serial = fields.hexa(16)
    transport_token, master_token = fields.key(), fields.key()
    pan, psn = "", ""
    if target == CRYPTOGRAMS:
        pan, psn = _pan(fields), fields.digits(2)
    fields.end()
    transport = _master(unit, transport_token, TRANSPORT)
    master = _master(unit, master_token, target)
    key = card_key("AES", master, pan, psn) if pan else _derived(master, target, serial)
    wrapping = cmac("A", transport, bytes([LOADING, int(target, 16)]) + serial)
    return _hex(aes_encrypt(wrapping, key)) + _hex(kcv("A", key)[:_CHECK_BYTES])


@command(b"Z2")
def open_session(unit: Unit, fields: Fields) -> bytes:
    """Z2: key reference 2H (10, 20), serial 16H, master, card's challenge 32H
    -> our challenge 32H, our proof 32H.
    """
    reference, serial, token = _session_fields(fields)
    card_challenge = fields.hexa(32)
    fields.end()
    key = _derived(_master(unit, token, reference), reference, serial)
    challenge = unit.random(16)
    return _hex(challenge) + _hex(_proof(key, _HOST_PROOF, card_challenge, challenge, serial))


@command(b"Z4")
def session_keys(unit: Unit, fields: Fields) -> bytes:
    """Z4: as Z2, then our challenge 32H and the card's proof 32H
    -> session keys under the LMK: for data (D0, mode B), for MACs (M6, mode C). 01: a wrong proof.
    """
    reference, serial, token = _session_fields(fields)
    card_challenge, challenge, proof = fields.hexa(32), fields.hexa(32), fields.hexa(32)
    fields.end()
    key = _derived(_master(unit, token, reference), reference, serial)
    if not hmac.compare_digest(proof, _proof(key, _CARD_PROOF, card_challenge, challenge, serial)):
        raise HsmError("01")
    encryption = _proof(key, _ENCRYPTION, card_challenge, challenge, serial)
    authentication = _proof(key, _AUTHENTICATION, card_challenge, challenge, serial)
    return (unit.seal(Key("D0", "A", "B", "N", encryption), b"S")
            + unit.seal(Key("M6", "A", "C", "N", authentication), b"S"))


@command(b"Z6")
def pin_for_card(unit: Unit, fields: Fields) -> bytes:
    """Z6: serial 16H, PIN loading master, PIN under the LMK, card number 12..19N, `;`
    -> ISO 9564-1 format 4 block under the card's key 30, 32H. 14: not a PIN of this card number.
    """
    serial = fields.hexa(16)
    token = fields.key()
    pin_token = unit.take_pin_token(fields)
    pan = _pan(fields)
    fields.end()
    key = _derived(_master(unit, token, PIN_LOADING), PIN_LOADING, serial)
    pin = unit.pin_from_lmk(pin_token, account12(pan))
    return _hex(encrypt_iso4(key, pin, pan, unit.random))


def _session_fields(fields: Fields) -> tuple[str, bytes, KeyToken]:
    reference = fields.take(2).decode("latin-1")
    if reference not in {TRANSPORT, AUTHENTICATION}:
        raise HsmError("15")
    return reference, fields.hexa(16), fields.key()


def _pan(fields: Fields) -> str:
    pan = fields.until(b";")
    if not 12 <= len(pan) <= 19 or not pan.isdigit():
        raise HsmError("22")
    return pan.decode("ascii")


def _master(unit: Unit, token: KeyToken, reference: str) -> bytes:
    """The master of this reference, AES-128. A variant key has no usage of this kind: 28."""
    key = unit.open(token, (_USAGES[reference],), _MODES)
    if key.algorithm != "A":
        raise HsmError("A7")
    if len(key.value) != _KEY_BYTES:
        raise HsmError("27")
    return key.value


def _derived(master: bytes, reference: str, serial: bytes) -> bytes:
    return cmac("A", master, bytes([int(reference, 16)]) + serial)


def _proof(key: bytes, purpose: int, card: bytes, ours: bytes, serial: bytes) -> bytes:
    return cmac("A", key, bytes([purpose, 0]) + card + ours + serial)


def _hex(data: bytes) -> bytes:
    return data.hex().upper().encode("ascii")
