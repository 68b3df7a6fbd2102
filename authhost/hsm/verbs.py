"""What the HSM is asked, one verb a job: builds a command's bytes, reads its answer.

Knows the layouts of payShield host commands; knows no socket and no stored key's name. Keys go in
and come out as blocks under the HSM's local master key. "Wrong" is a value (Check), "will not" is
HsmRefused, "does not answer" is HsmUnavailable. An account is 12 digits: the rightmost of the PAN
without its check digit.
"""

from __future__ import annotations

from time import monotonic
from typing import Final

import msgspec
import structlog

from authhost.hsm.cryptograms import APPROVES, DECLINES, SCHEMES
from authhost.hsm.errors import HsmRefused
from authhost.hsm.pool import HsmPool
from authhost.model import Check, PinBlock

_log = structlog.get_logger()
_KEY_BLOCK: Final = b"FFF"  # in place of a key type: the block itself says what it is
_GOOD: Final = b"00"
_WRONG: Final = b"01"
_MALFORMED: Final = frozenset({b"20", b"23", b"24", b"69"})
# A KSN whose counter no device sends is an input error (15), and it is the device's input.
_BAD_SERIAL: Final = _MALFORMED | {b"15"}
_ISO_4: Final = "48"
_FORMATS: Final = frozenset({"01", "05", "47", _ISO_4})
_SAID_AGAIN_S: Final = 60  # the same refusal is logged once in this time
# Commands by whose key the PIN block is under, for a PVV and for an IBM 3624 offset.
_PVV_COMMANDS: Final = {"terminal": b"DC", "zone": b"EC", "dukpt": b"GQ"}
_IBM_COMMANDS: Final = {"terminal": b"DA", "zone": b"EA", "dukpt": b"GO"}
_DEFAULT_LENGTHS: Final = {"T": "T2", "A": "A1", "H": "H3"}  # 128 bits, HMAC 256
# MAC algorithm and padding in M6 and M8: ISO 9797-1 algorithm 3 with padding 1 or 2, CMAC.
_MACS: Final = {"retail1": b"31", "retail2": b"32", "cmac": b"50"}
_MAC_BYTES: Final = 8
_MOST_SIGNED: Final = 255  # bytes under a cryptogram: their length has two hexadecimal digits
_PADDED: Final = b"\x80"  # EMV's and ISO 9797-1's second padding: the HSM fills with zeros after it


class Generated(msgspec.Struct, frozen=True):
    """A key that was generated, brought in or given out, and its check value.

    block is under the LMK, exported (TR-31) under the key that was named, '' where none was.
    """

    block: str
    exported: str
    kcv: str


