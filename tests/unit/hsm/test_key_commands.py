"""A0, A6, A8 and BU: what is made, what comes in, what may leave, and under what."""

import itertools

import pytest

from hsm_sim.crypto import tr31
from hsm_sim.fields import Fields


def made(bench, header):
    """A new key's block under the LMK."""
    answer = bench.ask(f"A00FFFS#{header}")
    assert answer[:4] == b"A100", answer
    return answer[4:-6].decode()


def opened(bench, block):
    """The clear key of a block: a test may look."""
    return bench.unit.open_any(Fields(block.encode()).key(), "FFF")


@pytest.mark.parametrize(("sent", "start", "length"), [
    ("A00002U", b"A100U", 5 + 32 + 6), ("A00001T", b"A100T", 5 + 48 + 6),
    ("A00003Z", b"A100", 4 + 16 + 6), ("A0080DU%01", b"A100U", 5 + 32 + 6),
    ("A00FFFS#K0T2B00E00", b"A100S10096K0TB00E0000", 4 + 97 + 6),
    ("A00FFFS%00#P0A3B01N00", b"A100S10128P0AB01N0000", 4 + 129 + 6),
    ("A00FFFS#M7H3C00N00", b"A100S10128M7HC00N0000", 4 + 129 + 6),
    ("A00FFFS#P0T2B00E01TS09abcde", b"A100S10105P0TB00E0100TS09abcde", 4 + 106 + 6)])
def test_keys_are_made(bench, sent, start, length):
    answer = bench.ask(sent)
    assert answer.startswith(start)
    assert len(answer) == length


def test_the_example_of_the_papers_parses_where_01_is_the_key_block_lmk(bench):
    assert bench.ask("A00FFFS%01#K0T2B00E00") == b"A1A1", "here 01 is the variant LMK"
    assert bench.ask("A00002U%00") == b"A1A1"
    assert bench.ask("A00002U%02") == b"A113"


@pytest.mark.parametrize(("sent", "code"), [
    ("A02002U", "15"), ("A00xyzU", "15"), ("A000FFU", "04"), ("A00002S", "28"), ("A00FFFU", "26"),
    ("A00002X", "26"), ("A00002Q", "26"), ("A00FFFS", "15"), ("A00FFFS#K0T9B00E00", "A7"),
    ("A00FFFS#K0T2B00X00", "15"), ("A00FFFS#K0T2Z00E00", "A8"), ("A00FFFS#K0T2B00E01TS03x", "AC"),
    ("A00FFFS#K0T2B00E00x", "15"), ("A01FFFS", "15"), ("A0", "15")])
def test_what_cannot_be_made(bench, sent, code):
    assert bench.ask(sent) == f"A1{code}".encode()


def test_key_values_have_parity_and_their_check_value(bench):
    answer = bench.ask("A00FFFS#P0T2B00E00")
    key = opened(bench, answer[4:-6].decode())
    assert all(byte.bit_count() % 2 for byte in key.value)
    assert bench.ask(b"BUFF1" + answer[4:-6] + b";FFF") == b"BV00" + answer[-6:]
    variant = bench.ask("A00002U")
    assert bench.ask(b"BU021" + variant[4:-6]) == b"BV00" + variant[-6:]
    assert bench.ask(b"BU021" + variant[4:-6] + b";000") == b"BV17", "16H says too much"
    assert bench.ask(b"BU011" + variant[4:-6]) != b"BV00" + variant[-6:], "another type's pair"


@pytest.mark.parametrize(("wrapper", "version"), [("52A3B00N00", "D"), ("K0A1B00N00", "D"),
                                                  ("K1T3B00N00", "B"), ("52T2E00N00", "B")])
