"""Each verb against the HSM on a socket, with keys whose values the test knows.

The clear side (a PIN pad, a chip, a partner) is computed with the algorithms of the HSM's own room,
which other tests hold against published vectors.
"""

import asyncio
import hashlib
import hmac
import os

import pytest

from authhost.hsm.errors import HsmRefused
from authhost.hsm.verbs import Hsm, validation_data
from authhost.model import Check, PinBlock
from hsm_sim.crypto import dukpt_aes, dukpt_tdes, emv, ibm3624, tr31
from hsm_sim.crypto.ciphers import kcv, tdes_encrypt
from hsm_sim.crypto.cvv import cvv
from hsm_sim.crypto.dukpt_aes import KeyType, Purpose
from hsm_sim.crypto.mac import cmac, iso9797_3
from hsm_sim.crypto.pin_blocks import encode, encrypt_iso4
from hsm_sim.crypto.pvv import pvv
from tests.unit.hsm_client.conftest import known_hsm

PAN = "7801310000009999490"
ACCOUNT = PAN[-13:-1]
TABLE = "0123456789012345"
TDES_KSN = bytes.fromhex("FFFF9876543210E00001")  # ANSI X9.24-1:2009, A.4
AES_KSN = bytes.fromhex("123456789012345600000001")  # ANSI X9.24-3:2017, B.5
MESSAGE = b"1200 some message of no particular length"


def using(work):
    """Run a test's coroutine with (verbs, desk, authority)."""
    async def go():
        async with known_hsm() as (pool, desk, authority):
            return await work(Hsm(pool), desk, authority)
    return asyncio.run(asyncio.wait_for(go(), 20))


def text(token):
    return token.decode()


def sealed(desk, usage, algorithm, mode, value):
    return text(desk.block(usage, algorithm, mode, value))


# -- keys


@pytest.mark.parametrize(("usage", "algorithm", "mode"), [
    ("P0", "T2", "B"), ("V2", "T", "C"), ("M6", "A1", "C"), ("B0", "A3", "X"), ("M7", "H", "G")])
def test_a_key_is_born_under_the_master_key_and_does_not_leave(usage, algorithm, mode):
    async def work(hsm, desk, authority):
        made = await hsm.generate(usage, algorithm, mode)
        authority.authorise("export", "a", 1)
        authority.authorise("export", "b", 1)
        with pytest.raises(HsmRefused) as caught:
            await hsm.export_key(sealed(desk, "K0", "A", "B", os.urandom(32)), made.block)
        return made, caught.value.code
    made, code = using(work)
    assert made.block[:1] == "S"
    assert (made.block[6:8], made.block[8], made.block[9], made.block[12]) == (
        usage, algorithm[0], mode, "N")
    assert (made.exported, len(made.kcv), code) == ("", 6, "29")


@pytest.mark.parametrize(("algorithm", "fresh"), [("T", "T2"), ("A", "A1")])
def test_a_session_key_goes_to_its_terminal_without_anybodys_word(algorithm, fresh):
    async def work(hsm, desk, _):
        master = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
        return master, await hsm.generate(
            "P0", fresh, "D", under=sealed(desk, "51", algorithm, "B", master))
    master, made = using(work)
    header, value = tr31.unwrap(master, made.exported)
    assert (header.usage, header.algorithm, header.mode) == ("P0", algorithm, "E")
    assert kcv(algorithm, value)[:3].hex().upper() == made.kcv


def test_a_key_comes_in_and_goes_out_under_a_zones_key():
    zone, key = os.urandom(32), os.urandom(16)

    async def work(hsm, desk, authority):
        zmk = sealed(desk, "K0", "A", "B", zone)
        block = tr31.wrap(zone, tr31.Header(version="D", usage="B0", algorithm="A", mode="X",
                                            version_number="00", exportability="S"),
                          key, os.urandom)
        came = await hsm.import_key(zmk, block)
        with pytest.raises(HsmRefused) as caught:
            await hsm.export_key(zmk, came.block)
        authority.authorise("export", "a", 1)
        authority.authorise("export", "b", 1)
        return came, caught.value, await hsm.export_key(zmk, came.block)
    came, refused, went = using(work)
    assert (refused.command, refused.code) == ("A8", "17")
    assert "authorised state" in str(refused)
    assert came.kcv == went.kcv == kcv("A", key)[:3].hex().upper()
    assert tr31.unwrap(zone, went.exported)[1] == key


