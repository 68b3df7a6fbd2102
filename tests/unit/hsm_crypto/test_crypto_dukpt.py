"""DUKPT: the annexes of ANSI X9.24-1 and X9.24-3, counter by counter, and what is no counter."""

import itertools
from pathlib import Path

import pytest
from crypto_oracles import WELL_KNOWN, h, keys16
from hypothesis import given
from hypothesis import strategies as st

from hsm_sim.crypto import dukpt_aes, dukpt_tdes
from hsm_sim.crypto.ciphers import aes_encrypt, tdes_encrypt
from hsm_sim.crypto.dukpt_aes import KeyType, Purpose, initial_key, working_key

TDES_EXAMPLES = [line.split() for line in
                 Path(__file__).with_name("dukpt_tdes.txt").read_text().splitlines()
                 if not line.startswith("#")]
TERMINAL = h("FFFF9876543210E00000")
BDK_128 = h("FEDCBA9876543210F1F1F1F1F1F1F1F1")
BDK_256 = BDK_128 * 2
KEY_ID = h("1234567890123456")


def test_initial_key_x9_24_1_a_4():
    assert dukpt_tdes.ipek(WELL_KNOWN, TERMINAL) == h("6AC292FAA1315B4D858AB3A3D7D5933A")


@given(counter=st.integers(0, (1 << 21) - 1))
def test_the_initial_key_does_not_depend_on_the_counter(counter):
    ksn = (int.from_bytes(TERMINAL, "big") | counter).to_bytes(10, "big")
    assert dukpt_tdes.ipek(WELL_KNOWN, ksn) == dukpt_tdes.ipek(WELL_KNOWN, TERMINAL)


@pytest.mark.parametrize(("ksn", "key", "block"), TDES_EXAMPLES)
def test_transaction_keys_and_pin_blocks_x9_24_1_a_4_2_and_a_4_3(ksn, key, block):
    assert dukpt_tdes.transaction_key(WELL_KNOWN, h(ksn)) == h(key)
    assert tdes_encrypt(dukpt_tdes.pin_key(WELL_KNOWN, h(ksn)), h("041274EDCBA9876F")) == h(block)


def test_variants_of_the_first_key_x9_24_1_annex_a():
    ksn = h("FFFF9876543210E00001")
    assert dukpt_tdes.pin_key(WELL_KNOWN, ksn) == h("042666B49184CF5C68DE9628D0397B36")
    assert dukpt_tdes.mac_keys(WELL_KNOWN, ksn) == (
        h("042666B4918430A368DE9628D03984C9"), h("042666B46E84CFA368DE96282F397BC9"))
    assert dukpt_tdes.data_keys(WELL_KNOWN, ksn)[0] == h("448D3F076D8304036A55A3D7E0055A78")


@pytest.mark.parametrize(("counter", "key"), [
    (2, "F1BE73B36135C5C26CF937D50ABBE5AF"), (3, "EEEEF522C67239E4A2A65FEBF4C511F4"),
    (4, "BCF2610997C3AC3C5F13AE965A1B773B"), (5, "F3054D8B7471284BDB4EE18AFC3B091B"),
])
def test_data_keys_of_public_sources(counter, key):
    ksn = TERMINAL[:9] + bytes([counter])
    request, response = dukpt_tdes.data_keys(WELL_KNOWN, ksn)
    assert request == h(key)
    variant = bytes(a ^ b for a, b in zip(dukpt_tdes.transaction_key(WELL_KNOWN, ksn),
                                          h("000000FF00000000" * 2), strict=True))
    assert response == tdes_encrypt(variant, variant) != request


@given(bdk=keys16, serial=st.binary(min_size=8, max_size=8),
       places=st.sets(st.integers(0, 20), min_size=1, max_size=10))
def test_a_register_of_a_terminal_arrives_at_the_same_key(bdk, serial, places):
    """The terminal's own way: one bit after the other, from the highest."""
    counter = sum(1 << place for place in places)
    ksn = int.from_bytes(serial + bytes(2), "big") & ~0x1FFFFF
    key, reached = dukpt_tdes.ipek(bdk, ksn.to_bytes(10, "big")), ksn
    for place in sorted(places, reverse=True):
        reached |= 1 << place
        key = terminal_step(key, reached & 0xFFFFFFFFFFFFFFFF)
    assert dukpt_tdes.transaction_key(bdk, (ksn | counter).to_bytes(10, "big")) == key


def terminal_step(key: bytes, register: int) -> bytes:
    """X9.24-1 A.2, 'Non-reversible Key Generation Process', in integers."""
    halves = []
    for mask in (0xC0C0C0C000000000, 0):
        left = int.from_bytes(key[:8], "big") ^ mask
        right = int.from_bytes(key[8:], "big") ^ mask
        out = tdes_encrypt(left.to_bytes(8, "big"), (register ^ right).to_bytes(8, "big"))
        halves.append((int.from_bytes(out, "big") ^ right).to_bytes(8, "big"))
    return halves[0] + halves[1]