def test_a_key_leaves_under_a_zones_key_as_a_key_block(bench, wrapper, version):
    zmk, zpk = made(bench, wrapper), made(bench, "P0T2B00E00")
    bench.authorise("export")
    answer = bench.ask(f"A8FFF{zmk}{zpk}R")
    assert answer[:5] == b"A900R"
    header, value = tr31.unwrap(opened(bench, zmk).value, answer[5:-6].decode())
    assert (header.version, header.usage, header.mode, header.exportability) == (
        version, "P0", "B", "E")
    assert value == opened(bench, zpk).value
    assert bench.records[-1][0] == "key exported"


def test_a_key_that_left_comes_back_as_it_was(bench):
    bench.authorise("export")
    zmk, zpk = made(bench, "52A3B00N00"), made(bench, "P0A1B07E01TS09abcde")
    block = bench.ask(f"A8FFF{zmk}{zpk}R")[4:-6].decode()
    back = bench.ask(f"A6FFF{zmk}{block}S")
    assert opened(bench, back[4:-6].decode()) == opened(bench, zpk)
    tighter = bench.ask(f"A6FFF{zmk}{block}S&N")
    assert opened(bench, tighter[4:-6].decode()).exportability == "N"
    assert bench.ask(f"A6FFF{zmk}{block}S&S") == b"A7AA", "not a looser one"
    flipped = block[:-1] + ("0" if block[-1] != "0" else "1")
    assert bench.ask(f"A6FFF{zmk}{flipped}S") == b"A7A4"
    assert bench.ask(f"A6001{zmk}{block}U") == b"A728", "AES under a variant LMK"
    assert bench.ask(f"A60FF{zmk}{block}U") == b"A704"


def test_export_needs_both_custodians_and_ends_with_its_time(bench):
    zmk, zpk = made(bench, "52A3B00N00"), made(bench, "P0T2B00E00")
    generated = f"A01FFFS;0{zmk}R#P0T2B00E00"
    assert bench.ask(f"A8FFF{zmk}{zpk}R") == b"A917"
    assert bench.ask(generated) == b"A117"
    bench.unit.authority.authorise("export", "alice", 10)
    bench.unit.authority.authorise("export", "alice", 10)
    assert bench.ask(f"A8FFF{zmk}{zpk}R") == b"A917", "the same one twice is one"
    bench.unit.authority.authorise("export", "bob", 10)
    assert bench.ask(f"A8FFF{zmk}{zpk}R")[:4] == b"A900"
    assert bench.ask(generated)[:4] == b"A100"
    bench.now_s += 600
    assert bench.ask(f"A8FFF{zmk}{zpk}R") == b"A917"


@pytest.mark.parametrize(("tmk", "header"), [
    ("51T2B00N00", "P0T2D00E00"), ("51A1B00N00", "P0T2D00E00"),
    ("51T2B00N00", "M3T2C00E00"), ("51A1B00N00", "M6A1C00E00")])
def test_fresh_session_keys_leave_under_a_terminals_key_unattended(bench, tmk, header):
    block = made(bench, tmk)
    answer = bench.ask(f"A01FFFS;1{block}R#{header}").decode()
    assert answer.startswith("A100S")
    length = 5 + int(answer[6:10])
    under_lmk, outside = answer[4:length], answer[length:-6]
    parsed, value = tr31.unwrap(opened(bench, block).value, outside[1:])
    assert parsed.usage == header[:2]
    assert value == opened(bench, under_lmk).value


def test_but_no_other_key_does(bench):
    tmk = made(bench, "51A3B00N00")
    assert bench.ask(f"A01FFFS;1{tmk}R#K0A1B00E00") == b"A129"
    assert bench.records[-1] == ("refused", {"command": "A0", "code": "29"})
    assert bench.ask(f"A8FFF;1{tmk}{made(bench, 'P0T2B00E00')}R") == b"A917", "not a used one"


def test_a_key_says_itself_whether_it_may_leave(bench):
    bench.authorise("export")
    zmk = made(bench, "52T3B00N00")
    for exportability, older, block in (("N", b"A929", b"A929"), ("E", b"A929", b"A900"),
                                        ("S", b"A900", b"A900")):
        key = made(bench, f"P0T2B00{exportability}00")
        assert bench.ask(f"A8FFF{zmk}{key}U")[:4] == older
        assert bench.ask(f"A8FFF{zmk}{key}R")[:4] == block


