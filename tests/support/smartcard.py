"""A real pcscd with a reader that is not there: an IFD handler of ours, a virtual card behind it.

Knows the socket of `ifd/ifd.c`, PC/SC part 10 as a reader with a keypad implements it, and how to
start and stop pcscd. What a person does at the keypad is scripted.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from chip.reader import Entry
from chip.virtual import Card

NAME: Final = "OMNIKEY CardMan 3821"
_IFD: Final = Path(__file__).parent / "ifd" / "ifd.c"
_RUN: Final = Path("/run/pcscd")
_GET_FEATURES: Final = 0x42000000 + 3400
_VERIFY_DIRECT: Final = 0x42000000 + 3500
_FEATURE_VERIFY: Final = 0x06
_SUCCESS, _PRESENT, _ABSENT, _POWER_FAILED, _COMMUNICATION = 0, 615, 616, 608, 612
_NOT_SUPPORTED: Final = 614
_POWER_UP, _POWER_DOWN, _RESET, _TRANSMIT, _PRESENCE, _CONTROL = range(1, 7)
_STRUCTURE: Final = struct.Struct("<BBBBBHBBHB3sI")
_WRONG_STRUCTURE: Final = 0x6B80
_LOOKS: Final = 2  # one may belong to a command that failed, the next is the regular one


def missing() -> str:
    """Why PC/SC cannot be tried here; '' where it can."""
    for program in ("pcscd", "gcc", "setpriv"):
        if shutil.which(program) is None:
            return f"{program} is not installed (.ci/smartcard-setup installs it)"
    if find_spec("smartcard") is None:
        return "pyscard is not installed: pip install '.[smartcard]'"
    if not Path("/usr/include/PCSC/ifdhandler.h").exists():
        return "libpcsclite-dev is not installed (.ci/smartcard-setup installs it)"
    if os.geteuid() != 0:
        return "pcscd is started as root"
    return "another pcscd runs already" if _pid() else ""


def _pid() -> int:
    """Of the pcscd that runs, 0 for none."""
    try:
        pid = int((_RUN / "pcscd.pid").read_text().strip("\n\0"))
        os.kill(pid, 0)
    except (OSError, ValueError):
        return 0
    return pid


class VirtualReader:
    """The far end of the handler: one slot and a keypad. pin_pad False: a reader without one."""

    def __init__(self, path: Path, *, pin_pad: bool = True) -> None:
        self.keyed: list[str | Entry] = []  # what the person does next at the keypad
        self.pull_after = -1  # commands until the card is pulled out
        self.pin_pad = pin_pad
        self._card: Card | None = None
        self._seen_absent = 0  # looks of pcscd since the slot is empty
        self._powered = False
        self._lock = threading.Lock()
        self._listener = socket.socket(socket.AF_UNIX)
        old = os.umask(0o177)
        try:
            self._listener.bind(str(path))
        finally:
            os.umask(old)
        self._listener.listen(1)
        self._thread = threading.Thread(target=self._serve, name="virtual reader")
        self._thread.start()

    def insert(self, card: Card) -> None:
        """Put a card in; where there is one without power, exchange them behind pcscd's back.

        After a removal it takes as long as a hand: pcscd misses what happens between two looks.
        """
        deadline = time.monotonic() + 5
        while self._card is None and self._seen_absent < _LOOKS:
            assert time.monotonic() < deadline, "pcscd does not look at its reader"
            time.sleep(0.01)
        with self._lock:
            assert not self._powered
            self._card = card

    def remove(self) -> None:
        """Pull it out."""
        with self._lock:
            self._pull()

    def close(self) -> None:
        """End the thread; pcscd is gone by then."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)
        assert not self._thread.is_alive()

    def _pull(self) -> None:
        if self._card is not None and self._powered:
            self._card.power_off()
        self._card, self._powered, self._seen_absent = None, False, 0

    def _serve(self) -> None:
        with suppress(OSError):
            connection, _ = self._listener.accept()
            with connection, connection.makefile("rb") as requests:
                while head := requests.read(5):
                    payload = requests.read(int.from_bytes(head[1:], "big"))
                    with self._lock:
                        code, answer = self._do(head[0], payload)
                    connection.sendall(struct.pack(">II", code, len(answer)) + answer)

    def _do(self, operation: int, payload: bytes) -> tuple[int, bytes]:
        if operation == _PRESENCE:
            self._seen_absent += self._card is None
            return (_ABSENT if self._card is None else _PRESENT), b""
        if operation == _CONTROL:
            return self._control(int.from_bytes(payload[:4], "big"), payload[4:])
        if operation == _POWER_DOWN:
            if self._card is not None:
                self._card.power_off()
            self._powered = False
            return _SUCCESS, b""
        if self._card is None:
            return _POWER_FAILED if operation != _TRANSMIT else _COMMUNICATION, b""
        if operation == _TRANSMIT:
            return self._transmit(payload)
        self._powered = True
        return _SUCCESS, self._card.power_on()

    def _transmit(self, apdu: bytes) -> tuple[int, bytes]:
        self.pull_after -= 1
        if self.pull_after == 0:
            self._pull()
        if self._card is None or not self._powered:
            return _COMMUNICATION, b""
        return _SUCCESS, self._card.transmit(apdu)

    def _control(self, code: int, data: bytes) -> tuple[int, bytes]:
        if not self.pin_pad:
            return _NOT_SUPPORTED, b""
        if code == _GET_FEATURES:
            return _SUCCESS, bytes([_FEATURE_VERIFY, 4]) + _VERIFY_DIRECT.to_bytes(4, "big")
        if code != _VERIFY_DIRECT:
            return _NOT_SUPPORTED, b""
        apdu = _verify_command(data, self.keyed)
        if isinstance(apdu, int):
            return _SUCCESS, apdu.to_bytes(2, "big")
        return self._transmit(apdu)