@pytest.mark.parametrize(("ksn", "text"), [
    ("FFFF9876543210E00000", "is 0"),
    ("FFFF9876543210E007FF", "has 11 ones"),
    ("FFFF9876543210FFFFFF", "has 21 ones"),
    ("FFFF9876543210E001", "10 bytes, this one has 9"),
    ("FFFF9876543210E0000100", "10 bytes, this one has 11"),
])
def test_what_is_no_tdes_ksn(ksn, text):
    for derive in (dukpt_tdes.pin_key, dukpt_tdes.mac_keys, dukpt_tdes.data_keys):
        with pytest.raises(ValueError, match=text):
            derive(WELL_KNOWN, h(ksn))


def test_a_tdes_base_key_has_two_halves():
    for length in (8, 24):
        with pytest.raises(ValueError, match=f"16 bytes, this one has {length}"):
            dukpt_tdes.ipek(bytes(length), TERMINAL)


def test_initial_keys_x9_24_3_annex_b():
    assert initial_key(BDK_128, KEY_ID) == h("1273671EA26AC29AFA4D1084127652A1")
    assert initial_key(BDK_256, KEY_ID) \
        == h("CE9CE0C101D1138F97FB6CAD4DF045A7083D4EAE2D35A31789D01CCF0949550F")


@pytest.mark.parametrize(("counter", "key"), [
    (0x00000001, "AF8CB133A78F8DC2D1359F18527593FB"),
    (0x00000002, "D30BDC73EC9714B000BEC66BDB7B6D09"),
    (0x00000003, "7D69F01F3B45449F62C7816ECE723268"),
    (0x00000004, "91A0588318EC2673214271F70137896E"),
    (0x00000005, "35A43BC9EFEB09C756204B57E3FB7D4D"),
    (0x00000006, "02DCC6CD1201A3A2CA7099559C862123"),
    (0x00000007, "6ECF912F3B18CA11A7A27BB60705FD09"),
    (0x00000008, "4D9DF3FBEE3448FC3E676D04320A90F5"),
    (0xFFFE4000, "6239A27F572DEDB17BCA1AC413EF9FE9"),
    (0xFFFE8000, "F10C1404137A80718FCCE8BD90FF9F67"),
    (0xFFFF0000, "27EFAC1D158632588F4AC69E45C247C4"),
])
def test_pin_keys_aes_128_x9_24_3_supplement(counter, key):
    ksn = KEY_ID + counter.to_bytes(4, "big")
    assert working_key(BDK_128, ksn, Purpose.PIN, KeyType.AES128) == h(key)


@pytest.mark.parametrize(("counter", "key"), [
    (0x00000001, "8C1AB7BEE973829E30242E0BBBDD4946D540C98FC1B5BDCF94790001A23FD502"),
    (0x00000002, "3583D6CD02FC38822CC71A8D7678E04F4A8556335E6CC66863D3DADC5AEE2C62"),
    (0x00000003, "96A1AB5D37CB7CF81DDE64F66C46E0389B833E7AD5F4E44C791F04FAFDA6DA0E"),
    (0xFFFE4000, "F388FF9FB1D66E8812BC67CA5B85CE5554063E09A2440EC1AF4EB433CCFBAF35"),
    (0xFFFE8000, "FAC4E05A67AB1522505CF0E94E5977B99D0E5B116D76ABB6B8A64F0D785FF6DF"),
    (0xFFFF0000, "88B82556AEF4A681E0687F443A4C4F305AF9203B114470DFC77C7F08BC43F9DA"),
])
def test_pin_keys_aes_256_x9_24_3_supplement(counter, key):
    ksn = KEY_ID + counter.to_bytes(4, "big")
    assert working_key(BDK_256, ksn, Purpose.PIN, KeyType.AES256) == h(key)


