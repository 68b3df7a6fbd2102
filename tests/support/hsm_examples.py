"""One good command and one wrong one for each job of an HSM, with the answers that others compute.

The oracles are psec (PIN blocks, PVV, IBM 3624, CVV, MAC), pyemv (cryptograms) and the standards'
own examples (DUKPT); `hsm_sim.crypto` stands in only where none of them knows an algorithm.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import psec
import pyemv
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

from hsm_sim.crypto import emv
from hsm_sim.crypto.ciphers import tdes_decrypt, tdes_encrypt
from hsm_sim.crypto.dukpt_aes import KeyType, Purpose, working_key
from hsm_sim.crypto.pin_blocks import encode
from tests.support.hsm_desk import Desk

PAN: Final = "4012345678909"  # of the example in ANSI X9.24-1
ACCOUNT: Final = "401234567890"
PIN: Final = "1234"
TABLE: Final = "0123456789012345"
VALIDATION: Final = "4012345NFFFF"
PSN: Final = "01"
ATC: Final = bytes.fromhex("001C")
UN: Final = bytes.fromhex("89ABCDEF")
ARC: Final = b"00"
CSU: Final = bytes.fromhex("03820000")
MESSAGE: Final = b"1100 a message of no whole number of blocks"
# ANSI X9.24-1:2009, A.4: the first transaction. X9.24-3:2017, B.5: the same.
BDK: Final = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
KSN: Final = b"A05FFFF9876543210E00001"
DUKPT_BLOCK: Final = b"1B9C1845EB993A7A"
AES_BDK: Final = bytes.fromhex("FEDCBA9876543210F1F1F1F1F1F1F1F1")
AES_KSN: Final = b"808123456789012345600000001"
AES_PIN_KEY: Final = bytes.fromhex("AF8CB133A78F8DC2D1359F18527593FB")


@dataclass(frozen=True)
class Example:
    """A command; what follows 00, or how to look at it; the same with a wrong value (01)."""

    name: str
    command: bytes
    answer: bytes | Callable[[bytes], bool]
    keys: tuple[str, ...]
    wrong: bytes = b""

    def accepts(self, data: bytes) -> bool:
        """Is this what should follow 00?"""
        return data == self.answer if isinstance(self.answer, bytes) else self.answer(data)


def examples(desk: Desk) -> list[Example]:
    """All of them, with the keys of a desk."""
    desk.put("bdk", BDK)
    desk.put("aes_bdk", AES_BDK)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the oracles use TDES where cryptography once had it
        return [*_translations(desk), *_pvv(desk), *_ibm(desk), *_under_lmk(desk), *_dukpt(desk),
                *_cards(desk), *_macs(desk), *_chips(desk), *_hashes(desk)]


def hexa(data: bytes) -> bytes:
    """Bytes as the wire has them."""
    return data.hex().upper().encode()


def iso_0(key: bytes, pin: str = PIN) -> bytes:
    """An encrypted ISO 0 block, by the oracle's encoding."""
    return hexa(tdes_encrypt(key, psec.pinblock.encode_pinblock_iso_0(pin, PAN)))


def iso_4(key: bytes, pin: str = PIN) -> bytes:
    """An encrypted ISO 4 block, by the oracle."""
    return hexa(psec.pinblock.encipher_pinblock_iso_4(key, pin, PAN))


def _holds(key: bytes, pin_format: str) -> Callable[[bytes], bool]:
    """Whether an answer of CA, CC or G0 holds the PIN in this format, by the oracle's decoding."""
    def look(data: bytes) -> bool:
        length, block, code = data[:2], bytes.fromhex(data[2:-2].decode()), data[-2:].decode()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = {
                "01": lambda: psec.pinblock.decode_pinblock_iso_0(tdes_decrypt(key, block), PAN),
                "47": lambda: psec.pinblock.decode_pinblock_iso_3(tdes_decrypt(key, block), PAN),
                "48": lambda: psec.pinblock.decipher_pinblock_iso_4(key, block, PAN),
            }[pin_format]()
        return length == b"04" and code == pin_format and found == PIN

    return look


