"""Every command: the answer that others compute, the wrong value, and input cut short anywhere."""

from __future__ import annotations

import random

import pytest

from tests.support.hsm_desk import KINDS, Desk
from tests.support.hsm_examples import Example, examples

COMMANDS = {"CA", "CC", "DC", "EC", "DA", "EA", "DG", "FW", "DE", "CW", "CY", "M6", "M8", "KQ",
            "KW", "JC", "JE", "JG", "G0", "GO", "GQ", "GW", "LQ", "LS"}
# What input that is cut short may be answered: a code for input, never a bug and never "wrong".
INPUT = {b"15", b"80", b"81", b"02", b"03", b"04", b"05", b"06", b"07", b"09", b"23"}


def test_examples_are_answered_as_others_compute(desk: Desk) -> None:
    seen = set()
    for example in examples(desk):
        answer = desk.ask(example.command)
        assert answer[2:4] == b"00", (example.name, answer)
        assert example.accepts(answer[4:]), (example.name, answer)
        seen.add(example.name[:2])
    assert seen == COMMANDS


def test_a_wrong_value_is_01_and_nothing_else(desk: Desk) -> None:
    wrong = [example for example in examples(desk) if example.wrong]
    assert {example.name[:2] for example in wrong} == {
        "DC", "EC", "DA", "EA", "CY", "M8", "KQ", "KW", "GO", "GQ", "GW", "LS"}
    for example in wrong:
        answer = desk.ask(example.wrong)
        assert answer[2:] == b"01", (example.name, answer)


def test_input_that_is_cut_short_is_refused_at_every_byte(block_desk: Desk) -> None:
    for example in examples(block_desk):
        for length in range(2, len(example.command)):
            answer = block_desk.ask(example.command[:length])
            assert answer[2:4] in INPUT, (example.name, length, answer)


def test_input_that_goes_on_is_refused(desk: Desk) -> None:
    for example in examples(desk):
        assert desk.ask(example.command + b"0")[2:4] == b"15", example.name


def test_a_trailer_is_echoed(desk: Desk) -> None:
    for example in examples(desk):
        answer = desk.ask(example.command + b"\x19any trailer")
        assert answer.endswith(b"\x19any trailer"), example.name
        assert answer[2:4] == b"00"


def _with(example: Example, desk: Desk, name: str, token: bytes) -> bytes:
    """The command with another key; what says its length says the new one."""
    old = desk.key(name)
    assert example.command.count(old) == 1, example.name
    changed = example.command.replace(old, token)
    return changed.replace(b"00%04d" % len(old) + token, b"00%04d" % len(token) + token)


def test_a_key_of_another_usage_is_a6(block_desk: Desk) -> None:
    for example in examples(block_desk):
        for name in example.keys:
            _, _, algorithm, mode = KINDS[name]
            other = block_desk.block("D0", algorithm, mode, block_desk.value(name))
            answer = block_desk.ask(_with(example, block_desk, name, other))
            assert answer[2:4] == b"A6", example.name


def test_a_key_for_another_mode_is_a8(block_desk: Desk) -> None:
    for example in examples(block_desk):
        for name in example.keys:
            _, usage, algorithm, _ = KINDS[name]
            other = block_desk.block(usage, algorithm, "S", block_desk.value(name))
            answer = block_desk.ask(_with(example, block_desk, name, other))
            assert answer[2:4] == b"A8", example.name


def test_a_key_for_checking_makes_nothing_and_one_for_making_checks_nothing(
        block_desk: Desk) -> None:
    one_way = {"DC": "G", "EC": "G", "DA": "G", "EA": "G", "GO": "G", "GQ": "G", "CY": "G",
               "M8": "G", "LS": "G", "DG": "V", "FW": "V", "DE": "V", "CW": "V", "M6": "V",
               "LQ": "V"}
    for example in examples(block_desk):
        if (mode := one_way.get(example.name[:2])) is None:
            continue
        name = example.keys[-1]
        _, usage, algorithm, _ = KINDS[name]
        other = block_desk.block(usage, algorithm, mode, block_desk.value(name))
        assert block_desk.ask(_with(example, block_desk, name, other))[2:4] == b"A8", example.name
        fits = block_desk.block(usage, algorithm, "VG"["VG".index(mode) - 1],
                                block_desk.value(name))
        assert block_desk.ask(_with(example, block_desk, name, fits))[2:4] == b"00", example.name


def test_a_changed_key_block_is_a4(block_desk: Desk) -> None:
    for example in examples(block_desk):
        for name in example.keys:
            old = block_desk.key(name)
            changed = old[:-1] + (b"0" if old.endswith(b"1") else b"1")
            answer = block_desk.ask(_with(example, block_desk, name, changed))
            assert answer[2:4] == b"A4", example.name


def test_a_key_of_another_variant_is_10(variant_desk: Desk) -> None:
    """Parity tells: a key under the pair of another type is not odd any more."""
    for example in examples(variant_desk):
        for name in example.keys:
            if KINDS[name][0]:
                other = variant_desk.under_variant("00A", variant_desk.value(name))
                answer = variant_desk.ask(_with(example, variant_desk, name, other))
                assert answer[2:4] == b"10", example.name


def test_no_changed_byte_is_a_bug(desk: Desk) -> None:
    """41 is an exception that nobody thought of."""
    chance = random.Random(9564)
    for example in examples(desk):
        for _ in range(40):
            command = bytearray(example.command)
            for _ in range(chance.choice((1, 1, 1, 4))):
                command[chance.randrange(2, len(command))] = chance.choice((
                    chance.randrange(256), *b"09AFX;%\x19"))
            answer = desk.ask(bytes(command))
            assert answer[2:4] != b"41", (example.name, bytes(command))


@pytest.mark.parametrize("letters", sorted(COMMANDS))
def test_nothing_after_the_letters_is_refused(block_desk: Desk, letters: str) -> None:
    assert block_desk.ask(letters.encode())[2:] in INPUT