@pytest.mark.parametrize(("bdk", "purpose", "key_type", "key"), [
    (BDK_128, Purpose.MAC_GENERATE, KeyType.AES128, "A2DC23DE6FDE0824A2BC321E08E4B8B7"),
    (BDK_128, Purpose.MAC_VERIFY, KeyType.AES128, "DBB463945B286C07CD3AD82EE96FD9C9"),
    (BDK_128, Purpose.MAC_BOTH, KeyType.AES128, "85675439D18D7F1158BD8E3EAA3D502B"),
    (BDK_128, Purpose.DATA_ENCRYPT, KeyType.AES128, "A35C412EFD41FDB98B69797C02DCD08F"),
    (BDK_128, Purpose.DATA_DECRYPT, KeyType.AES128, "16292C6EA8F64C5420A0584BFBC577BE"),
    (BDK_128, Purpose.DATA_BOTH, KeyType.AES128, "A308E080DD15A1B741F1721BF67DE11C"),
    (BDK_128, Purpose.KEY_ENCRYPTION, KeyType.AES128, "36A724B7BEFA5A25F5E7B5782A4554A2"),
    (BDK_128, Purpose.PIN, KeyType.TDES2, "630C706D9546E47D4449313F61C4D4AB"),
    (BDK_128, Purpose.MAC_GENERATE, KeyType.TDES2, "5D8FD787E8A796D07035FFCA9B5800BB"),
    (BDK_128, Purpose.DATA_ENCRYPT, KeyType.TDES2, "BD44121C223F831446A01EE3A4CB58D2"),
    (BDK_128, Purpose.PIN, KeyType.TDES3, "EA8B3F37EB9B15831167EF2977FD8762D9B5913F35766F6A"),
    (BDK_128, Purpose.MAC_GENERATE, KeyType.TDES3,
     "2A1061A6EAC2C14FAC3758EA07B3648A624B24E942785BF1"),
    (BDK_128, Purpose.DATA_ENCRYPT, KeyType.TDES3,
     "F716DFBC6B2D2D5825B694EEEE181A013F2F1C09380BBE0C"),
    (BDK_256, Purpose.MAC_GENERATE, KeyType.AES256,
     "61DABDF4B340CF461EE860B1D1AB55357142BD2D6977306859CF49AEFE8F1549"),
    (BDK_256, Purpose.DATA_ENCRYPT, KeyType.AES256,
     "71EB36C9A6B7F801D1D1700C29741FC5A5C4E9B45D742DA7AF6992B8AA29AF58"),
])
def test_working_keys_of_the_first_transaction_x9_24_3_supplement(bdk, purpose, key_type, key):
    assert working_key(bdk, KEY_ID + h("00000001"), purpose, key_type) == h(key)


def test_derivation_data_of_aes_192_x9_24_3_6_3_2():
    """No published vector has an AES-192 key: here is the data that the standard's table gives."""
    bdk = bytes(range(24))
    tail = h("000300C0") + KEY_ID
    initial = (aes_encrypt(bdk, h("01018001") + tail) + aes_encrypt(bdk, h("01028001") + tail))[:24]
    assert initial_key(bdk, KEY_ID) == initial
    tail = h("000300C0") + KEY_ID[4:] + h("00000001")
    step = (aes_encrypt(initial, h("01018000") + tail)
            + aes_encrypt(initial, h("01028000") + tail))[:24]
    pin = (aes_encrypt(step, h("01011000") + tail) + aes_encrypt(step, h("01021000") + tail))[:24]
    assert working_key(bdk, KEY_ID + h("00000001"), Purpose.PIN, KeyType.AES192) == pin


def test_no_two_working_keys_are_the_same():
    keys = [working_key(BDK_256, KEY_ID + h("00000101"), purpose, key_type)
            for purpose, key_type in itertools.product(Purpose, KeyType)]
    assert len({key[:16] for key in keys}) == len(Purpose) * len(KeyType)
    assert {len(key) for key in keys} == {16, 24, 32}


@pytest.mark.parametrize("length", [16, 24, 32])
def test_a_working_key_is_at_most_as_strong_as_the_base_key(length):
    for key_type in KeyType:
        stronger = key_type.name.startswith("AES") and key_type.value[1] > length
        if stronger:
            with pytest.raises(ValueError, match=f"{key_type.name} is stronger"):
                working_key(bytes(length), KEY_ID + h("00000001"), Purpose.PIN, key_type)
        else:
            key = working_key(bytes(length), KEY_ID + h("00000001"), Purpose.PIN, key_type)
            assert len(key) == key_type.value[1]


@pytest.mark.parametrize(("ksn", "text"), [
    ("123456789012345600000000", "is 0"),
    ("12345678901234560001FFFF", "has 17 ones"),
    ("1234567890123456FFFFFFFF", "has 32 ones"),
    ("1234567890123456000001", "12 bytes, this one has 11"),
    ("FFFF9876543210E00001", "12 bytes, this one has 10"),
])
def test_what_is_no_aes_ksn(ksn, text):
    with pytest.raises(ValueError, match=text):
        working_key(BDK_128, h(ksn), Purpose.PIN, KeyType.AES128)


def test_aes_base_keys_and_ids_of_wrong_lengths():
    with pytest.raises(ValueError, match="16, 24 or 32 bytes, this one has 8"):
        working_key(bytes(8), KEY_ID + h("00000001"), Purpose.PIN, KeyType.TDES2)
    with pytest.raises(ValueError, match="8 bytes, this one has 7"):
        initial_key(BDK_128, KEY_ID[:7])


def test_steps_that_are_kept_are_bounded():
    for counter in range(1, dukpt_aes.MAX_STEPS + 600):
        if counter.bit_count() <= 10:
            ksn = counter.to_bytes(4, "big")
            working_key(BDK_128, KEY_ID + ksn, Purpose.PIN, KeyType.AES128)
    assert dukpt_aes._derive.cache_info().currsize <= dukpt_aes.MAX_STEPS
    assert dukpt_tdes._step.cache_info().maxsize == dukpt_tdes.MAX_STEPS
