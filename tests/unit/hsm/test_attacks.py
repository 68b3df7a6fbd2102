"""A host that has been taken over, and has every key block: what it asks for and does not get.

Each test is an attack on the commands that is known of HSMs, or on this one's own rules.
"""

import os

import pytest

from hsm_sim.crypto import tr31
from hsm_sim.crypto.ciphers import odd_parity
from hsm_sim.keys import Key
from hsm_sim.settings import Settings
from hsm_sim.variant_lmk import encrypt_by_scheme
from tests.unit.hsm.conftest import Bench

ACCOUNT = "912345678901"
TABLE = "0123456789012345"


def sealed(bench, usage, mode="B", *, algorithm="T", exportability="N", value=b""):
    """A key block of a value that the attacker may know."""
    value = value or (odd_parity(os.urandom(16)) if algorithm == "T" else os.urandom(16))
    return bench.unit.seal(Key(usage, algorithm, mode, exportability, value), b"S").decode()


def block_for(value, usage, mode, *, version="D", algorithm="T", exportability="S"):
    """What somebody who knows a wrapping key can make."""
    header = tr31.Header(version=version, usage=usage, algorithm=algorithm, mode=mode,
                         exportability=exportability)
    return "R" + tr31.wrap(value, header, odd_parity(os.urandom(16)), os.urandom)


# -- a PIN key whose value somebody knows: every PIN could be translated to it


@pytest.mark.parametrize("usage", ["K0", "K1", "52"])
def test_session_keys_do_not_leave_under_a_zones_key_unattended(bench, usage):
    zmk = sealed(bench, usage, algorithm="A")
    assert bench.ask(f"A01FFFS;1{zmk}R#P0T2D00S00") == b"A1A6"
    zone = bench.ask("A00000U")[4:-6].decode()
    assert bench.ask(f"A0170DU;1{zone}U") == b"A110", "a type of its own"


def test_a_terminals_key_is_no_target_for_other_terminals_pins(bench):
    """One terminal's master key is known: its session keys are, and they are good for nothing but
    what this terminal sends."""
    known = os.urandom(16)
    tmk = sealed(bench, "51", algorithm="A", value=known)
    assert bench.ask(f"A01FFFS;1{tmk}R#P0T2B00S00") == b"A1A8", "decryption alone"
    assert bench.ask(f"A01FFFS;1{tmk}R#P0T2E00S00") == b"A1A8"
    made = bench.ask(f"A01FFFS;1{tmk}R#P0T2D00S00").decode()
    end = 5 + int(made[6:10])
    tpk, outside = made[4:end], made[end:-6]
    header, _ = tr31.unwrap(known, outside[1:])
    assert (header.usage, header.mode, header.exportability) == ("P0", "E", "S"), "it encrypts"
    victim, pin = sealed(bench, "P0"), bench.ask(f"JA{ACCOUNT}")[4:].decode()
    block = bench.ask(f"JG{victim}01{ACCOUNT}{pin}")[4:].decode()
    assert bench.ask(f"CC{victim}{tpk}12{block}0101{ACCOUNT}") == b"CDA8"
    assert bench.ask(f"JG{tpk}01{ACCOUNT}{pin}") == b"JHA8"
    assert bench.ask(f"A6FFF;1{tmk}{outside}S") == b"A729", "nor does it come back as another"


def test_a_session_key_of_a_variant_lmk_is_a_terminals(bench):
    tmk = bench.ask("A0080DU")[4:-6].decode()
    assert bench.ask(f"A01001U;1{tmk}X") == b"A129", "a zone's PIN key is none"
    assert bench.ask(f"A0170DU;1{tmk}X")[:4] == b"A100"


def test_nothing_comes_in_under_a_terminals_key(bench):
    known = os.urandom(16)
    tmk = sealed(bench, "51", algorithm="A", value=known)
    bench.authorise("import")
    assert bench.ask(f"A6FFF;1{tmk}{block_for(known, 'P0', 'B')}S") == b"A729"


@pytest.mark.parametrize(("usage", "wanted"), [("K0", ""), ("K1", ""), ("K0", "51"), ("K0", "52"),
                                               ("K1", "51")])