class Hsm:
    """The verbs."""

    def __init__(self, pool: HsmPool) -> None:
        self.pool = pool
        self._said: dict[tuple[str, str], float] = {}

    # -- diagnosis and keys

    async def diagnose(self) -> tuple[str, str]:
        """(check value of the LMK, firmware)."""
        data = await self.ask(b"NC")
        return _text(data[:16]), _text(data[16:])

    async def generate(self, usage: str, algorithm: str, mode: str, *, under: str | None = None,
                       exportability: str = "") -> Generated:
        """A new key (A0). usage, mode: ANSI X9.143; algorithm: T2, T3, A1, A2, A3, H3, or T, A, H.

        under: the block of a terminal's master key, under which a session key is given out as well
        (TR-31). exportability (N, S, E): where it says nothing, N, and S for what is given out.
        """
        out = exportability or ("S" if under is not None else "N")
        block = f"#{usage}{_DEFAULT_LENGTHS.get(algorithm, algorithm)}{mode}00{out}00".encode()
        if under is None:
            data = await self.ask(b"A00" + _KEY_BLOCK + b"S" + block)
        else:
            data = await self.ask(b"A01" + _KEY_BLOCK + b"S;1" + under.encode() + b"R" + block)
        made, rest = _key(data)
        exported, rest = _key(rest) if under is not None else ("", rest)
        return Generated(made, exported[1:], _text(rest))

    async def import_key(self, under: str, block: str, usage: str = "") -> Generated:
        """A TR-31 block under a zone master key becomes one under the LMK (A6).

        usage: '51' for a terminal's master key, which a block from outside calls K0 or K1.
        HsmRefused('A6', '17'): a key that wraps keys, or a block of version A or C, unless two
        people have opened the HSM's activity 'import'.
        """
        named = f"#{usage}{block[8:12]}00" if usage else ""
        data = await self.ask(b"A6" + _KEY_BLOCK + under.encode() + b"R" + block.encode() + b"S"
                              + named.encode())
        made, rest = _key(data)
        return Generated(made, "", _text(rest))

    async def export_key(self, under: str, block: str) -> Generated:
        """A key under the LMK becomes a TR-31 block under a zone master key (A8).

        HsmRefused('A8', '17') unless two people have opened the HSM's activity 'export'.
        """
        data = await self.ask(b"A8" + _KEY_BLOCK + under.encode() + block.encode() + b"R")
        given, rest = _key(data)
        return Generated(block, given[1:], _text(rest))

    async def check_value(self, block: str) -> str:
        """The check value, 6 digits, of a key under the LMK (BU)."""
        return _text(await self.ask(b"BUFFF" + block.encode() + b";FFF"))

    # -- PINs

    async def verify_pin(self, key_block: str, block: PinBlock, account: str, *, method: str,
                         pvk: str, pvki: int, value: str, decimalization: str = "",
                         pan: str = "") -> Check:
        """Is it the card's PIN? method: 'pvv' (value: 4 digits) or 'ibm3624' (value: its offset).

        key_block: the TPK, the ZPK or the BDK, as the block's scheme says. MALFORMED where there is
        no telling; a card that has no PIN's value has no PIN.
        """
        who = _account(block, account, pan)
        if not who or not _fits(block, key_block):
            return Check.MALFORMED
        if not value.isdecimal() or len(value) > 12 or (method == "pvv" and len(value) != 4):
            return Check.WRONG
        keys = key_block.encode() + pvk.encode()
        pin = _hex(block.block) + block.format.encode()
        is_dukpt = block.scheme == "dukpt"
        if is_dukpt:
            keys, pin = b"0" + keys, _serial(block.ksn) + pin  # mode 0: the PIN alone
        if method == "pvv":
            command = b"%b%b%b%b%d%b" % (_PVV_COMMANDS[block.scheme], keys, pin, who, pvki,
                                         value.encode())
        else:
            command = (_IBM_COMMANDS[block.scheme] + keys + (b"" if is_dukpt else b"12") + pin
                       + b"04" + who + decimalization.encode() + validation_data(account)
                       + value.ljust(12, "F").encode())
        return (await self.check(command, _BAD_SERIAL if is_dukpt else _MALFORMED))[0]

    async def random_pin(self, account: str, length: int = 4) -> str:
        """A PIN that nobody has seen (JA): under the LMK, bound to its account."""
        return _text(await self.ask(b"JA%b%02d" % (account.encode(), length)))

    async def pvv(self, pvk: str, pvki: int, pin: str, account: str) -> str:
        """The PVV, 4 digits, of a PIN under the LMK (DG)."""
        return _text(await self.ask(
            b"DG%b%b%b%d" % (pvk.encode(), pin.encode(), account.encode(), pvki)))

    async def ibm_offset(self, pvk: str, pin: str, account: str, decimalization: str) -> str:
        """The IBM 3624 offset of a PIN under the LMK (DE), as many digits as the PIN has."""
        data = await self.ask(b"DE" + pvk.encode() + pin.encode() + b"04" + account.encode()
                                + decimalization.encode() + validation_data(account))
        return _text(data).rstrip("F")

    async def translate_pin(self, key_block: str, block: PinBlock, account: str, *, zone: str,
                            target_format: str, pan: str = "") -> bytes | None:
        """The block under another zone's ZPK (CA, CC); None where what came is no PIN block."""
        who = _account(block, account, pan, target_format)
        if not who or not _fits(block, key_block):
            return None
        letters = b"CA" if block.scheme == "terminal" else b"CC"
        check, data = await self.check(
            letters + key_block.encode() + zone.encode() + b"12" + _hex(block.block)
            + block.format.encode() + target_format.encode() + who)
        return bytes.fromhex(_text(data[2:-2])) if check is Check.GOOD else None

    # -- cards

    async def cvv(self, cvk: str, pan: str, expiry: str, service_code: str) -> str:
        """A card verification value, 3 digits (CW). expiry: 4 digits as the issuer computes it."""
        return _text(await self.ask(
            f"CW{cvk}{pan};{expiry}{service_code}".encode()))

    async def verify_cvv(self, cvk: str, pan: str, expiry: str, service_code: str,
                         cvv: str) -> Check:
        """Is it the card's verification value (CY)?"""
        if not _digits(cvv, 3) or not _digits(expiry, 4) or not _digits(service_code, 3) \
                or not pan.isdecimal() or not 12 <= len(pan) <= 19:
            return Check.MALFORMED
        command = f"CY{cvk}{cvv}{pan};{expiry}{service_code}".encode()
        return (await self.check(command))[0]

    async def verify_arqc(self, mk_ac: str, scheme: str, pan: str, psn: str, atc: bytes,
                          un: bytes, data: bytes, arqc: bytes, arc: bytes) -> tuple[Check, bytes]:
        """Is it this card's cryptogram over this data; if so, what proves the issuer to it.

        scheme: 'fleet', 'visa10', ... 'mastercard21'; data before padding, at most 254 bytes; arc:
        the response code that is vouched for. The second is tag 91 (issuer authentication data):
        ARPC and ARC, or by method 2 ARPC and card status update (EMV Book 2, 8.2).
        """
        rules = SCHEMES[scheme]
        card = _card_digits(pan, psn)
        signed = data + _PADDED if rules.padded else data
        if not card or len(atc) != 2 or len(un) != 4 or len(arqc) != 8 or not data \
                or len(signed) > _MOST_SIGNED:
            return Check.MALFORMED, b""
        proof = APPROVES if arc == b"00" else DECLINES
        check, arpc = await self.check(b"".join((
            rules.command, mk_ac.encode(),
            b"%02d%b;" % (len(card), card) if rules.whole_pan else card[-8:],
            atc, un if rules.command[:2] == b"KQ" else b"",
            b"%02X" % len(signed), signed, b";", arqc,
            proof + b"0" if rules.method_2 else arc)))
        if check is not Check.GOOD:
            return check, b""
        return check, arpc[:4] + proof if rules.method_2 else arpc[:8] + arc

    # -- messages

    async def mac(self, key_block: str, data: bytes, *, scheme: str) -> bytes:
        """The MAC of a message, 8 bytes (M6). scheme: 'retail1', 'retail2' (padding), 'cmac'."""
        return bytes.fromhex(_text(await self.ask(b"M6" + _mac_fields(key_block, data, scheme))))

    async def verify_mac(self, key_block: str, data: bytes, mac: bytes, *, scheme: str) -> Check:
        """Is it the message's MAC (M8)?"""
        if len(mac) != _MAC_BYTES:
            return Check.MALFORMED
        return (await self.check(b"M8" + _mac_fields(key_block, data, scheme) + _hex(mac)))[0]

    async def mac_dukpt(self, bdk: str, ksn: bytes, data: bytes, *, padding: str = "1") -> bytes:
        """The MAC of a message under the transaction's key, 8 bytes (GW): X9.19, or CMAC for AES.

        padding: of ISO 9797-1, '1' or '2'; a CMAC pads by itself.
        """
        padded = _padded(bdk, data, padding)
        answer = await self.ask(b"GW4" + _dukpt_fields(bdk, ksn)
                                + b"%04d%b" % (len(padded), padded))
        return bytes.fromhex(_text(answer))

    async def verify_mac_dukpt(self, bdk: str, ksn: bytes, data: bytes, mac: bytes, *,
                               padding: str = "1") -> Check:
        """Is it the message's MAC under the transaction's key (GW)?"""
        if len(mac) != _MAC_BYTES or len(ksn) != (12 if _is_aes(bdk) else 10):
            return Check.MALFORMED
        padded = _padded(bdk, data, padding)
        command = b"GW1" + _dukpt_fields(bdk, ksn) + b"%b%04d%b" % (_hex(mac), len(padded), padded)
        return (await self.check(command, _BAD_SERIAL))[0]

    # -- keyed hashes

    async def hmac(self, key_block: str, data: bytes) -> bytes:
        """HMAC-SHA-256 (FIPS 198-1) of the data, 32 bytes (LQ)."""
        answer = await self.ask(b"LQ06003200%04d%b;%05d%b" % (
            len(key_block), key_block.encode(), len(data), data))
        return answer[4:]

    # -- how every verb asks

    async def ask(self, command: bytes) -> bytes:
        """What follows 00 in the answer; every other code is a refusal."""
        answer = await self.pool.call(command)
        if answer[:2] != _GOOD:
            raise self._refused(command, answer)
        return answer[2:]

    async def check(self, command: bytes, malformed: frozenset[bytes] = _MALFORMED,
                    ) -> tuple[Check, bytes]:
        """A check's outcome, and what follows the code. malformed: codes that mean it could not be
        checked, for what came is no such thing."""
        answer = await self.pool.call(command)
        code = answer[:2]
        if code == _GOOD:
            return Check.GOOD, answer[2:]
        if code == _WRONG:
            return Check.WRONG, answer[2:]
        if code in malformed:
            return Check.MALFORMED, b""
        raise self._refused(command, answer)

    def _refused(self, command: bytes, answer: bytes) -> HsmRefused:
        """Somebody has to look at a key or a setting: said aloud, and not once a message."""
        error = HsmRefused(_text(command[:2]), _text(answer[:2]))
        place, now_s = (error.command, error.code), monotonic()
        if now_s >= self._said.get(place, 0.0):
            self._said[place] = now_s + _SAID_AGAIN_S
            _log.error("the HSM refuses", command=error.command, code=error.code, why=str(error))
        return error