def _verify_command(data: bytes, keyed: list[str | Entry]) -> bytes | int:
    """The command with the PIN that was keyed in, by the rules of PIN_VERIFY_STRUCTURE."""
    if len(data) < _STRUCTURE.size:
        return _WRONG_STRUCTURE
    _, _, layout, block, length_format, extra, validation, _, _, _, _, size = \
        _STRUCTURE.unpack_from(data)
    template = data[_STRUCTURE.size:]
    digits_are_bcd, right = layout & 3 == 1, layout & 4
    unit = 8 if layout & 0x80 else 1
    if len(template) != size or size < 5 or not digits_are_bcd or right or not validation & 2:
        return _WRONG_STRUCTURE
    entered = keyed.pop(0)
    if isinstance(entered, Entry):
        return entered
    if not extra >> 8 <= len(entered) <= extra & 0xFF:
        return Entry.LENGTH
    bits = list(f"{int.from_bytes(template[5:], 'big'):0{8 * (size - 5)}b}")
    _put(bits, length_format & 0xF, f"{len(entered):0{block >> 4}b}")
    frame = "".join(f"{int(digit):04b}" for digit in entered)
    assert len(frame) <= 8 * (block & 0xF)
    _put(bits, (layout >> 3 & 0xF) * unit, frame)
    return template[:5] + int("".join(bits), 2).to_bytes(size - 5, "big")


def _put(bits: list[str], at: int, some: str) -> None:
    bits[at:at + len(some)] = some


@contextmanager
def running_reader(*, pin_pad: bool = True) -> Iterator[VirtualReader]:
    """pcscd with one reader, for as long as the block runs."""
    with tempfile.TemporaryDirectory(prefix="pcsc-") as name:
        directory = Path(name)
        library = directory / "ifd.so"
        subprocess.run(
            ["gcc", "-std=c11", "-D_GNU_SOURCE", "-O1", "-Wall", "-Wextra", "-shared", "-fPIC",
             "-I/usr/include/PCSC", "-o", str(library), str(_IFD)], check=True)
        path = directory / "reader.sock"
        readers = directory / "readers"
        readers.mkdir()
        (readers / "virtual").write_text(
            f'FRIENDLYNAME "{NAME}"\nDEVICENAME {path}\nLIBPATH {library}\nCHANNELID 1\n')
        reader = VirtualReader(path, pin_pad=pin_pad)
        try:
            with _pcscd(readers):
                yield reader
        finally:
            reader.close()


@contextmanager
def _pcscd(readers: Path) -> Iterator[None]:
    usage = subprocess.run(["pcscd", "--help"], capture_output=True, text=True, check=False)
    # Versions that ask polkit who may use a card (2.3 on) can be told not to.
    open_to_all = ["--disable-polkit"] * ("--disable-polkit" in usage.stdout + usage.stderr)
    # Whatever ends the tests ends the daemon too.
    process = subprocess.Popen(
        ["setpriv", "--pdeathsig", "TERM", "pcscd", "--foreground", "--config", str(readers),
         *open_to_all],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 5
        while not ((_RUN / "pcscd.comm").exists() and _pid() == process.pid):
            assert process.poll() is None, "pcscd did not start"
            assert time.monotonic() < deadline, "pcscd has no socket"
            time.sleep(0.01)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
