"""What a host process is started with. Plain data; where it comes from is cli.py's."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from pathlib import Path

import msgspec

from authhost.clock import Clock
from authhost.hsm.address import HsmAddress
from authhost.operator import Operator


class SettingsError(Exception):
    """A setting that cannot be used: which one, and why."""


class IsoListen(msgspec.Struct, frozen=True):
    """One ISO 8583 door: profile:framing:host:port[:tls]."""

    profile: str
    framing: str
    host: str
    port: int
    tls: bool

    @staticmethod
    def parse(text: str) -> IsoListen:
        """Read `ifsf:binary2:127.0.0.1:8583:tls`."""
        parts = text.split(":")
        if len(parts) not in {4, 5} or (len(parts) == 5 and parts[4] != "tls"):
            raise SettingsError(f"--iso {text}: expected profile:framing:host:port[:tls]")
        return IsoListen(parts[0], parts[1], parts[2], _port(parts[3], text), len(parts) == 5)


class HttpListen(msgspec.Struct, frozen=True):
    """The JSON door: host:port[:tls]."""

    host: str
    port: int
    tls: bool

    @staticmethod
    def parse(text: str) -> HttpListen:
        """Read `127.0.0.1:8443:tls`."""
        parts = text.split(":")
        if len(parts) not in {2, 3} or (len(parts) == 3 and parts[2] != "tls"):
            raise SettingsError(f"--http {text}: expected host:port[:tls]")
        return HttpListen(parts[0], _port(parts[1], text), len(parts) == 3)

    @staticmethod
    def public(text: str) -> HttpListen:
        """Read `0.0.0.0:443`: the door of merchants and phones, which is TLS always."""
        parts = text.split(":")
        if len(parts) != 2:
            raise SettingsError(f"--public {text}: expected host:port")
        return HttpListen(parts[0], _port(parts[1], text), True)


class TlsFiles(msgspec.Struct, frozen=True):
    """PEM files of mutual TLS: who may connect (ca), and who we are."""

    ca: Path
    certificate: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        """A server context that wants a certificate of every peer (RFC 8446, 4.3.2)."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(self.ca))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_cert_chain(self.certificate, self.key)
        return context

    def public_context(self, payers: Sequence[str]) -> ssl.SSLContext:
        """A server context that asks for a certificate and does without: merchants come with
        tokens, phones with certificates of `payers` (PEM, each an authority's)."""
        context = self.context()
        context.verify_mode = ssl.CERT_OPTIONAL
        for authority in payers:
            context.load_verify_locations(cadata=authority)
        return context

    def client_context(self) -> ssl.SSLContext:
        """A client context that trusts `ca` alone, checks the name, and shows our certificate."""
        context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=str(self.ca))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self.certificate, self.key)
        return context


def hsm_addresses(texts: Sequence[str], tls: TlsFiles | None) -> tuple[HsmAddress, ...]:
    """Read `hsm://host:port` and `hsms://host:port`, one an HSM. SettingsError."""
    if not texts:
        raise SettingsError("--hsm is missing: a host needs an HSM at least")
    try:
        addresses = tuple(map(HsmAddress.parse, texts))
    except ValueError as error:
        raise SettingsError(f"--hsm {error}") from None
    if tls is None and any(address.tls for address in addresses):
        raise SettingsError("an hsms:// address needs --hsm-ca, --hsm-cert and --hsm-key")
    return addresses


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """One host process."""

    database_url: str
    redis_url: str
    hsm: tuple[HsmAddress, ...]  # all with the same local master key
    hsm_tls: TlsFiles | None = None  # who they are (ca), and who we are to them
    iso: tuple[IsoListen, ...] = ()
    http: HttpListen | None = None
    public: HttpListen | None = None  # for merchants and phones: TLS, a certificate is optional
    tls: TlsFiles | None = None
    payer_ca: tuple[Path, ...] = ()  # whom payers' phones are believed by; none: our own authority
    phone_region: str = ""  # ISO 3166: of telephone numbers without a country code
    plain_phones: bool = False  # phones are told without TLS: a proxy has looked, or a developer
    private_callbacks: bool = False  # merchants may be called back on this machine: for developers
    public_url: str = ""  # where phones reach the public door, without a slash at its end
    push_key: Path | None = None  # of web push (RFC 8292), PEM; none: phones are told by streams
    push_subject: str = "mailto:nobody@example.invalid"  # who is asked about our messages
    bank_tls: TlsFiles | None = None  # who banks are (ca), and who we are to them
    screening: Path | None = None  # a list of names that nobody credits at once
    operator: Operator = Operator()  # who runs the safes and issues receipts
    authority: tuple[Path, Path] | None = None  # directory and passphrase file of devices' CA
    clock: Clock = Clock()
    log_level: str = "info"

    def __post_init__(self) -> None:
        if self.public is not None and self.tls is None:
            raise SettingsError("--public needs --tls-ca, --tls-cert and --tls-key")


def _port(text: str, whole: str) -> int:
    if not text.isdigit() or int(text) > 65_535:
        raise SettingsError(f"{whole}: {text!r} is no port")
    return int(text)