def test_a_key_that_wraps_keys_comes_in_with_two_peoples_word(bench, usage, wanted):
    zone = os.urandom(16)
    zmk = sealed(bench, "K0", algorithm="A", value=zone)
    block = block_for(zone, usage, "B", algorithm="A")
    sent = f"A6FFF{zmk}{block}S" + (f"#{wanted}B00N00" if wanted else "")
    assert bench.ask(sent) == b"A717"
    bench.authorise("import")
    came = bench.ask(sent)
    assert came[:4] == b"A700"
    assert came[10:12].decode() == wanted or (not wanted and came[10:12].decode() == usage)


# -- one key under two headers


def test_a_header_that_is_not_bound_to_its_key_needs_two_peoples_word(bench):
    """A zone's PIN key in an older form, brought in once more as a data key, would open blocks."""
    zone = odd_parity(os.urandom(16))
    zmk = sealed(bench, "52", value=zone)
    older = encrypt_by_scheme(zone, odd_parity(os.urandom(16)), b"X").decode()
    sent = f"A6FFF{zmk}{older}S#D0B00N00"
    assert bench.ask(sent) == b"A717"
    bench.authorise("import")
    assert bench.ask(sent)[:4] == b"A700"


def test_nor_do_they_come_under_a_variant_lmk(bench):
    zmk = bench.ask("A00000U")[4:-6].decode()
    assert bench.ask(f"A600A{zmk}X{'0' * 32}U") == b"A717"


@pytest.mark.parametrize("version", ["A", "C"])
def test_four_bytes_of_mac_are_too_few_to_go_without_people(bench, version):
    zone = odd_parity(os.urandom(16))
    zmk = sealed(bench, "52", value=zone)
    sent = f"A6FFF{zmk}{block_for(zone, 'P0', 'B', version=version)}S"
    assert bench.ask(sent) == b"A717"
    bench.authorise("import")
    assert bench.ask(sent)[:4] == b"A700"


@pytest.mark.parametrize("asked", ["P0B00S00", "D0E00S00", "D0B01S00", "D0B00N01TS05x"])
def test_a_key_block_is_not_told_what_it_is(bench, asked):
    zone = os.urandom(16)
    zmk = sealed(bench, "52", algorithm="A", value=zone)
    assert bench.ask(f"A6FFF{zmk}{block_for(zone, 'D0', 'B')}S#{asked}")[:3] == b"A7A"


@pytest.mark.parametrize(("mode", "exportability", "code"), [
    ("B", "E", b"A7AA"), ("B", "N", b"A7AA"), ("D", "S", b"A7A8"), ("B", "S", b"A700"),
    ("N", "S", b"A700")])
def test_a_variant_key_says_less_than_a_block_and_so_allows_no_more(bench, mode, exportability,
                                                                     code):
    zone = odd_parity(os.urandom(16))
    zmk = bench.unit.seal(Key("K0", "T", "B", "S", zone), b"U", variant_type="000").decode()
    block = block_for(zone, "P0", mode, version="B", exportability=exportability)
    assert bench.ask(f"A6001{zmk}{block}U")[:4] == code


@pytest.mark.parametrize("parts", ["AAB", "ABB", "ABA"])
def test_a_triple_length_key_has_three_parts(bench, parts):
    """Two parts that are the same leave a single or a double length key."""
    zone = odd_parity(os.urandom(24))
    zmk = sealed(bench, "52", value=zone)
    halves = {"A": odd_parity(os.urandom(8)), "B": odd_parity(os.urandom(8))}
    value = b"".join(halves[part] for part in parts)
    bench.authorise("import")
    older = encrypt_by_scheme(zone, value, b"Y").decode()
    assert bench.ask(f"A6FFF{zmk}{older}S#D0B00N00") == b"A775"


def test_a_terminals_pin_key_is_no_pin_verification_key(bench):
    """With one type for both, an offset is an encryption under the PIN key."""
    tpk = bench.ask("A0070DU")[4:-6].decode()
    pin = bench.ask(f"JA{ACCOUNT}")[4:].decode()
    assert bench.ask(f"DE{tpk}{pin}04{ACCOUNT}{TABLE}0412341234NF") == b"DF10"
    block = "0" * 16
    pvk = bench.ask("A00002U")[4:-6].decode()
    assert bench.ask(f"DC{pvk}{pvk}{block}01{ACCOUNT}11234") == b"DD10"


# -- checks that are asked until they tell


