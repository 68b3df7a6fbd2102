"""Where an HSM listens. PURE."""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec


class HsmAddress(msgspec.Struct, frozen=True):
    """tls: mutual, with the host's own certificate."""

    host: str
    port: int
    tls: bool = False

    @staticmethod
    def parse(text: str) -> HsmAddress:
        """Read `hsm://host:port` or `hsms://host:port`; ValueError says what is expected."""
        parts = urlsplit(text)
        try:
            port = parts.port
        except ValueError:
            port = None
        if parts.scheme not in {"hsm", "hsms"} or not parts.hostname or not port \
                or parts.path or parts.query or parts.username:
            raise ValueError(f"{text}: expected hsm://host:port or hsms://host:port")
        return HsmAddress(parts.hostname, port, parts.scheme == "hsms")

    def __str__(self) -> str:
        return f"{'hsms' if self.tls else 'hsm'}://{self.host}:{self.port}"