def _translations(desk: Desk) -> Iterator[Example]:
    tpk, zpk, zpk2 = (desk.value(name) for name in ("tpk", "zpk", "zpk2"))
    aes_tpk, aes_zpk = desk.value("aes_tpk"), desk.value("aes_zpk")
    to_zone = b"CA" + desk.key("tpk") + desk.key("zpk") + b"12"
    account = ACCOUNT.encode()
    block = iso_0(tpk)
    yield Example("CA 0 to 0", to_zone + block + b"0101" + account, _holds(zpk, "01"),
                  ("tpk", "zpk"))
    yield Example("CA 0 to 3", to_zone + block + b"0147" + account, _holds(zpk, "47"),
                  ("tpk", "zpk"))
    iso_1 = hexa(tdes_encrypt(tpk, encode("05", PIN, ACCOUNT, os.urandom)))
    yield Example("CA 1 to 0", to_zone + iso_1 + b"0501" + account, _holds(zpk, "01"),
                  ("tpk", "zpk"))
    yield Example("CC 0 to 0", b"CC" + desk.key("zpk") + desk.key("zpk2") + b"12" + iso_0(zpk)
                  + b"0101" + account, _holds(zpk2, "01"), ("zpk", "zpk2"))
    yield Example("CA 4 to 0", b"CA" + desk.key("aes_tpk") + desk.key("zpk") + b"12"
                  + iso_4(aes_tpk) + b"4801" + PAN.encode() + b";", _holds(zpk, "01"),
                  ("aes_tpk", "zpk"))
    yield Example("CC 0 to 4", b"CC" + desk.key("zpk") + desk.key("aes_zpk") + b"12" + iso_0(zpk)
                  + b"0148" + PAN.encode() + b";", _holds(aes_zpk, "48"), ("zpk", "aes_zpk"))


def _pvv(desk: Desk) -> Iterator[Example]:
    pvk = desk.value("pvk")
    value = psec.pin.generate_visa_pvv(pvk, "1", PIN, PAN).encode()
    tail = b"01" + ACCOUNT.encode() + b"1"
    for letters, name in ((b"DC", "tpk"), (b"EC", "zpk")):
        head = letters + desk.key(name) + desk.key("pvk")
        yield Example(f"{letters.decode()} 0", head + iso_0(desk.value(name)) + tail + value, b"",
                      (name, "pvk"), wrong=head + iso_0(desk.value(name), "4321") + tail + value)
    head = b"DC" + desk.key("aes_tpk") + desk.key("pvk")
    tail = b"48" + PAN.encode() + b";1" + value
    key = desk.value("aes_tpk")
    yield Example("DC 4", head + iso_4(key) + tail, b"", ("aes_tpk", "pvk"),
                  wrong=head + iso_4(key, "4321") + tail)
    yield Example("FW", b"FW" + desk.key_type("zpk") + desk.key("zpk") + desk.key("pvk")
                  + iso_0(desk.value("zpk")) + b"01" + ACCOUNT.encode() + b"1", value,
                  ("zpk", "pvk"))


