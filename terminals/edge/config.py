"""What a station sets up: one TOML file, its paths relative to it.

Knows files and the shape of the settings; holds no secret but where one lies. What is wrong is told
with its file, table and name.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec

from iso import FRAMINGS, UnknownProfile, get
from terminals.layout import CURRENCY_NUMBERS
from terminals.link import Address
from terminals.purchase import Terminal
from terminals.session_keys import Algorithm, SessionKeys
from terminals.settings import ConfigError, TlsSettings, decoded, secret


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[terminal]: who speaks, and what a receipt says of it."""

    id: str
    merchant: str
    acquirer: str
    outdoor: bool = False
    site: str = ""
    name: str = ""
    address: str = ""
    tax_number: str = ""
    currency: str = "EUR"
    time_zone: str = "UTC"


class HostSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[host]: the ISO 8583 door. answer_timeout_s: real seconds."""

    host: str
    port: int
    profile: str = "ifsf"
    framing: str = "binary2"
    answer_timeout_s: float = 5.0
    tls: bool = True


class StationSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[station]: the JSON door. Without a url: no catalogue, so no off-line sales."""

    url: str = ""
    heartbeat_s: int = 60
    difference_s: int = 30 * 60
    full_s: int = 24 * 3600


class StoreSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[store]: the SQLite file, and the file with its key (Fernet's, base64)."""

    path: Path
    key: Path
    most_waiting: int = 5_000
    keep_days: int = 120


class KeySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[keys]: the file with the terminal's master key, hexadecimal; T is TDES, A is AES."""

    master: Path | None = None
    algorithm: Algorithm = "A"


class TillSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[till]: the loopback port for the till's program, and the file with its token."""

    port: int = 8590
    token: Path | None = None


class ReaderSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[reader]: chip cards. issuers: points by number, hexadecimal.

    pcsc: a PC/SC reader, by the beginning of its name; virtual: a card in a file, for trying out,
    with its key (32 bytes; the file `key` beside it) in another.
    """

    kind: Literal["none", "pcsc", "virtual"] = "none"
    name: str = ""
    key: Path | None = None
    certificates: tuple[Path, ...] = ()
    issuers: dict[str, str] = {}
    country: str = "705"
    card: Path | None = None
    card_key: Path | None = None


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All of it. catalogue_keys: points by number, hexadecimal. vat: percent by product code, and
    'default'; card_types: names by the beginnings of card numbers."""

    terminal: Place
    host: HostSettings
    store: StoreSettings
    station: StationSettings = StationSettings()
    tls: TlsSettings | None = None
    keys: KeySettings = KeySettings()
    till: TillSettings = TillSettings()
    reader: ReaderSettings = ReaderSettings()
    catalogue_keys: dict[str, str] = {}
    vat: dict[str, str] = {}
    card_types: dict[str, str] = {}

    @property
    def speaker(self) -> Terminal:
        """Who speaks, as messages have it."""
        place = self.terminal
        return Terminal(place.id, place.merchant, place.acquirer, place.outdoor)

    def context(self) -> ssl.SSLContext | None:
        """TLS, mutual where there is a certificate. ConfigError where a file is no good."""
        return self.tls.context() if self.tls is not None else None

    def where(self) -> Address:
        """The host's ISO door."""
        host = self.host
        return Address(host=host.host, port=host.port, profile=host.profile, framing=host.framing,
                       tls=self.context() if host.tls else None)

    def session_keys(self) -> SessionKeys | None:
        """The holder of session keys, where there is a master key."""
        if self.keys.master is None:
            return None
        return SessionKeys(bytes.fromhex(secret(self.keys.master)), self.keys.algorithm)

    def signers(self) -> dict[int, bytes]:
        """Who may sign a catalogue."""
        return points("catalogue_keys", self.catalogue_keys)


def load(path: Path) -> Config:
    """The settings of a file. ConfigError says what is wrong with it."""
    config = decoded(path, Config)
    try:
        demand(config)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error
    return config


def demand(config: Config) -> None:
    """What the shape alone does not say."""
    place, host = config.terminal, config.host
    try:
        ZoneInfo(place.time_zone)
    except (OSError, ValueError, KeyError) as error:
        raise ConfigError(f"[terminal] time_zone: {error}") from error
    if not 1 <= len(place.id) <= 8:
        raise ConfigError("[terminal] id: 1 to 8 characters")
    if place.currency not in CURRENCY_NUMBERS:
        raise ConfigError(f"[terminal] currency: one of {', '.join(CURRENCY_NUMBERS)}")
    try:
        get(host.profile)
    except UnknownProfile as error:
        raise ConfigError(f"[host] profile: {error}") from error
    if host.framing not in FRAMINGS:
        raise ConfigError(f"[host] framing: one of {', '.join(FRAMINGS)}")
    if host.tls and config.tls is None:
        raise ConfigError("[host] tls is on, and there is no [tls]; tls = false for trying out")
    config.signers()
    points("[reader] issuers", config.reader.issuers)
    for product, percent in config.vat.items():
        if not percent.replace(".", "", 1).isdecimal():
            raise ConfigError(f'[vat] {product}: a number as text, like "22" or "9.5"')


def points(where: str, texts: dict[str, str]) -> dict[int, bytes]:
    """Public points by number; ConfigError for what is none."""
    found = {}
    for number, text in texts.items():
        try:
            point = bytes.fromhex(text)
            ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
            found[int(number)] = point
        except ValueError as error:
            raise ConfigError(f"{where} {number}: no point of P-256 ({error})") from error
    return found
