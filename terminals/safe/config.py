"""What a safe is set up with: one TOML file, its paths relative to it.

Knows the shape of the settings; holds no secret but where one lies. What is wrong is told with its
file, table and name.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from terminals.layout import CURRENCY_NUMBERS
from terminals.settings import ConfigError, TlsSettings, decoded

SOFTWARE = "authhost-safe 1"


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[terminal]: who speaks, and what a receipt says of it. The first currency is the default."""

    id: str
    model: str = ""
    name: str = ""
    address: str = ""
    tax_number: str = ""
    currencies: tuple[str, ...] = ("EUR",)
    time_zone: str = "UTC"


class HostSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[host]: the JSON door. answer_timeout_s: so long a depositor waits, real seconds."""

    url: str
    answer_timeout_s: float = 5.0


class StoreSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[store]: the SQLite file. most_waiting: messages; then nothing more is taken."""

    path: Path
    most_waiting: int = 50_000
    keep_days: int = 400


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[safe]: how it works. two_steps: the host is asked while the notes are in the escrow.

    offline: notes are taken while the host is silent. Capacities are pieces; 0: not known.
    order_key: the file with the client's own Ed25519 key (PEM), which signs what it deposits.
    """

    two_steps: bool = True
    offline: bool = True
    shift_required: bool = True
    note_capacity: int = 0
    coin_capacity: int = 0
    status_s: int = 300
    order_key: Path | None = None


class MachineSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[machine]: what counts the notes. file: of the one in software, its drawers."""

    file: Path


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All of it."""

    terminal: Place
    host: HostSettings
    store: StoreSettings
    machine: MachineSettings
    safe: Rules = Rules()
    tls: TlsSettings | None = None

    def context(self) -> ssl.SSLContext | None:
        """TLS, mutual where there is a certificate. ConfigError where a file is no good."""
        return self.tls.context() if self.tls is not None else None


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
    place = config.terminal
    try:
        ZoneInfo(place.time_zone)
    except (OSError, ValueError, KeyError) as error:
        raise ConfigError(f"[terminal] time_zone: {error}") from error
    if not 1 <= len(place.id) <= 32:
        raise ConfigError("[terminal] id: 1 to 32 characters")
    if not place.currencies or not set(place.currencies) <= set(CURRENCY_NUMBERS):
        raise ConfigError(f"[terminal] currencies: of {', '.join(CURRENCY_NUMBERS)}")
    if not config.host.url.startswith(("http://", "https://")):
        raise ConfigError("[host] url: http://... or https://...")
    if config.host.url.startswith("https://") and config.tls is None:
        raise ConfigError("[host] url is https, and there is no [tls]")
    if config.store.most_waiting < 1 or config.safe.status_s < 1:
        raise ConfigError("[store] most_waiting and [safe] status_s: at least 1")
