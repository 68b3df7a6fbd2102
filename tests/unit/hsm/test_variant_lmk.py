"""The variant LMK against the public examples for the shared test LMK; PINs under it."""

import pytest

from hsm_sim.errors import HsmError
from hsm_sim.fields import Fields
from hsm_sim.key_types import KEY_TYPES, key_type
from hsm_sim.keys import Key
from hsm_sim.variant_lmk import VariantLmk, decrypt_by_scheme
from tests.unit.hsm.conftest import TEST_PAIRS

LMK = VariantLmk("01", TEST_PAIRS)
ACCOUNT = "900000012345"


def test_a_double_length_key_under_a_variant_of_pair_28_29():
    """A public example: both the type's variant and the scheme's are in it."""
    key = Key("E2", "T", "X", "S", bytes.fromhex("F1" * 8 + "C1" * 8))
    assert LMK.seal(key, b"U", "209") == b"U5178C9D3D1052B15BF6AEC458B4A4564"


@pytest.mark.parametrize(("sent", "answer"), [
    ("A6001U71979DEB8587E2734F1E99D5DCAEF9ACU482C4E722BB0CF1845E1E5BD16310119U",
     b"A700U0E07CDC0161A0DE3B5AA44DF227EC9DEABDEBC"),
    ("A6001U71979DEB8587E2734F1E99D5DCAEF9ACXC8E3118AFA853807EB7E92294663A5BAU",
     b"A700U1EF828AA8F6B80EB83E19FBC373F3A856F1E3F"),
    ("A6001U1457FF6ADF6250C66C368416B4C9D3832B930A07119F93A8Z", b"A700BAB32D775A38E4AB73936E"),
    ("A8002U1457FF6ADF6250C66C368416B4C9D3837BB126F2BE631486Z", b"A90016224FDAA779AFB31FFD3C"),
    ("A8002U1457FF6ADF6250C66C368416B4C9D383U8463435FC4B4DAA0C49025272C29B12CU",
     b"A900U2C62A23D001B97412950CD8BE66C7639070753"),
    ("A8002;0U1457FF6ADF6250C66C368416B4C9D383U8463435FC4B4DAA0C49025272C29B12CU%01\x19t",
     b"A900U2C62A23D001B97412950CD8BE66C7639070753\x19t"),
])
def test_import_and_export_as_the_public_examples_have_them(bench, sent, answer):
    """A6 and A8 of the simulators' test suites, under the shared test LMK."""
    bench.authorise("export")
    bench.authorise("import")
    assert bench.ask(sent) == answer


@pytest.mark.parametrize("code", sorted(KEY_TYPES))
@pytest.mark.parametrize("scheme", [b"Z", b"U", b"T"])
def test_what_is_sealed_opens_again_as_its_type_alone(code, scheme):
    value = bytes.fromhex("0123456789ABCDEFFEDCBA987654321089ABCDEF01234567")
    value = value[:{b"Z": 8, b"U": 16, b"T": 24}[scheme]]
    kind = key_type(code)
    key = Key(kind.usage, "T", kind.mode, "S", value)
    token = Fields(LMK.seal(key, scheme, code)).key()
    assert LMK.open(token, code) == key
    others = [LMK.seal(key, scheme, other) for other in KEY_TYPES if other != code]
    assert token.text not in others, "no two types share a pair and a variant"


def test_parts_cannot_change_places():
    value = bytes.fromhex("0123456789ABCDEF" * 2)
    sealed = LMK.seal(Key("P0", "T", "B", "S", value), b"U", "001")
    assert sealed[1:17] != sealed[17:]


@pytest.mark.parametrize(("call", "code"), [
    (lambda: key_type("0FF"), "04"),
    (lambda: LMK.seal(Key("P0", "A", "B", "S", bytes(16)), b"U", "001"), "28"),
    (lambda: LMK.seal(Key("P0", "T", "B", "S", bytes(16)), b"X", "001"), "26"),
    (lambda: LMK.seal(Key("P0", "T", "B", "S", bytes(24)), b"U", "001"), "27"),
    (lambda: LMK.open(Fields(b"U" + b"0" * 32).key(), "001"), "10"),
    (lambda: decrypt_by_scheme(bytes(16), Fields(b"RD0016" + b"0" * 11).key()), "26"),
])
def test_refusals(call, code):
    with pytest.raises(HsmError) as caught:
        call()
    assert caught.value.code == code


def test_a_pin_is_permuted_among_its_digits_and_bound_to_its_account():
    tokens = {LMK.pin_to_lmk(f"{pin:04d}", ACCOUNT, 4) for pin in range(10_000)}
    assert len(tokens) == 10_000
    assert all(len(token) == 5 and token.isdigit() for token in tokens)
    token = LMK.pin_to_lmk("1234", ACCOUNT, 12)
    assert LMK.pin_from_lmk(token, ACCOUNT) == "1234"
    with pytest.raises(HsmError, match="14"):
        LMK.pin_from_lmk(token, "900000012346")