def test_a_terminals_master_key_comes_in_with_two_peoples_word():
    zone, master = os.urandom(32), os.urandom(16)

    async def work(hsm, desk, authority):
        zmk = sealed(desk, "K0", "A", "B", zone)
        block = tr31.wrap(zone, tr31.Header(version="D", usage="K1", algorithm="A", mode="B",
                                            version_number="00", exportability="E"),
                          master, os.urandom)
        with pytest.raises(HsmRefused) as caught:
            await hsm.import_key(zmk, block, "51")
        authority.authorise("import", "a", 1)
        authority.authorise("import", "b", 1)
        came = await hsm.import_key(zmk, block, "51")
        return caught.value.code, came, await hsm.generate("P0", "A1", "D", under=came.block)
    code, came, tpk = using(work)
    assert (code, came.block[6:8]) == ("17", "51")
    assert tr31.unwrap(master, tpk.exported)[0].usage == "P0"


def test_an_hsm_says_who_it_is():
    async def work(hsm, *_):
        return await hsm.diagnose()
    check_value, firmware = using(work)
    assert (len(check_value), len(firmware)) == (16, 9)


# -- PINs


def pin_block(desk, scheme, pin_format, pin):
    """(the key's block, the PIN's block), as a PIN pad makes them."""
    if scheme == "dukpt" and pin_format == "48":
        bdk = desk.value("aes_bdk")
        key = dukpt_aes.working_key(bdk, AES_KSN, Purpose.PIN, KeyType.AES128)
        return text(desk.key("aes_bdk")), PinBlock(
            encrypt_iso4(key, pin, PAN, os.urandom), pin_format, scheme, ksn=AES_KSN)
    if scheme == "dukpt":
        key = dukpt_tdes.pin_key(desk.value("bdk"), TDES_KSN)
        block = tdes_encrypt(key, encode(pin_format, pin, ACCOUNT, os.urandom))
        return text(desk.key("bdk")), PinBlock(block, pin_format, scheme, ksn=TDES_KSN)
    name = {"terminal": "tpk", "zone": "zpk"}[scheme]
    if pin_format == "48":
        name = "aes_" + name
        return text(desk.key(name)), PinBlock(
            encrypt_iso4(desk.value(name), pin, PAN, os.urandom), pin_format, scheme)
    block = tdes_encrypt(desk.value(name), encode(pin_format, pin, ACCOUNT, os.urandom))
    return text(desk.key(name)), PinBlock(block, pin_format, scheme)


@pytest.mark.parametrize("scheme", ["terminal", "zone", "dukpt"])
@pytest.mark.parametrize("pin_format", ["01", "05", "47", "48"])
@pytest.mark.parametrize("method", ["pvv", "ibm3624"])
def test_a_pin_is_right_or_wrong_or_none(scheme, pin_format, method):
    async def work(hsm, desk, _):
        if method == "pvv":
            pvk, value = desk.key("pvk"), pvv(desk.value("pvk"), ACCOUNT, 1, "1234")
        else:
            pvk = desk.key("pvk_ibm")
            pattern = text(validation_data(ACCOUNT)).replace("N", ACCOUNT[-5:])
            natural = ibm3624.natural_pin(desk.value("pvk_ibm"), pattern, TABLE, 4)
            value = ibm3624.offset(natural, "1234")
        said = []
        for pin in ("1234", "1235"):
            key, block = pin_block(desk, scheme, pin_format, pin)
            said.append(await hsm.verify_pin(
                key, block, ACCOUNT, method=method, pvk=text(pvk), pvki=1, value=value,
                decimalization=TABLE, pan=PAN))
        changed = PinBlock(bytes(len(block.block)), *[
            getattr(block, name) for name in ("format", "scheme", "generation", "ksn")])
        said.append(await hsm.verify_pin(
            key, changed, ACCOUNT, method=method, pvk=text(pvk), pvki=1, value=value,
            decimalization=TABLE, pan=PAN))
        return said
    assert using(work) == [Check.GOOD, Check.WRONG, Check.MALFORMED]


