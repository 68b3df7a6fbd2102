"""New session keys for a terminal: made in the HSM, kept under its master key, sent under the TMK.

Knows generations; knows no message. A generation is a pair of keys, TPK for PINs and TAK for MACs,
and stays good while the terminal has used one other since: an answer that is lost is asked for
again, and costs a number. Nobody sees a clear key; who asks needs no proof, for only the terminal
that has the TMK can read the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec
import structlog

from authhost.bounded import Bounded
from authhost.hsm.verbs import Generated, Hsm
from authhost.hsm_keys import HsmKeys, KeyEntry
from authhost.journal.entry import JournalUnavailable
from iso.security import key_change_text

_log = structlog.get_logger()

# Whoever asks uses up a number, of which there are 9,999: over a plain line a stranger could ask.
KEY_CHANGES_PER_TERMINAL_PER_DAY: Final = 48
_DAY_US: Final = 24 * 3_600 * 1_000_000
NO_TERMINAL_KEY: Final = "no_terminal_key"
_TERMINALS: Final = 10_000  # that are counted at once
_TRIES: Final = 16  # of a generation's number, which another host may have taken
_MOST: Final = 9_999  # a generation has four digits
_TPK, _TAK = "tpk", "tak"
# Usage (ANSI X9.143) and mode of a MAC key: retail MAC of TDES, CMAC of AES.
_TAK_USAGES: Final = {"T": "M3", "A": "M6"}


class KeyChangeRefused(Exception):  # the field's own word for it
    """There will be no new keys.

    reason: NO_TERMINAL_KEY, 'too_many_key_changes' or 'no_generation_left'.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Rate:
    """So many in a window of time for each name, and no more; the oldest names are forgotten."""

    def __init__(self, most: int, window_us: int, now_us: Callable[[], int], names: int) -> None:
        self._most = most
        self._window_us = window_us
        self._now_us = now_us
        self._taken: Bounded[str, tuple[int, int]] = Bounded(names)

    def take(self, name: str) -> bool:
        """Count one; False, and nothing counted, beyond the bound."""
        window = self._now_us() // self._window_us
        since, taken = self._taken.get(name, (window, 0))
        if since != window:
            taken = 0
        if taken >= self._most:
            return False
        self._taken.put(name, (window, taken + 1))
        return True


class NewKeys(msgspec.Struct, frozen=True):
    """A generation, and the text that carries it to the terminal."""

    generation: int
    text: str

    def __repr__(self) -> str:
        return f"NewKeys({self.generation})"


class KeyChange:
    """Makes generations."""

    def __init__(self, hsm: Hsm, keys: HsmKeys, now_us: Callable[[], int]) -> None:
        self._hsm = hsm
        self._keys = keys
        self._asked = Rate(KEY_CHANGES_PER_TERMINAL_PER_DAY, _DAY_US, now_us, _TERMINALS)

    async def change(self, terminal_id: str) -> NewKeys:
        """A generation of its own for whoever asks, also for two at once.

        KeyChangeRefused; HsmUnavailable, HsmRefused, JournalUnavailable.
        """
        master = await self._keys.at(f"terminal/{terminal_id}/tmk")
        if master is None:
            raise KeyChangeRefused(NO_TERMINAL_KEY)
        if not self._asked.take(terminal_id):
            raise KeyChangeRefused("too_many_key_changes")
        tpk = await self._made("P0", "D", master)  # the HSM decrypts what the terminal encrypts
        tak = await self._made(_TAK_USAGES[master.algorithm], "C", master)
        name = f"terminal/{terminal_id}/"
        usage = _TAK_USAGES[master.algorithm]
        for _ in range(_TRIES):
            newest = await self._keys.at(name + _TPK)
            generation = newest.version + 1 if newest is not None else 1
            # Who stores the TPK under a number has the number.
            if generation <= _MOST and await self._stored(
                    name + _TPK, generation, "P0", master, tpk) and await self._stored(
                    name + _TAK, generation, usage, master, tak):
                return NewKeys(generation, key_change_text(generation, tpk.exported, tak.exported))
        raise KeyChangeRefused("no_generation_left")

    async def _made(self, usage: str, mode: str, master: KeyEntry) -> Generated:
        # No stronger than any terminal master key: double length TDES, AES-128.
        algorithm = "T2" if master.algorithm == "T" else "A1"
        return await self._hsm.generate(usage, algorithm, mode, under=master.block)

    async def _stored(self, name: str, generation: int, usage: str, master: KeyEntry,
                      made: Generated) -> bool:
        entry = KeyEntry(name, generation, usage, master.algorithm, made.block, made.kcv)
        return (await self._keys.put(entry)).block == made.block


async def proved(keys: HsmKeys, terminal_id: str, generation: int) -> None:
    """The terminal has used a generation: noted, and what is older than the one before it goes.

    To be called when a MAC or a PIN under it was good for the first time. Nothing hangs on the
    note: where the journal is away it is logged, and made at the next use.
    """
    try:
        for kind in (_TPK, _TAK):
            name = f"terminal/{terminal_id}/{kind}"
            entry = await keys.at(name, generation)
            if entry is not None and not entry.used:
                await keys.mark_used(entry)
                await keys.prune(name, generation)
    except JournalUnavailable as error:
        _log.warning("a key's first use is not noted", key=name, why=str(error))
