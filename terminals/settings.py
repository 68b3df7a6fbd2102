"""What the programs of a site have in common in how they are set up: a TOML file, TLS, secrets.

Knows files; holds no secret but where one lies. What is wrong is told with its file, table and
name.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from terminals import pki

_T = TypeVar("_T")


class ConfigError(Exception):
    """The settings cannot be used. Says where and why."""


class TlsSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[tls]: the authority to trust, and this terminal's certificate and key, PEM."""

    authority: Path
    certificate: Path | None = None
    key: Path | None = None

    def context(self) -> ssl.SSLContext:
        """Mutual where there is a certificate. ConfigError where a file is no good."""
        identity = pki.Identity(self.certificate, self.key) \
            if self.certificate and self.key else None
        try:
            return pki.client_context(self.authority, identity)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(f"[tls]: {error}") from error


def decoded(path: Path, wanted: type[_T]) -> _T:
    """A TOML file as settings of this shape, its paths relative to it. ConfigError."""
    try:
        return msgspec.toml.decode(path.read_bytes(), type=wanted, dec_hook=_path_of(path.parent))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise ConfigError(f"{path}: {error}") from error


def secret(path: Path) -> str:
    """What a file with a secret has; others must not be able to read it. ConfigError."""
    try:
        if path.stat().st_mode & 0o077:
            raise ConfigError(f"{path}: others can read it (chmod 600)")
        return path.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: {error}") from error


def _path_of(directory: Path) -> Callable[[type, object], object]:
    def hook(wanted: type, value: object) -> object:
        if wanted is Path and isinstance(value, str):
            return directory / value
        raise TypeError(f"{wanted} of {value!r}")
    return hook
