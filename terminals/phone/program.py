"""A payer's phone: enrols, renews, hears what waits, shows it, and signs the payer's yes or no.

Knows its keystore, the host's door and a clock; must not know accounts. The key is open while a
word is signed, and not before or after.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from urllib.parse import quote

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import NameOID

from terminals.json_door import NoAnswer, Problem
from terminals.phone import shown as texts
from terminals.phone.door import Door, blames
from terminals.phone.faults import Fault, altered, moved
from terminals.phone.keystore import Identity, Keystore, KeystoreError, PrivateKey
from terminals.phone.shown import Answer, Login, Waiting
from terminals.phone.stream import CONNECTED, PAUSE_S, events

LOGINS_S: Final = 3.0  # between looks whether somebody logs in, where no event has told it
_MOST_SEEN: Final = 1_000  # payments whose newest version is remembered
_OPEN: Final = frozenset({"CREATED", "SENT", "OPENED"})
_TEXT_TIME: Final = "seconds"


class Enrolled(msgspec.Struct, frozen=True, kw_only=True):
    """The host's answer to a request for a certificate."""

    serial: str
    certificate: str
    chain: str


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What a word came to."""

    id: str
    state: str
    reason: str = ""


class Signature(NamedTuple):
    """As a body has it. signature: base64."""

    serial: str
    signed_at: str
    signature: str


class Phone:
    """One payer's phone (E.164). now: its clock; chance: from 0 to 1, for its pauses."""

    def __init__(self, number: str, keystore: Keystore, door: Door, *,
                 now: Callable[[], datetime] = lambda: datetime.now(UTC),
                 chance: Callable[[], float] = lambda: 0.5, pause_s: float = PAUSE_S) -> None:
        self.number = number
        self._keystore = keystore
        self._door = door
        self._now = now
        self._chance = chance
        self._pause_s = pause_s
        self._knocked = asyncio.Event()  # the stream has told of a login
        self._path = f"/v1/phones/{quote(number, safe='')}"
        self._seen: OrderedDict[str, int] = OrderedDict()

    # Its certificate.

    async def enrol(self, code: str, pin: str, kind: str = "p256") -> Identity:
        """A certificate for a key made here; the same key again where the answer was lost."""
        key = self._keystore.begin(self.number, pin, kind)
        return await self._certified(
            "/v1/phones/enrolments",
            {"phone": self.number, "code": code, "request": _pem(self._request(key))})

    async def renew(self, pin: str, kind: str = "p256") -> Identity:
        """A new key in place of the one in force, which signs the request for it."""
        serial = self._identity().serial
        old = self._keystore.open(pin)
        request = self._request(self._keystore.begin(self.number, pin, kind))
        digest = hashlib.sha256(request.public_bytes(serialization.Encoding.DER)).hexdigest()
        at = self._at()
        text = texts.renewal_text(self.number, serial, digest, at)
        return await self._certified(
            f"{self._path}/certificates",
            {"serial": serial, "request": _pem(request), "signed_at": at,
             "signature": _signed(old, text)})

    async def revoke(self, pin: str) -> str:
        """Give the certificate up: nothing is approved by it any more. Its serial."""
        serial, at = self._identity().serial, self._at()
        text = texts.revocation_text(self.number, serial, at)
        await self._door.tell(
            "POST", f"{self._path}/certificates/{serial}/revocation",
            {"signed_at": at, "signature": _signed(self._keystore.open(pin), text)}, msgspec.Raw)
        return serial

    async def told_at(self, pin: str, endpoint: str, p256dh: str, auth: str) -> None:
        """Be told by web push as well (RFC 8030); p256dh, auth: this phone's keys, base64url. With
        three empty values: no more."""
        serial, at = self._identity().serial, self._at()
        text = texts.push_text(self.number, endpoint, p256dh, auth, serial, at)
        content: dict[str, Any] = {"serial": serial, "signed_at": at,
                                   "signature": _signed(self._keystore.open(pin), text)}
        if endpoint:
            content |= {"endpoint": endpoint, "p256dh": p256dh, "auth": auth}
        await self._door.tell("PUT" if endpoint else "DELETE", f"{self._path}/push", content,
                              msgspec.Raw)

    # What waits.

    async def waiting(self) -> list[Waiting]:
        """Payments that wait for this payer's word, oldest first."""
        found = [one for one in await self._listed() if is_open(one)]
        return sorted(found, key=lambda one: one.created_at)

    async def logins(self) -> list[Login]:
        """Logins that wait for this agent's word."""
        return await self._door.get(f"{self._path}/logins", list[Login])

    async def all(self) -> list[Waiting | Login]:
        """Both."""
        return [*await self.waiting(), *await self.logins()]

    async def find(self, name: str) -> Waiting | Login:
        """What waits under an id. NoAnswer."""
        for one in await self.all():
            if one.id == name:
                return one
        raise NoAnswer(f"{name} does not wait for this phone")

    async def news(self) -> AsyncGenerator[Waiting, None]:
        """Payments as they come and as they end, each version once, for ever; what happened while
        the line was lost is fetched."""
        async with aclosing(events(self._door.client, f"{self._path}/events", self._chance,
                                   pause_s=self._pause_s)) as stream:
            first = True
            async for event in stream:
                if event == CONNECTED:
                    try:
                        found = await (self.waiting() if first else self._listed())
                    except NoAnswer:
                        continue  # the next connection fetches it
                    first = False
                elif event.kind == "payment":
                    found = _told(event.data)
                elif event.kind == "login":
                    self._knocked.set()
                    continue
                else:
                    continue
                for one in found:
                    if self._is_new(one):
                        yield one

    async def logins_to_come(self) -> AsyncGenerator[Login, None]:
        """Logins as they come, each once, for ever; at once while `news` is listened to."""
        seen: OrderedDict[str, None] = OrderedDict()
        while True:
            self._knocked.clear()
            try:
                found = await self.logins()
            except NoAnswer:
                found = []
            for one in found:
                if one.id not in seen:
                    seen[one.id] = None
                    if len(seen) > _MOST_SEEN:
                        seen.popitem(last=False)
                    yield one
            with suppress(TimeoutError):
                async with asyncio.timeout(LOGINS_S):
                    await self._knocked.wait()

    async def opened(self, payment: Waiting) -> None:
        """The payer reads it now."""
        await self._door.tell("POST", f"/v1/payments/{payment.id}/opened",
                              {"phone": self.number}, msgspec.Raw, _key("opened", payment.id))

    # The payer's word.

    async def answer(self, asked: Waiting | Login, decision: Answer, pin: str,
                     fault: Fault = Fault.NONE) -> list[Said]:
        """Sign and send the word; what it came to. More than one with the fault `twice`, none with
        `silent`. Problem, NoAnswer, and what the keystore says."""
        if fault is Fault.SILENT:
            return []
        said = [await self._word(asked, decision, pin, fault)]
        if fault is Fault.TWICE:
            other: Answer = "refuse" if decision == "approve" else "approve"
            said.append(await self._word(asked, other, pin, fault))
        return said

    async def _word(self, asked: Waiting | Login, decision: Answer, pin: str,
                    fault: Fault) -> Said:
        identity = self._identity()
        key = self._keystore.open(pin)
        if fault is Fault.SOMEONE_ELSES:
            key = ec.generate_private_key(ec.SECP256R1())
        if fault is Fault.LATE and asked.expires_at:
            left = datetime.fromisoformat(asked.expires_at) - self._now()
            await asyncio.sleep(max(left.total_seconds(), 0) + 1)
        at = moved(self._now(), fault).isoformat(timespec=_TEXT_TIME)
        if isinstance(asked, Waiting):
            path = f"/v1/payments/{asked.id}/word"
            text = texts.payment_text(altered(asked, fault), decision, self.number, at)
        else:
            path = f"/v1/logins/{asked.id}/word"
            text = texts.login_text(asked, decision, self.number, at)
        mine = Signature(identity.serial, at, _signed(key, text))
        sent = self._before(mine) if fault is Fault.REPLAY else mine
        self._keystore.remember(msgspec.json.encode(mine))
        return await self._door.tell(
            "POST", path, {"decision": decision, "phone": self.number, **sent._asdict()}, Said,
            _key(decision, asked.id))

    # What they have in common.

    async def _listed(self) -> list[Waiting]:
        """Payments of this phone, what has become of them too, newest first."""
        return await self._door.get(f"{self._path}/payments", list[Waiting])

    async def _certified(self, path: str, content: dict[str, Any]) -> Identity:
        try:
            made = await self._door.tell("POST", path, content, Enrolled)
        except Problem as problem:
            if blames(problem, "request"):
                self._keystore.drop()
            raise
        return self._keystore.keep(made.serial, made.certificate, made.chain)

    def _identity(self) -> Identity:
        identity = self._keystore.identity
        if identity is None:
            raise KeystoreError("this phone is not enrolled")
        if identity.phone != self.number:
            raise KeystoreError(f"these keys are {identity.phone}'s, not {self.number}'s")
        return identity

    def _before(self, mine: Signature) -> Signature:
        """The word before this one, signed for another payment."""
        raw = self._keystore.remembered
        return msgspec.json.decode(raw, type=Signature) if raw else mine

    def _at(self) -> str:
        return self._now().isoformat(timespec=_TEXT_TIME)

    def _is_new(self, one: Waiting) -> bool:
        if self._seen.get(one.id, -1) >= one.version:
            return False
        self._seen[one.id] = one.version
        self._seen.move_to_end(one.id)
        if len(self._seen) > _MOST_SEEN:
            self._seen.popitem(last=False)
        return True

    def _request(self, key: PrivateKey) -> x509.CertificateSigningRequest:
        """PKCS#10: whose phone, and that the key is here."""
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.number)])
        builder = x509.CertificateSigningRequestBuilder().subject_name(name)
        if isinstance(key, ed25519.Ed25519PrivateKey):
            return builder.sign(key, None)
        return builder.sign(key, hashes.SHA256())


def is_open(payment: Waiting) -> bool:
    """Whether it waits for the payer."""
    return payment.state in _OPEN


def _told(data: str) -> list[Waiting]:
    """The payment of an event; none where it cannot be read, for it can be fetched."""
    try:
        return [msgspec.json.decode(data, type=Waiting)]
    except msgspec.MsgspecError:
        return []


def _signed(key: PrivateKey, text: bytes) -> str:
    if isinstance(key, ed25519.Ed25519PrivateKey):
        raw = key.sign(text)
    else:
        raw = key.sign(text, ec.ECDSA(hashes.SHA256()))
    return base64.b64encode(raw).decode()


def _pem(request: x509.CertificateSigningRequest) -> str:
    return request.public_bytes(serialization.Encoding.PEM).decode()


def _key(action: str, name: str) -> str:
    return f"{action}-{name}"[:64]