def ibm_offset(pvk: bytes) -> bytes:
    """The offset of the PIN, by the oracle: its validation data is the account and four F."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return psec.pin.generate_ibm3624_offset(pvk, TABLE, PIN, ACCOUNT, 0, 12, "F").encode()


def _ibm(desk: Desk) -> Iterator[Example]:
    offset = ibm_offset(desk.value("pvk_ibm"))
    tail = (b"0104" + ACCOUNT.encode() + TABLE.encode() + VALIDATION.encode()
            + offset.ljust(12, b"F"))
    for letters, name in ((b"DA", "tpk"), (b"EA", "zpk")):
        head = letters + desk.key(name) + desk.key("pvk_ibm") + b"12"
        yield Example(letters.decode(), head + iso_0(desk.value(name)) + tail, b"",
                      (name, "pvk_ibm"), wrong=head + iso_0(desk.value(name), "1235") + tail)


def _under_lmk(desk: Desk) -> Iterator[Example]:
    """What takes or gives a PIN under the LMK: there and back again."""
    account = ACCOUNT.encode()

    def comes_back(data: bytes) -> bool:
        answer = desk.ask(b"JG" + desk.key("zpk") + b"01" + account + data)
        return answer == b"JH00" + iso_0(desk.value("zpk"))

    for letters, name in ((b"JC", "tpk"), (b"JE", "zpk")):
        lmk = b"%01" if desk.is_variant else b""
        command = letters + desk.key(name) + iso_0(desk.value(name)) + b"01" + account + lmk
        yield Example(letters.decode(), command, comes_back, (name,))
    sealed = desk.ask(command)[4:]
    value = psec.pin.generate_visa_pvv(desk.value("pvk"), "1", PIN, PAN).encode()
    yield Example("JG", b"JG" + desk.key("zpk") + b"01" + account + sealed,
                  iso_0(desk.value("zpk")), ("zpk",))
    yield Example("DG", b"DG" + desk.key("pvk") + sealed + account + b"1", value, ("pvk",))
    yield Example("DE", b"DE" + desk.key("pvk_ibm") + sealed + b"04" + account + TABLE.encode()
                  + VALIDATION.encode(), ibm_offset(desk.value("pvk_ibm")).ljust(12, b"F"),
                  ("pvk_ibm",))


def _dukpt(desk: Desk) -> Iterator[Example]:
    account = ACCOUNT.encode()
    value = psec.pin.generate_visa_pvv(desk.value("pvk"), "1", PIN, PAN)
    other = f"{(int(value) + 1) % 10_000:04d}".encode()
    yield Example("G0 X9.24-1", b"G0" + desk.key("bdk") + desk.key("zpk") + KSN + DUKPT_BLOCK
                  + b"0101" + account, _holds(desk.value("zpk"), "01"), ("bdk", "zpk"))
    head = b"GQ0" + desk.key("bdk") + desk.key("pvk") + KSN + DUKPT_BLOCK + b"01" + account + b"1"
    yield Example("GQ X9.24-1", head + value.encode(), b"", ("bdk", "pvk"), wrong=head + other)
    offset = ibm_offset(desk.value("pvk_ibm")).ljust(12, b"F")
    head = (b"GO0" + desk.key("bdk") + desk.key("pvk_ibm") + KSN + DUKPT_BLOCK + b"0104" + account
            + TABLE.encode() + VALIDATION.encode())
    yield Example("GO X9.24-1", head + offset, b"", ("bdk", "pvk_ibm"),
                  wrong=head + b"%04dFFFFFFFF" % ((int(offset[:4]) + 1) % 10_000))
    block = iso_4(AES_PIN_KEY)
    head = b"GQ0" + desk.key("aes_bdk") + desk.key("pvk") + AES_KSN + block + b"48"
    yield Example("GQ X9.24-3", head + PAN.encode() + b";1" + value.encode(), b"",
                  ("aes_bdk", "pvk"), wrong=head + PAN.encode() + b";1" + other)
    yield Example("G0 X9.24-3", b"G0" + desk.key("aes_bdk") + desk.key("aes_zpk") + AES_KSN + block
                  + b"4848" + PAN.encode() + b";", _holds(desk.value("aes_zpk"), "48"),
                  ("aes_bdk", "aes_zpk"))


def _cards(desk: Desk) -> Iterator[Example]:
    value = psec.cvv.generate_cvv(desk.value("cvk"), PAN, "2812", "201").encode()
    tail = PAN.encode() + b";2812201"
    yield Example("CW", b"CW" + desk.key("cvk") + tail, value, ("cvk",))
    yield Example("CY", b"CY" + desk.key("cvk") + value + tail, b"", ("cvk",),
                  wrong=b"CY" + desk.key("cvk") + b"%03d" % ((int(value) + 1) % 1000) + tail)


def aes_cmac(key: bytes, data: bytes) -> bytes:
    """CMAC by the library itself."""
    made = CMAC(AES(key))
    made.update(data)
    return made.finalize()


def _macs(desk: Desk) -> Iterator[Example]:
    tak, zak = desk.value("tak"), desk.value("zak")
    macs = {
        "tak": (b"31", psec.mac.generate_retail_mac(tak[:8], tak[8:], MESSAGE, 1)),
        "zak": (b"12", psec.mac.generate_cbc_mac(zak, MESSAGE, 2)),
        "aes_mac": (b"50", aes_cmac(desk.value("aes_mac"), MESSAGE)),
    }
    for name, (method, made) in macs.items():
        body = desk.key_type(name) + desk.key(name) + b"%04X" % len(MESSAGE) + MESSAGE
        for size, length in ((b"0", 4), (b"1", 8)):
            command = b"00" + size + method + body
            value = hexa(made[:length])
            title = f"{name} {length}"
            yield Example(f"M6 {title}", b"M6" + command, value, (name,))
            yield Example(f"M8 {title}", b"M8" + command + value, b"", (name,),
                          wrong=b"M8" + command + hexa(bytes(length)))
    yield from _dukpt_macs(desk)


def _dukpt_macs(desk: Desk) -> Iterator[Example]:
    # ANSI X9.24-1:2009, A.4: the first transaction's key, with the MAC variant.
    key = bytes.fromhex("042666B4918430A368DE9628D03984C9")
    aes_key = working_key(AES_BDK, bytes.fromhex(AES_KSN[3:].decode()), Purpose.MAC_BOTH,
                          KeyType.AES128)
    for name, method, ksn, made in (
            ("bdk", b"1", KSN, psec.mac.generate_retail_mac(key[:8], key[8:], MESSAGE, 1)),
            ("aes_bdk", b"2", AES_KSN, aes_cmac(aes_key, MESSAGE)[:8])):
        data = b"%04d" % len(MESSAGE) + MESSAGE
        for check, make, part in ((b"1", b"4", slice(8)), (b"2", b"5", slice(4)),
                                  (b"3", b"6", slice(4, 8))):
            body = method + desk.key(name) + ksn
            title = f"{name} {make.decode()}"
            value = hexa(made[part])
            yield Example(f"GW {title}", b"GW" + make + body + data, value, (name,))
            yield Example(f"GW check {title}", b"GW" + check + body + value + data, b"", (name,),
                          wrong=b"GW" + check + body + hexa(bytes(len(value) // 2)) + data)


def _chips(desk: Desk) -> Iterator[Example]:
    """pyemv is the oracle for TDES; AES is EMV's, over `hsm_sim.crypto` and the library's CMAC."""
    data = MESSAGE + b"\x80"
    card = pyemv.kd.derive_icc_mk_a(desk.value("mk_ac"), PAN, PSN)
    packed = bytes.fromhex((PAN + PSN).rjust(16, "0"))
    length = b"%02X" % len(data)
    skd = pyemv.kd.derive_common_sk(card, ATC + b"\0\0" + UN)
    padding = pyemv.ac.PaddingType.VISA
    for scheme, request in ((b"0", card), (b"1", skd)):
        arqc = pyemv.ac.generate_ac(request, data, padding)
        arpc = pyemv.ac.generate_arpc_1(card, arqc, ARC)
        title = f"KQ {scheme.decode()}"
        head = scheme + desk.key("mk_ac") + packed + ATC + UN
        yield Example(f"{title} check", b"KQ0" + head + length + data + b";" + arqc, b"",
                      ("mk_ac",), wrong=b"KQ0" + head + length + data + b";" + bytes(8))
        yield Example(f"{title} check, answer", b"KQ1" + head + length + data + b";" + arqc + ARC,
                      arpc, ("mk_ac",), wrong=b"KQ1" + head + length + data + b";" + bytes(8) + ARC)
        yield Example(f"{title} answer", b"KQ2" + head + arqc + ARC, arpc, ("mk_ac",))
    csk = pyemv.kd.derive_common_sk(card, ATC + bytes(6))
    arqc = pyemv.ac.generate_ac(csk, data, padding)
    arpc = pyemv.ac.generate_arpc_1(csk, arqc, ARC), pyemv.ac.generate_arpc_2(csk, arqc, CSU, UN)
    yield from _common_key(b"2" + desk.key("mk_ac") + packed, "mk_ac", arqc, arpc, data)
    long_pan = "4012345678901234567"
    card = pyemv.kd.derive_icc_mk_b(desk.value("mk_ac"), long_pan, PSN)
    csk = pyemv.kd.derive_common_sk(card, ATC + bytes(6))
    arqc = pyemv.ac.generate_ac(csk, data, padding)
    arpc = pyemv.ac.generate_arpc_1(csk, arqc, ARC), pyemv.ac.generate_arpc_2(csk, arqc, CSU, UN)
    whole = b"11" + bytes.fromhex("0" + long_pan + PSN) + b";"
    yield from _common_key(b"3" + desk.key("mk_ac") + whole, "mk_ac", arqc, arpc, data)
    card = emv.card_key("AES", desk.value("aes_mk_ac"), long_pan, PSN)
    key = emv.session_key("csk_aes", card, ATC)
    arqc = aes_cmac(key, MESSAGE)[:8]
    arpc = emv.arpc_1(key, arqc, ARC, aes=True), aes_cmac(key, arqc + CSU + UN)[:4]
    yield from _common_key(b"A" + desk.key("aes_mk_ac") + whole, "aes_mk_ac", arqc, arpc, MESSAGE)


def _common_key(head: bytes, key: str, arqc: bytes, arpc: tuple[bytes, bytes],
                data: bytes) -> Iterator[Example]:
    told = b"%02X" % len(data) + data + b";"
    status = CSU + b"4" + UN
    title = f"KW {head[:1].decode()}"
    second = arpc[1] + bytes(4)
    yield Example(f"{title} check", b"KW0" + head + ATC + told + arqc, b"", (key,),
                  wrong=b"KW0" + head + ATC + told + bytes(8))
    yield Example(f"{title} check, answer", b"KW1" + head + ATC + told + arqc + ARC, arpc[0],
                  (key,), wrong=b"KW1" + head + ATC + told + bytes(8) + ARC)
    yield Example(f"{title} answer", b"KW2" + head + ATC + arqc + ARC, arpc[0], (key,))
    yield Example(f"{title} check, answer 2", b"KW3" + head + ATC + told + arqc + status, second,
                  (key,), wrong=b"KW3" + head + ATC + told + bytes(8) + status)
    yield Example(f"{title} answer 2", b"KW4" + head + ATC + arqc + status, second, (key,))


def _hashes(desk: Desk) -> Iterator[Example]:
    key = desk.key("hmac")
    tail = b"00%04d%b;%05d%b" % (len(key), key, len(MESSAGE), MESSAGE)
    for code, name, length in ((b"05", "sha224", 28), (b"06", "sha256", 32), (b"07", "sha384", 48),
                               (b"08", "sha512", 64), (b"06", "sha256", 16)):
        made = hmac.new(desk.value("hmac"), MESSAGE, getattr(hashlib, name)).digest()[:length]
        head = code + b"%04d" % length
        yield Example(f"LQ {name} {length}", b"LQ" + head + tail, b"%04d" % length + made,
                      ("hmac",))
        yield Example(f"LS {name} {length}", b"LS" + head + made + tail, b"", ("hmac",),
                      wrong=b"LS" + head + bytes(length) + tail)
