"""The keys of a phone on its disk: each under the PIN and a secret of the device.

Knows files and ciphers; must not know the host. 1. A key is PKCS#8 under AES-256-GCM; what opens it
is scrypt (RFC 7914) over the PIN, itself keyed by the device's secret, which is another file: who
copies the keys alone cannot even try PINs. 2. A try is counted on the disk before it is made, so
that a process that is killed gets none back. 3. The third wrong PIN in a row locks the phone for
good: the device's secret is deleted, and nothing opens the keys any more. 4. A key that has no
certificate yet is kept beside the one in force until it has one: whoever lost the answer asks again
with the same key. 5. Each file is there whole or as it was before.
"""

from __future__ import annotations

import fcntl
import hmac
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
T = TypeVar("T")
MOST_WRONG: Final = 3
COST: Final = 2**15  # of scrypt: 32 MiB, a tenth of a second
_IDENTITY: Final = "identity.json"  # the key in force and its certificate
_NEXT: Final = "next.json"  # a key that waits for its certificate
_SECRET: Final = "device.secret"
_TRIES: Final = "tries.json"
_LAST: Final = "last.json"
_LOCK: Final = "lock"
_SECRET_BYTES: Final = 32


class KeystoreError(Exception):
    """There is no such key, or its files are not as they should be."""


class WrongPin(Exception):
    """So many tries are left."""

    def __init__(self, left: int) -> None:
        super().__init__(f"the PIN is wrong: {left} {'try' if left == 1 else 'tries'} left")
        self.left = left


class Locked(Exception):
    """For good."""

    def __init__(self) -> None:
        super().__init__(f"this phone is locked for good after {MOST_WRONG} wrong PINs: ask your "
                         "bank to revoke its certificate, and enrol another one")


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """A key under lock. cost: of scrypt."""

    salt: bytes
    cost: int
    nonce: bytes
    key: bytes


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """A key and its certificate (PEM); serial '' until there is one."""

    phone: str
    sealed: Sealed
    serial: str = ""
    certificate: str = ""
    chain: str = ""


class _Tries(msgspec.Struct, frozen=True):
    """PINs that were tried since the last right one."""

    wrong: int


