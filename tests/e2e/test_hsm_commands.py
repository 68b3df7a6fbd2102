"""Every command of the HSM over its socket: right, wrong and malformed, under both LMKs.

The HSM is a process of its own. Its master keys were made by the test, so that it can seal keys
whose clear values it knows.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hsm_sim import store
from hsm_sim.lmk import KeyBlockLmk
from hsm_sim.private_files import make_private_folder
from hsm_sim.variant_lmk import VariantLmk
from tests.support.hsm_desk import Desk
from tests.support.hsm_examples import Example, examples


class Line:
    """One connection to the HSM, one command at a time or many at once."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._file = self._socket.makefile("rb")

    def send(self, *commands: bytes) -> None:
        """Commands with their number as the header, in one write."""
        self._socket.sendall(b"".join(
            (len(command) + 4).to_bytes(2, "big") + b"%04d" % number + command
            for number, command in enumerate(commands)))

    def receive(self) -> tuple[bytes, bytes]:
        """Header, and the answer after it."""
        length = int.from_bytes(self._file.read(2), "big")
        message = self._file.read(length)
        return message[:4], message[4:]

    def ask(self, command: bytes) -> bytes:
        """One command's answer."""
        self.send(command)
        header, answer = self.receive()
        assert header == b"0000"
        return answer

    def close(self) -> None:
        """Hang up."""
        self._file.close()
        self._socket.close()


@pytest.fixture(scope="module")
def hsm() -> Iterator[tuple[int, store.MasterKeys]]:
    """The port of a running HSM, and its master keys."""
    with tempfile.TemporaryDirectory(prefix="hsm-test-") as directory:
        folder = Path(directory) / "data"
        make_private_folder(folder)
        keys = store.with_variant(store.fresh(os.urandom), "01", os.urandom)
        store.save(folder, keys)
        with subprocess.Popen(
                [sys.executable, "-m", "hsm_sim", "serve", "--data-dir", str(folder), "--port", "0",
                 "--variant-lmk", "01"], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())["ports"]["tcp"], keys
            process.terminate()
            assert process.wait(20) == 0


@pytest.fixture
def line(hsm: tuple[int, store.MasterKeys]) -> Iterator[Line]:
    """A connection of the test's own."""
    made = Line(hsm[0])
    yield made
    made.close()


@pytest.fixture(params=["block", "variant"])
def desk(hsm: tuple[int, store.MasterKeys], line: Line,
         request: pytest.FixtureRequest) -> Desk:
    """Keys of the running HSM, under one LMK and under the other."""
    _, keys = hsm
    return Desk(line.ask, KeyBlockLmk(keys.lmk_id, keys.lmk),
                VariantLmk(keys.variant_lmk_id, keys.variant_pairs),
                variant=request.param == "variant")


def _answers(line: Line, commands: list[bytes]) -> list[bytes]:
    """All in one write; the answers come in order, each under its own header."""
    line.send(*commands)
    received = [line.receive() for _ in commands]
    assert [header for header, _ in received] == [b"%04d" % number for number in
                                                  range(len(commands))]
    return [answer for _, answer in received]


def test_every_command_answers_as_others_compute(line: Line, desk: Desk) -> None:
    told: list[Example] = examples(desk)
    for example, answer in zip(told, _answers(line, [one.command for one in told]), strict=True):
        assert answer[2:4] == b"00", (example.name, answer)
        assert example.accepts(answer[4:]), (example.name, answer)


def test_every_wrong_value_is_01_alone(line: Line, desk: Desk) -> None:
    told = [example for example in examples(desk) if example.wrong]
    for example, answer in zip(told, _answers(line, [one.wrong for one in told]), strict=True):
        assert answer[2:] == b"01", (example.name, answer)


def test_malformed_commands_are_refused_and_the_line_goes_on(line: Line, desk: Desk) -> None:
    told = examples(desk)
    cut = _answers(line, [example.command[:-1] for example in told])
    longer = _answers(line, [example.command + b"0" for example in told])
    for example, short, long in zip(told, cut, longer, strict=True):
        assert short[2:4] in {b"15", b"80", b"06"}, (example.name, short)
        assert long[2:4] == b"15", (example.name, long)
    assert line.ask(b"NC")[2:4] == b"00"


def test_the_benchmark_measures_each_job() -> None:
    done = subprocess.run([sys.executable, "-m", "loadtest.hsm", "--json", "--seconds", "0.1"],
                          capture_output=True, text=True, timeout=60, check=True)
    figures = json.loads(done.stdout)
    rates = [name for name in figures if name.endswith("_per_second")]
    assert rates == ["pin_verifications_per_second", "cvv_per_second", "mac_per_second",
                     "arqc_per_second", "tr31_per_second"]
    assert all(figures[name] > 100 for name in rates)
    assert 0 < figures["at_1000_per_second_p50_us"] <= figures["at_1000_per_second_p99_us"]
