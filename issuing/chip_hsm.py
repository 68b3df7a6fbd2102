"""What the HSM is asked for a chip card and its mailer: the verbs that only issuing needs.

Knows the layouts of these commands (`hsm_sim/commands/personalization.py` has them on the other
end); knows no socket. Keys and PINs come and go under the LMK, or for one card. A session's keys
are blocks that die with the session object.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Final, TypeVar

import msgspec

from authhost.hsm.errors import HsmRefused
from authhost.hsm.verbs import Hsm
from chip.secure import Decipher, Encipher, Work

PRINT_PATIENCE_MS: Final = 5_000  # a spool waits for its disk
_BLOCK_HEX: Final = 32
_WRONG: Final = "01"
_BAD_PIN: Final = "14"
_NO_PIN: Final = "J" + "0" * _BLOCK_HEX
_R = TypeVar("_R")


class CardNotGenuine(Exception):
    """A card that does not prove the key of its serial number."""


class SessionBlocks(msgspec.Struct, frozen=True):
    """The keys of a session, S-ENC and S-MAC, under the LMK."""

    encryption: str
    authentication: str

    def __repr__(self) -> str:
        return "SessionBlocks(hidden)"


class ChipHsm:
    """The verbs. Raises HsmRefused and HsmUnavailable, as all verbs do."""

    def __init__(self, hsm: Hsm) -> None:
        self._hsm = hsm

    async def wrapped_key(self, target: int, serial: bytes, transport: str, master: str, *,
                          pan: str = "", psn: str = "") -> tuple[bytes, bytes]:
        """What PUT KEY carries of a card's key, 16 bytes, and its check value, 5 bytes (Z0).

        pan, psn: of a key for cryptograms (target 40), which is the number's and not the chip's.
        """
        command = f"Z0{target:02X}{_hex(serial)}{transport}{master}"
        data = await self._ask(command + (f"{pan};{psn}" if pan else ""))
        return bytes.fromhex(data[:_BLOCK_HEX]), bytes.fromhex(data[_BLOCK_HEX:])

    async def proof(self, ref: int, serial: bytes, master: str,
                    card_random: bytes) -> tuple[bytes, bytes]:
        """Our random and our proof, 16 bytes each, for a card that gave its random (Z2)."""
        data = await self._ask(f"Z2{ref:02X}{_hex(serial)}{master}{_hex(card_random)}")
        return bytes.fromhex(data[:_BLOCK_HEX]), bytes.fromhex(data[_BLOCK_HEX:])

    async def session(self, ref: int, serial: bytes, master: str, card_random: bytes,
                      own_random: bytes, proof: bytes) -> SessionBlocks:
        """The session's keys, when the card's proof is right (Z4). CardNotGenuine."""
        try:
            data = await self._ask(f"Z4{ref:02X}{_hex(serial)}{master}{_hex(card_random)}"
                                   f"{_hex(own_random)}{_hex(proof)}")
        except HsmRefused as error:
            if error.code == _WRONG:
                raise CardNotGenuine(f"chip {_hex(serial)} does not prove its key") from None
            raise
        length = 1 + int(data[2:6])
        return SessionBlocks(data[:length], data[length:])

    async def pin_block(self, serial: bytes, master: str, pin: str, pan: str) -> bytes:
        """The PIN for the card alone, 16 bytes (Z6). pin: under the LMK."""
        return bytes.fromhex(await self._ask(f"Z6{_hex(serial)}{master}{pin}{pan};"))

    async def drive(self, steps: Generator[Work, bytes, _R], session: SessionBlocks) -> _R:
        """Give a generator of `chip.secure` each use of a key that it asks for (M0, M2, M6)."""
        try:
            work = next(steps)
            while True:
                work = steps.send(await self._do(work, session))
        except StopIteration as done:
            result: _R = done.value
            return result

    async def new_issuer_key(self) -> tuple[bytes, str]:
        """(public point, 65 bytes; private key under the LMK) of a new key pair (FY)."""
        data = await self._ask("FY00#S0S00N00")
        return bytes.fromhex(data[:130]), data[130:]

    async def sign(self, key: str, body: bytes) -> bytes:
        """ECDSA with SHA-256, r and s, 64 bytes (EW)."""
        command = b"EW0602%04d%b;99FFFF%b" % (len(body), body, key.encode())
        return (await self._hsm.ask(command))[4:]

    async def mailer_ready(self) -> None:
        """HsmRefused, 16 or 17, when the HSM would not print now: asked before a card is touched.

        The PIN that is sent is none, which a printer that is ready says last.
        """
        try:
            await self.print_mailer("000000000000", _NO_PIN, ("check", "0000", "check", "check"))
        except HsmRefused as error:
            if error.code != _BAD_PIN:
                raise

    async def print_mailer(self, account: str, pin: str, fields: tuple[str, ...]) -> None:
        """A mailer in the spool (PE). fields: reference, last four digits, holder, address
        lines."""
        command = f"PEC{account}{pin}{';'.join(fields)}".encode()
        before, after = await self._hsm.pool.call_printing(command, PRINT_PATIENCE_MS)
        for answer in (before, after):
            if answer[:2] != b"00":
                raise HsmRefused("PE", answer[:2].decode("latin-1"))

    async def _do(self, work: Work, session: SessionBlocks) -> bytes:
        if isinstance(work, Encipher | Decipher):
            letters = b"M0" if isinstance(work, Encipher) else b"M2"
            answer = await self._hsm.ask(b"%b0100FFF%b%b%04X%b" % (
                letters, session.encryption.encode(), b"0" * _BLOCK_HEX, len(work.data),
                work.data))
            return answer[_BLOCK_HEX + 4:]
        answer = await self._hsm.ask(b"M600150FFF%b%04X%b" % (
            session.authentication.encode(), len(work.data), work.data))
        return bytes.fromhex(answer.decode("ascii"))

    async def _ask(self, command: str) -> str:
        return (await self._hsm.ask(command.encode())).decode("ascii")


def _hex(data: bytes) -> str:
    return data.hex().upper()