def validation_data(account: str) -> bytes:
    """The 12 characters that a natural PIN is made of: the whole account and four F.

    `N` stands for the account's last five digits (IBM 3624 in the HSM's commands).
    """
    return f"{account[:7]}NFFFF".encode()


def _mac_fields(key_block: str, data: bytes, scheme: str) -> bytes:
    """One part, binary, 8 bytes of MAC, algorithm and padding, key; length in hex, message."""
    return b"001%b%b%b%04X%b" % (_MACS[scheme], _KEY_BLOCK, key_block.encode(), len(data), data)


def _padded(bdk: str, data: bytes, padding: str) -> bytes:
    return data + _PADDED if padding == "2" and not _is_aes(bdk) else data


def _dukpt_fields(bdk: str, ksn: bytes) -> bytes:
    """MAC method (1 X9.19, 2 CMAC), base key, KSN."""
    return (b"2" if _is_aes(bdk) else b"1") + bdk.encode() + _serial(ksn)


def _card_digits(pan: str, psn: str) -> bytes:
    """PAN and sequence number packed, 8 bytes at least; b"" where they are none."""
    if not 12 <= len(pan) <= 19 or len(psn) != 2 or not (pan + psn).isdecimal():
        return b""
    digits = (pan + psn).rjust(16, "0")
    return bytes.fromhex(digits if len(digits) % 2 == 0 else "0" + digits)


