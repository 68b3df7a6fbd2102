"""A push service on this machine, and the browsers that are subscribed to it.

Knows RFC 8030, 8188, 8291 and 8292 from the other side, and nothing of the room that sends: keys
are derived with a plain HMAC (RFC 5869), records are taken apart here. It refuses what a push
service refuses, and answers as it is told.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
import re
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tests.support.hearing import Heard, Hearing, Reply

NAME = "push.example"
_VAPID = re.compile(r"vapid t=([\w-]+)\.([\w-]+)\.([\w-]+), k=([\w-]+)")
_TOPIC = re.compile(r"[\w-]{1,32}")
_MOST = 4_096
_numbers = itertools.count(1)


class Pushed(NamedTuple):
    """A message that the service has taken, as the browser reads it."""

    browser: Browser
    payload: bytes
    headers: dict[str, str]


class Browser:
    """One subscription: its keys are the browser's alone."""

    def __init__(self, url: str, server_key: str) -> None:
        self.path = f"/push/{next(_numbers)}"
        self.endpoint = url + self.path
        self.server_key = server_key
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.auth = secrets.token_bytes(16)

    @property
    def told(self) -> str:
        """The subscription as the phone tells it, and as it is stored."""
        return json.dumps({"endpoint": self.endpoint, "p256dh": text(point(self.key)),
                           "auth": text(self.auth)})

    def read(self, body: bytes) -> bytes:
        """What was sent. ValueError where it is no message for this browser."""
        return decrypted(body, self.key, self.auth)


class PushServer:
    """answer: 201, 404, 410, 413, 429 or 500, for each message that is right."""

    def __init__(self, directory: Path, server_key: str) -> None:
        self.hearing = Hearing(directory, [NAME])
        self.hearing.reply = self._reply
        self.server_key = server_key
        self.browsers: dict[str, Browser] = {}
        self.taken: list[Pushed] = []
        self.refused: list[str] = []
        self.answer: Callable[[Heard], Reply | int] = lambda _: 201

    @property
    def url(self) -> str:
        """Its origin."""
        return f"https://{NAME}:{self.hearing.port}"

    def subscribe(self) -> Browser:
        """A browser subscribes, for messages of this sender alone (RFC 8292, 4)."""
        made = Browser(self.url, self.server_key)
        self.browsers[made.path] = made
        return made

    async def _reply(self, heard: Heard) -> Reply:
        browser = self.browsers.get(heard.path)
        if browser is None:
            return Reply(404)
        answer = self.answer(heard)
        reply = answer if isinstance(answer, Reply) else Reply(answer)
        wrong = objection(heard, browser, self.url)
        if wrong:
            self.refused.append(wrong)
            return Reply(403 if wrong.startswith("vapid") else 400)
        if reply.status == 201:
            payload = browser.read(heard.body) if heard.body else b""
            self.taken.append(Pushed(browser, payload, heard.headers))
        return reply


def objection(heard: Heard, browser: Browser, origin: str) -> str:
    """What a push service has against a request; '' nothing."""
    headers = heard.headers
    if not headers.get("ttl", "").isdecimal():
        return "ttl"
    if headers.get("urgency", "normal") not in {"very-low", "low", "normal", "high"}:
        return "urgency"
    if "topic" in headers and not _TOPIC.fullmatch(headers["topic"]):
        return "topic"
    if heard.body and headers.get("content-encoding") != "aes128gcm":
        return "content-encoding"
    if len(heard.body) > _MOST:
        return "size"
    return _vapid_objection(headers.get("authorization", ""), browser.server_key, origin)


def _vapid_objection(authorization: str, server_key: str, origin: str) -> str:
    found = _VAPID.fullmatch(authorization)
    if found is None:
        return "vapid: no token"
    header, claims, signature, key = found.groups()
    if key != server_key:
        return "vapid: another sender"
    if json.loads(raw(header)) != {"typ": "JWT", "alg": "ES256"}:
        return "vapid: header"
    halves = raw(signature)
    numbers = int.from_bytes(halves[:32], "big"), int.from_bytes(halves[32:], "big")
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw(key)).verify(
            encode_dss_signature(*numbers), f"{header}.{claims}".encode(),
            ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return "vapid: signature"
    said = json.loads(raw(claims))
    if said["aud"] != origin:
        return f"vapid: aud {said['aud']}"
    if not time.time() < said["exp"] <= time.time() + 24 * 3_600:
        return "vapid: exp"
    return "" if said["sub"].startswith(("mailto:", "https:")) else "vapid: sub"


def decrypted(body: bytes, key: ec.EllipticCurvePrivateKey, auth: bytes) -> bytes:
    """A message of one record. ValueError."""
    salt, size, length = body[:16], int.from_bytes(body[16:20], "big"), body[20]
    sender, record = body[21:21 + length], body[21 + length:]
    if size < 18 or len(record) > size:
        raise ValueError("not one record")
    shared = key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(
        ec.SECP256R1(), sender))
    secret = _expanded(_mac(auth, shared), b"WebPush: info\x00" + point(key) + sender, 32)
    common = _mac(salt, secret)
    content_key = _expanded(common, b"Content-Encoding: aes128gcm\x00", 16)
    nonce = _expanded(common, b"Content-Encoding: nonce\x00", 12)
    cipher = Cipher(algorithms.AES(content_key), modes.GCM(nonce, record[-16:])).decryptor()
    plain = (cipher.update(record[:-16]) + cipher.finalize()).rstrip(b"\x00")
    if plain[-1:] != b"\x02":
        raise ValueError("not the last record")
    return plain[:-1]


def point(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The public key, 65 bytes."""
    return key.public_key().public_bytes(serialization.Encoding.X962,
                                         serialization.PublicFormat.UncompressedPoint)


def raw(part: str) -> bytes:
    """Of base64url without padding."""
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def text(data: bytes) -> str:
    """In base64url without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _mac(key: bytes, data: bytes) -> bytes:
    return hmac.new(key, data, hashlib.sha256).digest()


def _expanded(common: bytes, info: bytes, size: int) -> bytes:
    return _mac(common, info + b"\x01")[:size]
