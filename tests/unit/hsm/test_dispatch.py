"""One message in, its answers out: letters, codes, trailers, refusals, bugs."""

import json
import subprocess
import sys

import pytest

from hsm_sim.commands import COMMANDS, Answers
from hsm_sim.dispatch import Dispatcher, answer_letters
from hsm_sim.errors import MEANINGS, HsmError
from hsm_sim.settings import Settings
from tests.unit.hsm.conftest import Bench


def test_every_module_of_commands_is_imported():
    """In a fresh interpreter: a module that nobody imports has no commands."""
    code = ("import sys, pkgutil, hsm_sim.commands as room;"
            "print([m.name for m in pkgutil.iter_modules(room.__path__)"
            " if f'hsm_sim.commands.{m.name}' not in sys.modules])")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_every_command_is_there():
    letters = {b"A0", b"A6", b"A8", b"B2", b"BA", b"BU", b"CA", b"CC", b"CW", b"CY", b"DA", b"DC",
               b"DE", b"DG", b"EA", b"EC", b"FW", b"G0", b"GO", b"GQ", b"GW", b"JA", b"JC", b"JE",
               b"JG", b"KQ", b"KW", b"LQ", b"LS", b"M6", b"M8", b"NC", b"NO", b"PE"}
    assert letters - COMMANDS.keys() == set()


@pytest.mark.parametrize(("command", "answer"), [
    (b"NC", b"ND"), (b"A0", b"A1"), (b"PE", b"PF"), (b"A9", b"A0"), (b"XZ", b"XA")])
def test_the_answer_has_the_next_letter(command, answer):
    assert answer_letters(command) == answer


def test_diagnostics_echo_and_status(bench):
    answer = bench.ask("NC")
    assert answer[:4] == b"ND00"
    assert len(answer) == 4 + 16 + 9
    assert bench.ask("NC%01")[4:20] != answer[4:20]
    assert bench.ask("NC%02") == b"ND13"
    assert bench.ask("NO00") == b"NP003199" + answer[20:] + b"00000"
    assert bench.ask("NO01") == b"NP15"


@pytest.mark.parametrize(("sent", "answer"), [
    ("B2000A0123456789", b"B3000123456789"),
    ("B2000A0123456", b"B380"), ("B2000A0123456789ABCDEF", b"B315"), ("B2G", b"B315")])
def test_echo_as_the_public_examples_have_it(bench, sent, answer):
    assert bench.ask(sent) == answer


def test_echo_carries_binary(bench):
    every = bytes(range(256))
    assert bench.ask(b"B20100" + every) == b"B300" + every


def test_the_trailer_comes_back_with_every_answer(bench):
    assert bench.ask(b"B20002ab\x19trailer") == b"B300ab\x19trailer"
    assert bench.ask(b"B2000A\x19trailer") == b"B380\x19trailer"
    assert bench.ask(b"QQ\x19trailer") == b"QR67\x19trailer"
    assert bench.ask(b"B20002ab\x19" + b"t" * 33) == b"B315"


@pytest.mark.parametrize(("sent", "answer"), [
    (b"QQ", b"QR67"), (b"zz", b"ZZ15"), (b"\xff\xfe", b"ZZ15"), (b"N\x00", b"ZZ15"),
    (b"N", b"ZZ51"), (b"", b"ZZ51")])
def test_what_is_no_command(bench, sent, answer):
    assert bench.ask(sent) == answer


def test_a_message_shorter_than_its_header(bench):
    assert bench.dispatcher.answer(b"HE") == b"\x00\x06HEZZ51"
    assert bench.dispatcher.answer(b"") == b"\x00\x04ZZ51"


@pytest.mark.parametrize("length", [0, 1, 12])
def test_the_header_is_as_long_as_configured(length):
    bench = Bench(Settings(header_length=length))
    header = b"\x00\xffHEADERxxxxx"[:length]
    answer = bench.dispatcher.answer(header + b"B20002ab")
    assert answer[2:] == header + b"B300ab"


def test_a_disabled_command_is_refused_and_audited():
    bench = Bench(Settings(disabled=frozenset({b"BA"})))
    assert bench.ask("BA1234FFFFFFFFF123456789012") == b"BB68"
    assert bench.records == [("refused", {"command": "BA", "code": "68"})]


def test_an_activity_that_is_not_open_is_refused_and_audited(bench):
    assert bench.ask("BA1234FFFFFFFFF123456789012")[:4] == b"BB17"
    assert bench.records == [("refused", {"command": "BA", "code": "17"})]


def test_ordinary_commands_leave_no_record_but_a_count(bench):
    bench.ask("NC")
    bench.ask("NC")
    assert bench.records == []
    assert bench.dispatcher.counts == {b"ND00": 2}


def test_two_answers_to_one_command(bench):
    def printing(unit, fields):
        fields.end()
        return Answers(b"first", (b"PZ", b"second"))

    dispatcher = Dispatcher(bench.unit, {b"PE": printing})
    assert dispatcher.answer(b"HEADPE\x19t") == (
        b"\x00\x0fHEADPF00first\x19t" b"\x00\x10HEADPZ00second\x19t")


def test_a_bug_is_answered_41_and_told_without_values(bench, capsys):
    def broken(unit, fields):
        raise ValueError(f"secret {fields.rest()!r}")

    dispatcher = Dispatcher(bench.unit, {b"XX": broken})
    for _ in range(3):
        assert dispatcher.answer(b"HEADXX4929000000000") == b"\x00\x08HEADXY41"
    told = capsys.readouterr().err
    assert json.loads(told)["event"] == "bug", "once"
    assert json.loads(told)["at"].startswith("test_dispatch.py:")
    assert "4929" not in told
    assert "secret" not in told


def test_an_error_has_a_meaning():
    assert str(HsmError("20")) == f"20: {MEANINGS['20']}"
    with pytest.raises(AssertionError):
        HsmError("ZZ")