def test_what_is_no_pin_block_is_not_asked_about():
    async def work(hsm, desk, _):
        key, good = pin_block(desk, "terminal", "01", "1234")
        aes_key, _ = pin_block(desk, "terminal", "48", "1234")
        bdk, dukpt = pin_block(desk, "dukpt", "01", "1234")
        bad_counter = TDES_KSN[:7] + b"\xff\xff\xff"
        cases = [(key, PinBlock(good.block[:7], "01", "terminal")),
                 (key, PinBlock(good.block * 2, "48", "terminal")),
                 (key, PinBlock(good.block, "99", "terminal")),
                 (aes_key, good),
                 (bdk, PinBlock(dukpt.block, "01", "dukpt", ksn=TDES_KSN[1:])),
                 (bdk, PinBlock(dukpt.block, "01", "dukpt", ksn=bad_counter))]
        said = [await hsm.verify_pin(name, block, ACCOUNT, method="pvv", pvk=text(desk.key("pvk")),
                                     pvki=1, value="1234", pan=PAN) for name, block in cases]
        said.append(await hsm.verify_pin(key, good, ACCOUNT[1:], method="pvv", pvki=1,
                                         pvk=text(desk.key("pvk")), value="1234", pan=PAN))
        nothing = await hsm.verify_pin(key, good, ACCOUNT, method="pvv", pvki=1, value="",
                                       pvk=text(desk.key("pvk")), pan=PAN)
        return said, nothing, hsm.pool.calls
    said, nothing, calls = using(work)
    assert said == [Check.MALFORMED] * 7
    assert nothing is Check.WRONG
    assert calls == {("GQ", "15"): 1}


def test_a_key_of_another_use_is_a_refusal_not_a_wrong_pin():
    async def work(hsm, desk, _):
        _, block = pin_block(desk, "terminal", "01", "1234")
        with pytest.raises(HsmRefused) as caught:
            await hsm.verify_pin(text(desk.key("tak")), block, ACCOUNT, method="pvv", pvki=1,
                                 pvk=text(desk.key("pvk")), value="1234")
        return caught.value.code
    assert using(work) == "A6"


def test_a_pin_is_born_unseen_and_verified():
    async def work(hsm, desk, _):
        pvk, ibm = text(desk.key("pvk")), text(desk.key("pvk_ibm"))
        pin = await hsm.random_pin(ACCOUNT, 6)
        value = await hsm.pvv(pvk, 3, pin, ACCOUNT)
        offset = await hsm.ibm_offset(ibm, pin, ACCOUNT, TABLE)
        zpk = desk.key("zpk")
        block = PinBlock(bytes.fromhex(text(await hsm.ask(
            b"JG" + zpk + b"47" + ACCOUNT.encode() + pin.encode()))), "47", "zone")
        by_value = await hsm.verify_pin(text(zpk), block, ACCOUNT, method="pvv", pvk=pvk, pvki=3,
                                        value=value)
        by_offset = await hsm.verify_pin(text(zpk), block, ACCOUNT, method="ibm3624", pvk=ibm,
                                         pvki=0, value=offset, decimalization=TABLE)
        moved = await hsm.translate_pin(text(zpk), block, ACCOUNT, zone=text(desk.key("zpk2")),
                                        target_format="01")
        no_block = await hsm.translate_pin(text(zpk), PinBlock(bytes(8), "01", "zone"), ACCOUNT,
                                           zone=text(desk.key("zpk2")), target_format="01")
        return by_value, by_offset, len(offset), len(moved), no_block
    assert using(work) == (Check.GOOD, Check.GOOD, 6, 8, None)


# -- cards


def test_a_cards_verification_value():
    async def work(hsm, desk, _):
        key = text(desk.key("cvk"))
        right = cvv(desk.value("cvk"), PAN, "3012", "201")
        wrong = f"{(int(right) + 1) % 1000:03d}"
        return (await hsm.cvv(key, PAN, "3012", "201") == right,
                await hsm.verify_cvv(key, PAN, "3012", "201", right),
                await hsm.verify_cvv(key, PAN, "3012", "201", wrong),
                await hsm.verify_cvv(key, PAN, "3012", "201", "12"))
    assert using(work) == (True, Check.GOOD, Check.WRONG, Check.MALFORMED)


