"""One message in, its answers out: header, letters, error code, data, trailer.

Knows how an answer is put together and which error a failure is; no command, no socket. Nothing of
a message's content is logged: a bug is told by its type and its place in the code.

Where the public papers are silent: letters that can be no command, and a message too short to have
any, are answered ZZ with 15 and 51; an unknown command is answered under its own next letter with
67, a disabled one with 68.
"""

from __future__ import annotations

import json
import string
import sys
import traceback
from collections.abc import Mapping
from contextlib import suppress
from pathlib import PurePath
from typing import Final

from hsm_sim.commands import COMMANDS, Answers, Handler
from hsm_sim.crypto.pin_blocks import PinBlockError
from hsm_sim.crypto.tr31 import KeyBlockError
from hsm_sim.errors import HsmError, key_block_code
from hsm_sim.fields import LONGEST_TRAILER, TRAILER, Fields
from hsm_sim.frame import LONGEST_ANSWER, framed
from hsm_sim.unit import Unit

NO_COMMAND: Final = b"ZZ"
AUDITED: Final = frozenset({"17", "29", "68"})
_FIRST: Final = frozenset(string.ascii_uppercase.encode())
_SECOND: Final = frozenset((string.ascii_uppercase + string.digits).encode())
_TRAILER: Final = bytes([TRAILER])


class Dispatcher:
    """Gives each message to its command and counts what came of it."""

    def __init__(self, unit: Unit, commands: Mapping[bytes, Handler] = COMMANDS) -> None:
        self._unit = unit
        self._header_length = unit.settings.header_length
        self._handlers = {letters: (handler, answer_letters(letters))
                          for letters, handler in commands.items()
                          if letters not in unit.settings.disabled}
        self._disabled = unit.settings.disabled
        self._lmk_ids = {lmk.lmk_id for lmk in (unit.key_block_lmk, unit.variant_lmk)
                         if lmk is not None}
        self._told: set[tuple[bytes, str]] = set()
        self.counts: dict[bytes, int] = {}  # by the letters and code of an answer: it is bounded

    def answer(self, message: bytes) -> bytes:
        """The framed answers to one message."""
        end = self._header_length
        header, letters = message[:end], message[end:end + 2]
        known = self._handlers.get(letters)
        if known is None:
            return framed(header + self._unknown(letters, message[end + 2:]))
        handler, name = known
        fields = Fields(message[end + 2:], self._lmk_ids)
        try:
            return self._good(header, name, handler(self._unit, fields), fields)
        except HsmError as error:
            code = error.code
        except PinBlockError as error:
            code = "24" if error.reason == "length" else "20"
        except KeyBlockError as error:
            code = key_block_code(error.reason)
        except Exception as error:
            code = "41"
            self._tell_bug(letters, error)
        if code in AUDITED:
            code = self._refused(letters, code)
        answer = name + code.encode("ascii")
        self._count(answer)
        return framed(header + answer + _trailer_of(fields, message[end + 2:]))

    def _good(self, header: bytes, name: bytes, data: bytes | Answers, fields: Fields) -> bytes:
        trailer = b"" if fields.trailer is None else _TRAILER + fields.trailer
        first, later = (data.first, data.later) if isinstance(data, Answers) else (data, ())
        whole = header + name + b"00" + first + trailer
        if len(whole) > LONGEST_ANSWER:
            raise HsmError("80")
        self._count(name + b"00")
        return framed(whole) + b"".join(framed(header + letters + b"00" + more + trailer)
                                        for letters, more in later)

    def _refused(self, letters: bytes, code: str) -> str:
        """The code of a refusal once it is written down; 41 where that cannot be done."""
        try:
            self._unit.audit("refused", command=letters.decode("ascii"), code=code)
        except OSError as error:
            self._tell_bug(letters, error)
            return "41"
        return code

    def _unknown(self, letters: bytes, rest: bytes) -> bytes:
        if len(letters) < 2:
            answer = NO_COMMAND + b"51"
        elif letters[0] not in _FIRST or letters[1] not in _SECOND:
            answer = NO_COMMAND + b"15"
        elif letters in self._disabled:
            answer = answer_letters(letters) + self._refused(letters, "68").encode("ascii")
        else:
            answer = answer_letters(letters) + b"67"
        self._count(answer if answer[2:] != b"67" else b"??67")
        return answer + _what_looks_like_a_trailer(rest)

    def _count(self, answer: bytes) -> None:
        self.counts[answer] = self.counts.get(answer, 0) + 1

    def _tell_bug(self, letters: bytes, error: Exception) -> None:
        """Once for each place, by type and place alone: the values are a customer's."""
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{PurePath(last.filename).name}:{last.lineno}"
        if (letters, place) not in self._told:
            self._told.add((letters, place))
            with suppress(OSError):  # nobody reads it
                print(json.dumps({"event": "bug", "command": letters.decode("ascii"),
                                  "error": type(error).__name__, "at": place}),
                      file=sys.stderr, flush=True)


def answer_letters(letters: bytes) -> bytes:
    """The letters of an answer: the second one is the next character, after 9 and Z the first."""
    if letters[1:] in {b"9", b"Z"}:
        return letters[:1] + (b"0" if letters[1:] == b"9" else b"A")
    return bytes((letters[0], letters[1] + 1))


def _trailer_of(fields: Fields, rest: bytes) -> bytes:
    """A command that was refused before its end was read still echoes what is its trailer."""
    if fields.trailer is not None:
        return _TRAILER + fields.trailer
    if fields.at_end:  # binary data that ends like one is none
        return b""
    return _what_looks_like_a_trailer(rest)


def _what_looks_like_a_trailer(rest: bytes) -> bytes:
    at = rest.rfind(_TRAILER, max(0, len(rest) - 1 - LONGEST_TRAILER))
    tail = rest[at:] if at >= 0 else b""
    return tail if tail[1:].isascii() and all(byte >= 0x20 for byte in tail[1:]) else b""
