"""Whatever comes in, an answer goes out, and it is never 41, an HSM that failed (invariant 14)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hsm_sim.authority import ACTIVITIES
from hsm_sim.commands import COMMANDS
from hsm_sim.frame import Framer
from tests.unit.hsm.conftest import Bench

BENCH = Bench()
for _activity in ACTIVITIES:
    BENCH.authorise(_activity)


def key(header):
    return BENCH.ask(f"A00FFFS#{header}")[4:-6]


PIECES = [
    key("P0T2B00S00"), key("P0A1B00N00"), key("V2T2C00N00"), key("52A3B00N00"), key("C0T2C00N00"),
    key("E0T2N00N00"), key("B0T2X00N00"), key("B0A1X00N00"), key("M3T2C00N00"), key("M6A1C00N00"),
    key("M7H3C00N00"), BENCH.ask("A00002U")[4:-6], BENCH.ask("A00009U")[4:-6],
    BENCH.ask("A00001T")[4:-6], b"0123456789ABCDEF", b"123456789012", b"01", b"05", b"47", b"48",
    b"00", b"12", b"1", b"0", b"FFF", b"001", b";", b"%00", b"%01", b"#", b"&N", b"R", b"S", b"U",
    b"N", b"\x19trailer", b"0010", b"\x00\x10", bytes(16), b"4929123456789012;",
    b"RD0112K0AB00E0000"]


def check(sent):
    framer = Framer()
    answers = framer.feed(BENCH.dispatcher.answer(b"HEAD" + sent))
    assert answers
    assert not framer.half
    for answer in answers:
        assert answer[:4] == b"HEAD"
        assert len(answer) >= 8
        assert answer[6:8] != b"41", sent


@pytest.mark.invariant(14)
@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes(sent):
    check(sent)


@pytest.mark.invariant(14)
@pytest.mark.parametrize("letters", sorted(COMMANDS))
@settings(max_examples=40, deadline=None)
@given(parts=st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=4)), max_size=14))
def test_any_fields_of_any_command(letters, parts):
    check(letters + b"".join(parts))


@pytest.mark.invariant(14)
@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_good_command_with_a_byte_changed_or_cut_off(data):
    good = data.draw(st.sampled_from([
        b"EC" + PIECES[0] + PIECES[2] + b"0123456789ABCDEF01123456789012112345",
        b"A01FFFS;0" + PIECES[3] + b"R#P0A1B00E00\x19t", b"A8FFF" + PIECES[3] + PIECES[0] + b"R",
        b"LQ0600" + PIECES[10] + b";0004data", b"CW" + PIECES[4] + b"4929123456789012;2812201",
        b"B20004\x00\x19\xff;", b"NC%01\x19trailer"]))
    at = data.draw(st.integers(0, len(good) - 1))
    if data.draw(st.booleans()):
        check(good[:at])
    else:
        check(good[:at] + data.draw(st.binary(min_size=1, max_size=1)) + good[at + 1:])