class Keystore:
    """In a directory of its own. tried: called once a try is counted and not made yet."""

    def __init__(self, home: Path, *, cost: int = COST,
                 tried: Callable[[], None] = lambda: None) -> None:
        self._home = home
        self._cost = cost
        self._tried = tried

    @property
    def identity(self) -> Identity | None:
        """What is in force."""
        return self._read(_IDENTITY, Identity)

    def begin(self, phone: str, pin: str, kind: str = "p256") -> PrivateKey:
        """The key that waits for a certificate; where none waits a new one, 'p256' or 'ed25519'.

        Its PIN is the phone's: the one in force, or the one that a new phone is given here.
        """
        check(pin)
        with self._alone():
            waiting = self._waiting()
            there = waiting or self.identity
            if there is not None:
                opened = self._open(there, pin)
                if there is waiting and there.phone == phone:
                    return opened
            if not (self._home / _TRIES).exists():
                self._write(_SECRET, secrets.token_bytes(_SECRET_BYTES))
                self._write(_TRIES, msgspec.json.encode(_Tries(0)))
            key: PrivateKey = ed25519.Ed25519PrivateKey.generate() if kind == "ed25519" \
                else ec.generate_private_key(ec.SECP256R1())
            self._write(_NEXT, msgspec.json.encode(Identity(
                phone=phone, sealed=self._seal(key, pin, phone))))
            return key

    def keep(self, serial: str, certificate: str, chain: str) -> Identity:
        """The key that waited has its certificate, and is in force from now on."""
        with self._alone():
            waiting = self._read(_NEXT, Identity)
            if waiting is None:
                raise KeystoreError("no key waits for a certificate")
            identity = msgspec.structs.replace(waiting, serial=serial, certificate=certificate,
                                               chain=chain)
            self._write(_IDENTITY, msgspec.json.encode(identity))
            (self._home / _NEXT).unlink()
            return identity

    def drop(self) -> None:
        """The host will never certify the key that waits: the next request is for a new one."""
        with self._alone():
            (self._home / _NEXT).unlink(missing_ok=True)

    @property
    def begun(self) -> bool:
        """Whether this phone has a PIN."""
        return (self._home / _TRIES).exists()

    def remember(self, content: bytes) -> None:
        """The newest word that was signed, for a fault that sends it again."""
        with self._alone():
            self._write(_LAST, content)

    @property
    def remembered(self) -> bytes:
        """That word; b'' where there is none."""
        try:
            return (self._home / _LAST).read_bytes()
        except FileNotFoundError:
            return b""

    def open(self, pin: str) -> PrivateKey:
        """The key in force. WrongPin, Locked, KeystoreError."""
        check(pin)
        with self._alone():
            return self._open(self._needed(), pin)

    def _waiting(self) -> Identity | None:
        """The key that waits; one that is in force already was left by a death between two files.
        """
        waiting, there = self._read(_NEXT, Identity), self.identity
        if waiting is not None and there is not None and waiting.sealed == there.sealed:
            (self._home / _NEXT).unlink()
            return None
        return waiting

    def _needed(self) -> Identity:
        found = self._read(_IDENTITY, Identity)
        if found is None:
            raise KeystoreError(f"{self._home}: this phone is not enrolled")
        return found

    def _open(self, identity: Identity, pin: str) -> PrivateKey:
        tries = self._read(_TRIES, _Tries)
        wrong = tries.wrong if tries is not None else MOST_WRONG  # a counter that is gone has run
        if wrong >= MOST_WRONG:
            self._erase()
            raise Locked
        secret = self._secret()
        self._write(_TRIES, msgspec.json.encode(_Tries(wrong + 1)))
        self._tried()
        key = _unsealed(identity, pin, secret)
        if key is not None:
            self._write(_TRIES, msgspec.json.encode(_Tries(0)))
            return key
        if wrong + 1 >= MOST_WRONG:
            self._erase()
            raise Locked
        raise WrongPin(MOST_WRONG - wrong - 1)

    def _seal(self, key: PrivateKey, pin: str, phone: str) -> Sealed:
        salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
        raw = key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8,
                                serialization.NoEncryption())
        cipher = AESGCM(_derived(pin, salt, self._cost, self._secret()))
        return Sealed(salt=salt, cost=self._cost, nonce=nonce,
                      key=cipher.encrypt(nonce, raw, phone.encode()))

    def _secret(self) -> bytes:
        try:
            return (self._home / _SECRET).read_bytes()
        except FileNotFoundError:
            raise KeystoreError(f"{self._home / _SECRET} is not there: these keys are of another "
                                "device") from None

    def _erase(self) -> None:
        (self._home / _SECRET).unlink(missing_ok=True)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One process at a time: two could share a try."""
        self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self._home / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _read(self, name: str, kind: type[T]) -> T | None:
        try:
            return msgspec.json.decode((self._home / name).read_bytes(), type=kind)
        except FileNotFoundError:
            return None
        except msgspec.MsgspecError as error:
            raise KeystoreError(f"{self._home / name}: {error}") from None

    def _write(self, name: str, content: bytes) -> None:
        """On the disk when this returns, readable by its owner alone."""
        fresh = self._home / f".{name}"
        fresh.unlink(missing_ok=True)
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._home / name)
        folder = os.open(self._home, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def check(pin: str) -> None:
    """Four to six digits. KeystoreError: it is no try."""
    if not (pin.isascii() and pin.isdecimal() and 4 <= len(pin) <= 6):
        raise KeystoreError("a PIN has four to six digits")


def _unsealed(identity: Identity, pin: str, secret: bytes) -> PrivateKey | None:
    """The key, or None where the PIN or the device is another."""
    sealed = identity.sealed
    cipher = AESGCM(_derived(pin, sealed.salt, sealed.cost, secret))
    try:
        raw = cipher.decrypt(sealed.nonce, sealed.key, identity.phone.encode())
    except InvalidTag:
        return None
    key = serialization.load_der_private_key(raw, None)
    assert isinstance(key, PrivateKey), "we made it"
    return key


def _derived(pin: str, salt: bytes, cost: int, secret: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=cost, r=8, p=1).derive(
        hmac.digest(secret, pin.encode(), "sha256"))
