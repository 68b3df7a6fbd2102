"""The station's chip card reader, as its settings say: PC/SC, or a virtual card in a file.

Knows files and which reader is meant; knows no sale. A virtual card is for trying out: who has its
file and key has the card.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from chip.certificates import Certificate, CertificateError
from chip.dialogue import Credential
from chip.memory import CardFile
from chip.pcsc import PcscReader
from chip.reader import InProcessReader, Reader
from chip.virtual import Card
from terminals.card_reader import CardReader
from terminals.edge.config import ReaderSettings, points
from terminals.settings import ConfigError, secret


def card_reader(settings: ReaderSettings, now: Callable[[], datetime]) -> CardReader | None:
    """What the POS reads chips with; None where there is no reader. ConfigError."""
    if settings.kind == "none":
        return None
    if settings.key is None or not settings.certificates or not settings.issuers:
        raise ConfigError("[reader]: key, certificates and issuers are wanted")
    try:
        key = load_pem_private_key(secret(settings.key).encode(), None)
        certificates = tuple(Certificate.parse(bytes.fromhex(path.read_text(encoding="ascii")))
                             for path in settings.certificates)
    except (OSError, ValueError, CertificateError) as error:
        raise ConfigError(f"[reader]: {error}") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ConfigError(f"[reader] key: {settings.key} is not a key of P-256")
    return CardReader(_reader(settings), Credential(key, certificates),
                      points("[reader] issuers", settings.issuers), now=now,
                      country=settings.country)


def _reader(settings: ReaderSettings) -> Reader:
    if settings.kind == "pcsc":
        return PcscReader(settings.name)
    if settings.card is None:
        raise ConfigError("[reader] card: the virtual card's file is wanted")
    key_path = settings.card_key or settings.card.with_name("key")
    try:
        memory = CardFile(settings.card, key_path.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigError(f"{key_path}: {error}") from error
    return InProcessReader(Card(memory))