WEAKER = ["T1", "T2", "T3", "A1", "A2", "A3"]


@pytest.mark.parametrize(("under", "key"), list(itertools.product(WEAKER, WEAKER)))
def test_a_key_never_leaves_under_a_weaker_one(bench, under, key):
    """NIST SP 800-57 part 1: two-key TDES 80 bits, three-key 112, AES its length."""
    bits = dict(zip(WEAKER, (56, 80, 112, 128, 192, 256), strict=True))
    bench.authorise("export")
    zmk, inner = made(bench, f"52{under}B00N00"), made(bench, f"D0{key}B00E00")
    answer = bench.ask(f"A8FFF{zmk}{inner}R")[:4]
    if under == "T1":
        assert answer == b"A927", "a single length key wraps nothing"
    else:
        assert answer == (b"A900" if bits[under] >= bits[key] else b"A9BB")


@pytest.mark.parametrize(("wrapper", "code"), [
    ("P0A3B00N00", "A6"), ("51A3B00N00", "A6"), ("52A3D00N00", "A8"), ("V2T2B00N00", "A6")])
def test_what_wraps_is_made_for_it(bench, wrapper, code):
    bench.authorise("export")
    key, zmk = made(bench, "P0T2B00E00"), made(bench, wrapper)
    assert bench.ask(f"A8FFF{zmk}{key}R") == f"A9{code}".encode()


@pytest.mark.parametrize("scheme", ["Q", "S"])
def test_a_scheme_that_is_none(bench, scheme):
    bench.authorise("export")
    zmk, key = made(bench, "52T3B00N00"), made(bench, "P0T2B00S00")
    assert bench.ask(f"A8FFF{zmk}{key}{scheme}") == b"A926"


def test_older_forms_come_in_as_what_the_message_says(bench):
    bench.authorise("export")
    bench.authorise("import")
    zmk, key = made(bench, "52T2B00N00"), made(bench, "P0T2B00S00")
    for scheme in "UX":
        older = bench.ask(f"A8FFF{zmk}{key}{scheme}")[4:-6].decode()
        assert older[0] == scheme
        back = bench.ask(f"A6FFF{zmk}{older}S%00#P0D09E00")
        assert back.startswith(b"A700S10096P0TD09E0000")
        assert opened(bench, back[4:-6].decode()).value == opened(bench, key).value
        assert bench.ask(f"A6FFF{zmk}{older}S") == b"A715", "nobody says what it is"
        assert bench.ask(f"A6FFF{zmk}{older}S1") == b"A715", "no Atalla variants here"
    assert bench.ask(f"A6FFF{zmk}U{'0' * 32}S#P0D09E00") == b"A710", "parity: another ZMK"


def test_what_is_no_key_does_not_come_in(bench):
    from hsm_sim.variant_lmk import encrypt_by_scheme  # noqa: PLC0415

    bench.authorise("import")
    zmk = made(bench, "52T2B00N00")
    under = opened(bench, zmk).value
    for value, code in ((b"\x01" * 16, b"A711"), (bytes.fromhex("0123456789ABCDEF" * 2), b"A775")):
        older = encrypt_by_scheme(under, value, b"U").decode()
        assert bench.ask(f"A6FFF{zmk}{older}S#P0D09E00") == code


def test_a_variant_key_is_of_its_type(bench):
    bench.authorise("export")
    zmk = bench.ask("A00000U")[4:-6].decode()
    zpk = bench.ask("A00001U")[4:-6].decode()
    block = bench.ask(f"A8001{zmk}{zpk}R")[4:-6].decode()
    assert bench.ask(f"A6001{zmk}{block}U")[4:-6].decode() == zpk
    assert bench.ask(f"A6402{zmk}{block}U") == b"A7BD"
    bench.unit.variant_lmk = None
    assert bench.ask("A00002U") == b"A126", "a variant LMK has to be asked for"