@pytest.mark.parametrize(("ours", "standard"), [
    ("visa10", "visa-10"), ("visa18", "visa-18"), ("visa22", "visa-22"),
    ("mastercard16", "mastercard-16"), ("mastercard17", "mastercard-17"),
    ("mastercard20", "mastercard-20"), ("mastercard21", "mastercard-21"),
    ("fleet", "emv-aes-1")])
@pytest.mark.parametrize("pan", ["7801310000009999", PAN])
def test_a_chips_cryptogram_and_what_the_chip_hears(ours, standard, pan):
    atc, un, data = b"\x00\x1c", bytes.fromhex("89ABCDEF"), MESSAGE

    async def work(hsm, desk, _):
        name = "aes_mk_ac" if ours == "fleet" else "mk_ac"
        keys = emv.transaction_keys(standard, desk.value(name), pan, "01", atc, un)
        request, response = keys
        arqc = emv.arqc(standard, request, data)
        good = await hsm.verify_arqc(text(desk.key(name)), ours, pan, "01", atc, un, data, arqc,
                                     b"00")
        wrong = await hsm.verify_arqc(text(desk.key(name)), ours, pan, "01", atc, un, data,
                                      bytes(8), b"00")
        none = await hsm.verify_arqc(text(desk.key(name)), ours, pan, "01", atc, un, b"", arqc,
                                     b"00")
        proof = b"\x00\x80\x00\x00" if ours in {"visa18", "visa22"} else b"00"
        return good, emv.arpc(standard, response, arqc, proof) + proof, wrong, none
    good, expected, wrong, none = using(work)
    assert good == (Check.GOOD, expected)
    assert wrong == (Check.WRONG, b"")
    assert none == (Check.MALFORMED, b"")


# -- messages


@pytest.mark.parametrize(("scheme", "name"), [("retail1", "tak"), ("retail2", "tak"),
                                              ("cmac", "aes_mac")])
def test_a_messages_mac(scheme, name):
    async def work(hsm, desk, _):
        value, key = desk.value(name), text(desk.key(name))
        expected = (cmac("A", value, MESSAGE)[:8] if scheme == "cmac"
                    else iso9797_3(value, MESSAGE, int(scheme[-1])))
        return (await hsm.mac(key, MESSAGE, scheme=scheme) == expected,
                await hsm.verify_mac(key, MESSAGE, expected, scheme=scheme),
                await hsm.verify_mac(key, MESSAGE + b"!", expected, scheme=scheme),
                await hsm.verify_mac(key, MESSAGE, expected[:4], scheme=scheme))
    assert using(work) == (True, Check.GOOD, Check.WRONG, Check.MALFORMED)


@pytest.mark.parametrize(("name", "ksn", "padding"), [
    ("bdk", TDES_KSN, "1"), ("bdk", TDES_KSN, "2"), ("aes_bdk", AES_KSN, "2")])
@pytest.mark.parametrize("message", [MESSAGE, MESSAGE[:40]])  # the second in whole blocks
def test_a_messages_mac_under_a_key_of_one_transaction(name, ksn, padding, message):
    async def work(hsm, desk, _):
        if name == "bdk":
            made = iso9797_3(dukpt_tdes.mac_keys(desk.value(name), ksn)[0], message, int(padding))
        else:
            made = cmac("A", dukpt_aes.working_key(desk.value(name), ksn, Purpose.MAC_BOTH,
                                                   KeyType.AES128), message)[:8]
        key = text(desk.key(name))
        return (await hsm.mac_dukpt(key, ksn, message, padding=padding) == made,
                await hsm.verify_mac_dukpt(key, ksn, message, made, padding=padding),
                await hsm.verify_mac_dukpt(key, ksn, message, bytes(8), padding=padding),
                await hsm.verify_mac_dukpt(key, ksn[1:], message, made, padding=padding))
    assert using(work) == (True, Check.GOOD, Check.WRONG, Check.MALFORMED)


def test_a_keyed_hash():
    async def work(hsm, desk, _):
        made = await hsm.hmac(text(desk.key("hmac")), PAN.encode())
        return made == hmac.digest(desk.value("hmac"), PAN.encode(), hashlib.sha256)
    assert using(work)