def _account(block: PinBlock, account: str, pan: str, target_format: str = "") -> bytes:
    """The account field: 12 digits, or where a format is ISO 4 the PAN and `;`; b"" if wrong."""
    if not _digits(account, 12):
        return b""
    if _ISO_4 not in {block.format, target_format}:
        return account.encode()
    return f"{pan};".encode() if pan.isdecimal() and 12 <= len(pan) <= 19 else b""


def _fits(block: PinBlock, key_block: str) -> bool:
    """Format, length, KSN and the algorithm of the key suit each other."""
    if block.format not in _FORMATS:
        return False
    is_aes = _is_aes(key_block)
    if block.scheme == "dukpt" and len(block.ksn) != (12 if is_aes else 10):
        return False
    return is_aes == (block.format == _ISO_4) and len(block.block) == (16 if is_aes else 8)


def _is_aes(key_block: str) -> bool:
    """Character 8 of a key block, its letter counted, is the algorithm."""
    return key_block[8:9] == "A"


def _serial(ksn: bytes) -> bytes:
    """KSN descriptor and KSN: 10 and 5 digits before a counter of 5 (X9.24-1), or 8, 8 and 8."""
    return (b"A05" if len(ksn) == 10 else b"808") + _hex(ksn)


def _key(data: bytes) -> tuple[str, bytes]:
    """A key block with its letter, which says its own length in characters 2 to 5; and the rest."""
    length = 1 + int(data[2:6])
    return _text(data[:length]), data[length:]


def _digits(text: str, length: int) -> bool:
    return len(text) == length and text.isdecimal()


def _hex(data: bytes) -> bytes:
    return data.hex().upper().encode()


def _text(data: bytes) -> str:
    return data.decode("latin-1")
