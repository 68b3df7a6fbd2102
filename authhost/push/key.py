"""The key that says who wakes a phone (VAPID): a file that this operator's hosts share.

Knows files. A subscription is bound to the public key: under another one the phones have to
subscribe again, so it is made once (`authhost push-key`) and kept.
"""

from __future__ import annotations

import base64
import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from authhost.push.encryption import public_bytes


class KeyProblem(Exception):
    """The file cannot be used, or made; why."""


def make_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """A new key on P-256, readable by its owner alone; never over a file that is there. KeyProblem.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(text)
                file.flush()
                os.fsync(handle)
            os.link(beside, path)  # whole or not at all, and not over another
        finally:
            beside.unlink()
    except FileExistsError:
        raise KeyProblem(f"{path} is there: phones have subscribed under it") from None
    except OSError as error:
        raise KeyProblem(f"{path}: {error.strerror}") from None
    return key


def load_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """The key in a file. KeyProblem."""
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except OSError as error:
        raise KeyProblem(f"{path}: {error.strerror}") from None
    except (ValueError, TypeError):
        raise KeyProblem(f"{path} is no private key (PEM, without a passphrase)") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) \
            or not isinstance(key.curve, ec.SECP256R1):
        raise KeyProblem(f"{path} is no key on P-256")
    return key


def public_text(key: ec.EllipticCurvePrivateKey) -> str:
    """The public key as a browser's `applicationServerKey` takes it: base64url, 87 characters."""
    return base64.urlsafe_b64encode(public_bytes(key.public_key())).rstrip(b"=").decode()
