"""Card readers through PC/SC (pcscd on Linux, winscard on Windows), with secure PIN entry.

Knows pyscard, which the extra `smartcard` brings and which is imported when a reader is opened,
and PC/SC part 10 (PIN_VERIFY_STRUCTURE). Knows no application of the card.
"""

from __future__ import annotations

import contextlib
import importlib
import struct
from typing import Any, Final

from chip.errors import CardPulled, NoCard, NoReader
from chip.reader import VERIFY, PinPrompt

# Format of an EMV PIN block behind the five bytes of header and Lc, as an OMNIKEY 3821 takes it:
_FORMAT: Final = 0x89  # byte units, digits from byte 1 of the block, left, BCD
_BLOCK: Final = 0x47  # the length has 4 bits, the digits 7 bytes
_LENGTH: Final = 0x04  # and the length stands 4 bits into the block
_VALIDATION_KEY: Final = 0x02
_ONE_MESSAGE: Final = 0x01
_ENGLISH: Final = 0x0409
_HEAD: Final = struct.Struct("<BBBBBHBBHB3sI")


def pin_verify_structure(prompt: PinPrompt) -> bytes:
    """PIN_VERIFY_STRUCTURE for VERIFY with an EMV block. PC/SC part 10, 2.5.2; little-endian."""
    return _HEAD.pack(
        prompt.timeout_s, prompt.timeout_s, _FORMAT, _BLOCK, _LENGTH,
        prompt.shortest << 8 | prompt.longest, _VALIDATION_KEY, _ONE_MESSAGE, _ENGLISH, 0,
        bytes(3), len(VERIFY)) + VERIFY


def names() -> list[str]:
    """The readers that are attached; NoReader where nobody can say."""
    return [str(reader) for reader in _readers()]


class PcscReader:
    """One slot of one reader. name: part of its name, '' for the first."""

    def __init__(self, name: str = "") -> None:
        self._name = name
        self._connection: Any = None
        self._verify_control = 0

    @property
    def has_pin_pad(self) -> bool:
        """FEATURE_VERIFY_PIN_DIRECT, as the driver told at `connect`."""
        return bool(self._verify_control)

    def connect(self) -> bytes:
        """For us alone, by T=1."""
        self.disconnect()
        errors = _module("smartcard.Exceptions")
        scard = _module("smartcard.scard")
        found = [reader for reader in _readers() if self._name in str(reader)]
        if not found:
            raise NoReader(f"none is named {self._name!r}" if self._name else "none is attached")
        protocol = _module("smartcard.CardConnection").CardConnection.T1_protocol
        connection: Any = None
        try:
            connection = found[0].createConnection()
            connection.connect(protocol=protocol, mode=scard.SCARD_SHARE_EXCLUSIVE,
                               disposition=scard.SCARD_UNPOWER_CARD)
            self._verify_control = _verify_control(connection)
            answer_to_reset = bytes(connection.getATR())
        except errors.NoCardException:
            _let_go(connection)
            raise NoCard from None
        except errors.SmartcardException as error:
            _let_go(connection)
            # Put in the wrong way round, or pulled out again: no card as far as we can see.
            mute = (scard.SCARD_W_UNRESPONSIVE_CARD, scard.SCARD_W_UNPOWERED_CARD,
                    scard.SCARD_W_RESET_CARD, scard.SCARD_W_REMOVED_CARD)
            problem = NoCard if error.hresult in mute else NoReader
            raise problem(_short(error)) from None
        self._connection = connection
        return answer_to_reset

    def transmit(self, apdu: bytes) -> tuple[bytes, int]:
        """CardPulled for whatever keeps an answer from coming."""
        connection = self._connected()
        try:
            data, first, second = connection.transmit(list(apdu))
        except _module("smartcard.Exceptions").SmartcardException as error:
            self.disconnect()
            raise CardPulled(_short(error)) from None
        return bytes(data), first << 8 | second

    def verify_pin_direct(self, prompt: PinPrompt) -> int:
        """The PIN stays in the reader: what comes back is two bytes."""
        assert self._verify_control, "a reader without secure PIN entry"
        connection = self._connected()
        try:
            answer = bytes(connection.control(self._verify_control,
                                              list(pin_verify_structure(prompt))))
        except _module("smartcard.Exceptions").SmartcardException as error:
            self.disconnect()
            raise CardPulled(_short(error)) from None
        if len(answer) != 2:
            self.disconnect()
            raise CardPulled("the reader gave no status")
        return int.from_bytes(answer, "big")

    def disconnect(self) -> None:
        """Cut the power and let others have the reader."""
        connection, self._connection, self._verify_control = self._connection, None, 0
        _let_go(connection)

    def _connected(self) -> Any:
        if self._connection is None:
            raise CardPulled
        return self._connection


def _verify_control(connection: Any) -> int:
    """The control code of VERIFY_PIN_DIRECT, 0 without."""
    part10 = _module("smartcard.pcsc.PCSCPart10")
    try:
        features = part10.getFeatureRequest(connection)
    except _module("smartcard.Exceptions").SmartcardException:
        return 0  # a driver that knows no features at all
    return int(part10.hasFeature(features, part10.FEATURE_VERIFY_PIN_DIRECT) or 0)


def _let_go(connection: Any) -> None:
    """Power off and release; where the service is gone there is nothing to let go of."""
    if connection is not None:
        with contextlib.suppress(_module("smartcard.Exceptions").SmartcardException):
            connection.disconnect()
            connection.release()


def _readers() -> list[Any]:
    system = _module("smartcard.System")
    try:
        return list(system.readers())
    except _module("smartcard.Exceptions").SmartcardException as error:
        raise NoReader(_short(error)) from None
    except _module("smartcard.pcsc.PCSCExceptions").BaseSCardException as error:
        raise NoReader(_short(error)) from None


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise NoReader("PC/SC needs the extra: pip install 'authhost[smartcard]', "
                       "with pcscd and libpcsclite-dev on Debian") from None


def _short(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
