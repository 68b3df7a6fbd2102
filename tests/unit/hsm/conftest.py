"""An HSM without a process: the public test LMK, a clock and an audit log that a test can see."""

from __future__ import annotations

import os
from typing import Final

import pytest

from hsm_sim.authority import Authority
from hsm_sim.dispatch import Dispatcher
from hsm_sim.lmk import KeyBlockLmk
from hsm_sim.settings import Settings
from hsm_sim.unit import Unit
from hsm_sim.variant_lmk import VariantLmk

# The test LMK that the papers and simulators of the payShield family share: pair by pair.
_TEST_LMK: Final = """
01010101010101017902CD1FD36EF8BA 20202020202020203131313131313131
40404040404040405151515151515151 61616161616161617070707070707070
80808080808080809191919191919191 A1A1A1A1A1A1A1A1B0B0B0B0B0B0B0B0
C1C1010101010101D0D0010101010101 E0E0010101010101F1F1010101010101
1C587F1C13924FEF0101010101010101 01010101010101010101010101010101
02020202020202020404040404040404 07070707070707071010101010101010
13131313131313131515151515151515 16161616161616161919191919191919
1A1A1A1A1A1A1A1A1C1C1C1C1C1C1C1C 23232323232323232525252525252525
26262626262626262929292929292929 2A2A2A2A2A2A2A2A2C2C2C2C2C2C2C2C
2F2F2F2F2F2F2F2F3131313131313131 01010101010101010101010101010101
"""
TEST_PAIRS: Final = tuple(map(bytes.fromhex, _TEST_LMK.split()))


class Bench:
    """A unit, what it was asked and what it wrote down."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.now_s = 1_000.0
        self.records: list[tuple[str, dict[str, object]]] = []
        self.unit = Unit(
            key_block_lmk=KeyBlockLmk("00", bytes(range(32))),
            variant_lmk=VariantLmk("01", TEST_PAIRS), settings=settings or Settings(),
            authority=Authority(lambda: self.now_s), audit=self._audit, random=os.urandom)
        self.dispatcher = Dispatcher(self.unit)

    def _audit(self, event: str, /, **facts: object) -> None:
        self.records.append((event, facts))

    def authorise(self, activity: str) -> None:
        """Open an activity, with both custodians."""
        self.unit.authority.authorise(activity, "alice", 10)
        self.unit.authority.authorise(activity, "bob", 10)

    def ask(self, command: bytes | str) -> bytes:
        """A command's answer without its length and header: letters, error code, data."""
        text = command.encode() if isinstance(command, str) else command
        answer = self.dispatcher.answer(b"HEAD" + text)
        length = int.from_bytes(answer[:2], "big")
        assert len(answer) == 2 + length, "one answer"
        assert answer[2:6] == b"HEAD"
        return answer[6:]


@pytest.fixture
def bench() -> Bench:
    """An HSM with both LMKs: the key-block LMK is 00, the variant LMK is 01."""
    return Bench()
