"""The print shop's side: `python -m issuing.viewer MAILER.p7m --key printer.pem` shows one mailer.

Knows CMS (RFC 5652) and the print shop's key; writes nothing to disk. The key file holds the
private key and the certificate that mailers are encrypted to, or `--certificate` names it.
"""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.hazmat.primitives.serialization.pkcs7 import pkcs7_decrypt_der


class ViewerError(Exception):
    """A mailer that cannot be shown, and why."""


def main(argv: Sequence[str] | None = None) -> int:
    """Show one mailer. 0 shown, 1 not, 2 wrong arguments."""
    parser = argparse.ArgumentParser(prog="python -m issuing.viewer",
                                     description="Show a PIN mailer in this terminal.")
    parser.add_argument("mailer", type=Path)
    parser.add_argument("--key", type=Path, required=True, help="the print shop's key (PEM)")
    parser.add_argument("--certificate", type=Path, help="default: it is in the key file")
    arguments = parser.parse_args(argv)
    try:
        text = open_mailer(arguments.mailer, arguments.key, arguments.certificate)
    except (ViewerError, OSError) as error:
        print(f"viewer: {error}", file=sys.stderr)
        return 1
    sys.stdout.write(text)
    return 0


def open_mailer(mailer: Path, key: Path, certificate: Path | None = None) -> str:
    """The text of a mailer. ViewerError; OSError."""
    try:
        shop = x509.load_pem_x509_certificate((certificate or key).read_bytes())
    except ValueError:
        raise ViewerError(f"{certificate or key} holds no certificate") from None
    try:
        text: bytes = pkcs7_decrypt_der(mailer.read_bytes(), shop, _private_key(key), [])
        return text.decode()
    except ValueError:
        raise ViewerError(f"{mailer} is no mailer for this key") from None


def _private_key(path: Path) -> rsa.RSAPrivateKey:
    content = path.read_bytes()
    password = None
    if b"ENCRYPTED PRIVATE KEY" in content:
        password = getpass.getpass("passphrase: ").encode()
    try:
        key = load_pem_private_key(content, password)
    except (TypeError, ValueError):
        raise ViewerError(f"{path} holds no private key that opens") from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ViewerError(f"{path}: mailers are for an RSA key")
    return key


if __name__ == "__main__":
    raise SystemExit(main())
