"""Message authentication: which key a MAC is under, whether it is good, and the MAC of an answer.

Knows keys by name, the HSM, and where unproved advices are kept apart; knows no socket and no
dialect but what a profile's Security says. The MAC covers all bytes of a message before it
(ISO 16609), 8 bytes: retail MAC (ISO 9797-1 algorithm 3) under a TDES key, CMAC under an AES key.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from authhost.hsm.verbs import Hsm
from authhost.hsm_keys import HsmKeys, KeyEntry, bdk_name
from authhost.journal.reads import Reads
from authhost.journal.views import TerminalView
from authhost.key_change import Rate, proved
from authhost.model import Check, Request
from authhost.set_aside import content_of
from iso import Codec, Message
from iso.security import MAC_BYTES, KeyControl, Security, has_room, mac_of, read_control, with_room

# Beyond it an unproved advice hears nothing: a terminal out of step says the same again and again.
PARKED_PER_TERMINAL_PER_MINUTE: Final = 60
_MINUTE_US: Final = 60_000_000
_TERMINALS: Final = 10_000  # that are counted at once


class Seal(msgspec.Struct, frozen=True):
    """The key that a conversation is sealed with. ksn: DUKPT's, b'' otherwise."""

    key: KeyEntry
    padding: str  # of ISO 9797-1, '1' or '2'; a CMAC pads by itself
    ksn: bytes = b""


class Sealed(msgspec.Struct, frozen=True):
    """What became of a message's MAC. seal: what its answer is sealed with, where that is known."""

    check: Check
    seal: Seal | None = None
    wanted: bool = True

    @property
    def proved(self) -> bool:
        """A good MAC, or none where none is wanted."""
        return self.check is Check.GOOD or not self.wanted


NO_MAC: Final = Sealed(Check.ABSENT, wanted=False)
MAC_MISSING: Final = Sealed(Check.ABSENT)


class Seals:
    """Checks and makes MACs; keeps apart what should have had one."""

    def __init__(self, hsm: Hsm, keys: HsmKeys, reads: Reads, now_us: Callable[[], int]) -> None:
        self._hsm = hsm
        self._keys = keys
        self._reads = reads
        self._parked = Rate(PARKED_PER_TERMINAL_PER_MINUTE, _MINUTE_US, now_us, _TERMINALS)

    async def check(self, security: Security, message: Message, body: bytes,
                    terminal: TerminalView) -> Sealed:
        """Is the message's MAC good? body: its bytes as they came, without the frame.

        Where no generation is named, all that the terminal may have are tried. A terminal that has
        used keys of its own is not believed under a device's (DUKPT).
        DecodeError: field 53, or a MAC that is not where it belongs. HsmUnavailable, HsmRefused.
        """
        mac = mac_of(message)
        if mac is None:
            return NO_MAC
        control = read_control(security, message.fields)
        if control.mac_scheme == "dukpt":
            # Any device of a base key can make one, and its serial names no terminal.
            if await self._keys.last_used(_own_key(terminal.terminal_id)) is not None:
                return Sealed(Check.OUT_OF_STEP)
            return await self._dukpt(security, control, body, mac)
        standing = await self._keys.standing(_name(control, terminal), control.mac_generation)
        seals = [Seal(key, security.mac_padding) for key in standing]
        for seal in seals:
            check = await self._verify(seal, body, mac)
            if check is not Check.WRONG:
                break
        else:
            return Sealed(Check.WRONG, seals[0]) if seals else Sealed(Check.OUT_OF_STEP)
        if check is Check.GOOD and not seal.key.used and control.mac_scheme != "zone":
            await proved(self._keys, terminal.terminal_id, seal.key.version)
        return Sealed(check, seal)

    async def seal(self, seal: Seal, codec: Codec, body: bytes) -> bytes:
        """An answer's bytes with its MAC in place of the zeros; room is made where there is none.

        HsmUnavailable, HsmRefused.
        """
        if not has_room(codec.specification, body):
            body = codec.encode(with_room(codec.decode(body)))
        said = body[:-MAC_BYTES]
        if seal.ksn:
            return said + await self._hsm.mac_dukpt(seal.key.block, seal.ksn, said,
                                                    padding=seal.padding)
        return said + await self._hsm.mac(seal.key.block, said, scheme=_scheme(seal))

    async def quarantine(self, request: Request, why: Check) -> bool:
        """Keep an unproved advice apart, without anything that is secret; False: too many already.

        JournalUnavailable.
        """
        if not self._parked.take(request.terminal_id):
            return False
        await self._reads.park(request.key.replace("\0", "\ufffd"), request.fingerprint, "mac",
                               content_of(request, why))
        return True

    async def _dukpt(self, security: Security, control: KeyControl, body: bytes,
                     mac: bytes) -> Sealed:
        key = await self._keys.at(bdk_name(control.ksn)) if control.ksn else None
        if key is None:
            return Sealed(Check.OUT_OF_STEP)
        seal = Seal(key, security.mac_padding, control.ksn)
        check = await self._hsm.verify_mac_dukpt(key.block, control.ksn, body[:-MAC_BYTES], mac,
                                                 padding=seal.padding)
        # A KSN that is none has no key either.
        return Sealed(check, seal if check is not Check.MALFORMED else None)

    async def _verify(self, seal: Seal, body: bytes, mac: bytes) -> Check:
        return await self._hsm.verify_mac(seal.key.block, body[:-MAC_BYTES], mac,
                                          scheme=_scheme(seal))


def _own_key(terminal_id: str) -> str:
    """The name of a terminal's own key for MACs."""
    return f"terminal/{terminal_id}/tak"


def _name(control: KeyControl, terminal: TerminalView) -> str:
    """Whose key: the terminal's own, or its acquirer's, as the terminal is registered."""
    if control.mac_scheme == "zone":
        return f"acquirer/{terminal.acquirer_id}/zak"
    return _own_key(terminal.terminal_id)


def _scheme(seal: Seal) -> str:
    """What the HSM is asked for: an AES key makes a CMAC, a TDES key a retail MAC."""
    return "cmac" if seal.key.algorithm == "A" else f"retail{seal.padding}"
