"""The card's memory: whole after any end of its process, unreadable without its key."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from chip.apdu import Command, Status
from chip.dialogue import PinStatus
from chip.memory import CardFile, MemoryFailed, State, Volatile
from chip.reader import InProcessReader
from chip.virtual import Card
from tests.support.cards import CONTENTS, PIN, Issuer

KEY = bytes(32)
WRITER = """
import sys, itertools
from pathlib import Path
from chip.memory import CardFile, State
memory = CardFile(Path(sys.argv[1]), bytes(32))
for atc in itertools.count(1):
    memory.save(State(serial=bytes(8), atc=atc, offline_count=atc, pin="4711" * (atc % 900)))
    print(atc, flush=True)
"""


def test_a_card_lives_in_its_file(issuer: Issuer, tmp_path: Path) -> None:
    path = tmp_path / "card"
    issuer.issued(memory=CardFile(path, KEY))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["card"]
    content = path.read_bytes()
    for secret in (PIN.encode(), CONTENTS.identity.encode()[4:14], b"Prevozi"):
        assert secret not in content
    reader = InProcessReader(Card(CardFile(path, KEY)))
    session = issuer.terminal_session(reader)
    assert session.contents() == CONTENTS
    assert session.verify_pin("0000").tries_left == 2
    reader = InProcessReader(Card(CardFile(path, KEY)))
    assert issuer.terminal_session(reader).tries_left() == 2


def test_without_its_key_or_file_there_is_no_card(issuer: Issuer, tmp_path: Path) -> None:
    path = tmp_path / "card"
    with pytest.raises(MemoryFailed, match="FileNotFoundError"):
        Card(CardFile(path, KEY)).power_on()
    issuer.blank(memory=CardFile(path, KEY))
    with pytest.raises(MemoryFailed, match="InvalidTag"):
        Card(CardFile(path, bytes(31) + b"\x01")).power_on()
    changed = bytearray(path.read_bytes())
    changed[20] ^= 1
    path.write_bytes(changed)
    with pytest.raises(MemoryFailed, match="InvalidTag"):
        Card(CardFile(path, KEY)).power_on()
    with pytest.raises(MemoryFailed, match="ever written"):
        Card(Volatile()).power_on()


def test_what_was_left_half_written_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "card"
    memory = CardFile(path, KEY)
    memory.save(State(serial=bytes(8), atc=1))
    (tmp_path / "card.new").write_bytes(path.read_bytes()[:20])
    assert memory.load().atc == 1
    memory.save(State(serial=bytes(8), atc=2))
    assert memory.load().atc == 2


def test_a_process_that_is_killed_leaves_a_whole_state(tmp_path: Path) -> None:
    path = tmp_path / "card"
    for pause_s in (0.003, 0.011):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[3])
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(pause_s)
        writer.send_signal(signal.SIGKILL)
        said = [int(line) for line in writer.stdout.read().split()]
        writer.stdout.close()
        writer.wait()
        state = CardFile(path, KEY).load()
        assert state.atc == state.offline_count
        assert state.atc >= max(said, default=1)  # what was acknowledged is there


class _ReadOnly(Volatile):
    """Fails to write from some moment on."""

    broken = False

    def save(self, state: State) -> None:
        """MemoryFailed when it is broken."""
        if self.broken:
            raise MemoryFailed("worn out")
        super().save(state)


def test_a_failing_memory_verifies_no_pin_and_gives_no_cryptogram(issuer: Issuer) -> None:
    memory = _ReadOnly()
    reader = InProcessReader(issuer.issued(memory=memory))
    for command in (Command(0x00, 0x20, 0, 0x80, bytes.fromhex("244711FFFFFFFFFF")),
                    Command(0x80, 0xAE, 0x80, 0, bytes(19) + bytes.fromhex("0978260729") +
                            bytes(5), 256)):
        memory.broken = False
        session = issuer.terminal_session(reader)
        memory.broken = True
        assert session.exchange(command).sw == Status.MEMORY
        assert reader.transmit(bytes.fromhex("0CB2010C00"))[1] == Status.NOT_ENTITLED
    memory.broken = False
    session = issuer.terminal_session(reader)
    assert memory.load().atc == 0
    assert session.verify_pin(PIN).status is PinStatus.VERIFIED


def test_a_directory_that_is_gone_is_said(tmp_path: Path) -> None:
    with pytest.raises(MemoryFailed, match="No such file"):
        CardFile(tmp_path / "gone" / "card", os.urandom(32)).save(State(serial=bytes(8)))