@pytest.mark.parametrize("letters", ["DA", "EA", "DE", "GO"])
def test_a_decimalization_table_is_the_operators(bench, letters):
    """One digit of the table changed after the other tells where a natural PIN has it."""
    changed = "1123456789012345"
    pvk, zpk = sealed(bench, "V1", "N"), sealed(bench, "P0")
    pin = bench.ask(f"JA{ACCOUNT}")[4:].decode()
    block = bench.ask(f"JG{zpk}01{ACCOUNT}{pin}")[4:].decode()

    def asked(table):
        ibm = f"04{ACCOUNT}{table}1234567N8901"
        bdk = sealed(bench, "B0", "X")
        return {"DE": f"DE{pvk}{pin}{ibm}",
                "GO": f"GO0{bdk}{pvk}A05FFFF9876543210E00001{block}01{ibm}1234FFFFFFFF"}.get(
                    letters, f"{letters}{zpk}{pvk}12{block}01{ibm}1234FFFFFFFF")
    assert bench.ask(asked(changed))[2:] == b"25"
    assert bench.ask(asked(TABLE))[2:4] in {b"00", b"01", b"20", b"24"}
    allowed = Bench(Settings(decimalization_tables=frozenset({changed})))
    allowed.unit.key_block_lmk = bench.unit.key_block_lmk
    assert allowed.ask(asked(changed))[2:4] in {b"00", b"01", b"20", b"24"}


@pytest.mark.parametrize(("key", "algorithm"), [("M6", "5"), ("M1", "1"), ("M3", "3")])
def test_who_may_check_a_mac_cannot_make_one(bench, key, algorithm):
    """What one part of a message leaves for the next one is as good as a MAC."""
    block = sealed(bench, key, "V", algorithm="A" if key == "M6" else "T")
    for part, chain in (("1", ""), ("2", "0" * (32 if key == "M6" else 16))):
        assert bench.ask(f"M8{part}01{algorithm}0FFF{block}{chain}0010{'x' * 16}") == b"M9A8"
        assert bench.ask(f"M6{part}01{algorithm}0FFF{block}{chain}0010{'x' * 16}") == b"M7A8"


# -- nothing that is asked takes the process, the line or the memory


def test_an_answer_too_long_for_its_frame_is_an_error(bench):
    key = sealed(bench, "D0", algorithm="A")
    asked = f"M00001FFF{key}9000{'x' * 0x9000}"
    assert bench.ask(asked) == b"M180"


def test_a_check_value_of_a_key_that_has_none(bench):
    pair = bench.ask("FY00#S0S00N00")[4 + 130:].decode()
    assert bench.ask(f"BUFF1{pair};FFF") == b"BVA7"


def test_an_audit_log_that_cannot_be_written_is_an_error_of_this_command_alone(bench):
    def full(event, /, **facts):
        raise OSError(28, "no space left")
    bench.unit.audit = full
    assert bench.ask("A00FFFS#P0T2B00N00") == b"A141", "no key without its record"
    assert bench.ask(f"BA1234FFFFFFFFF{ACCOUNT}") == b"BB41", "a refusal neither"
    assert bench.ask("NC")[:4] == b"ND00"


def test_long_key_blocks_do_not_fill_the_memory(bench):
    """Nine thousand characters each, and twenty thousand of them would be kept."""
    optional = "".join(f"{number:02d}FF{'x' * 251}" for number in range(30))
    made = bench.ask(f"A00FFFS#P0T2B00N30{optional}")
    bench.ask(b"BUFF1" + made[4:-6] + b";FFF")
    assert bench.unit.figures()["open_keys"] == 0


def test_an_optional_block_that_does_not_fit_is_refused_when_it_comes(bench):
    zone = os.urandom(16)
    zmk = sealed(bench, "52", algorithm="A", value=zone)
    header = tr31.Header(version="D", usage="P0", algorithm="T", mode="B", exportability="S",
                         blocks=(("TS", "x" * 300),))
    block = "R" + tr31.wrap(zone, header, odd_parity(os.urandom(16)), os.urandom)
    assert bench.ask(f"A6FFF{zmk}{block}S") == b"A7AC"


def test_a_header_is_no_trailer(bench):
    answer = bench.dispatcher.answer(b"\x19abcECx")
    assert answer[2:] == b"\x19abcED15"
