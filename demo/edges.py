"""The edge programs of three stations, set up as a technician does: settings, keys, a store each.

Knows files and the settings of `terminals.edge`; knows no sale. Business time is the day's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
from cryptography.fernet import Fernet

from demo.keyloader import Equipment
from demo.parties import Device
from iso import get
from terminals import pki
from terminals.edge.config import (
    Config,
    HostSettings,
    KeySettings,
    Place,
    StationSettings,
    StoreSettings,
)
from terminals.edge.edge import Edge
from terminals.line import Line
from terminals.pos import Timing
from terminals.settings import TlsSettings

STORE: Final = "edge.db"
_HEARTBEAT_S: Final = 900
_NEVER_S: Final = 7 * 24 * 3_600
_LEAST_PAUSE_S: Final = 0.02  # real: a business minute is less than that


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """Where edges stand: folder, host, authority, and who signs catalogues."""

    folder: Path
    iso_ports: Mapping[str, int]
    http_port: int
    authority: pki.Authority
    signers: Mapping[str, str]
    zone: str
    rate: int  # business seconds in a real one


def make_edge(site: Site, device: Device, equipment: Equipment, line: Line,
              now: Callable[[], datetime], *, forgetful: bool = False) -> Edge:
    """An edge program that is not started yet. forgetful: it asks for a catalogue but once."""
    folder = site.folder / device.terminal_id
    folder.mkdir(parents=True)
    identity = site.authority.client(device.terminal_id)
    difference_s, full_s = (_NEVER_S, _NEVER_S) if forgetful else (1_800, 24 * 3_600)
    config = Config(
        terminal=Place(
            id=device.terminal_id, merchant=device.merchant_id, acquirer=device.acquirer_id,
            name=f"Autohof {device.merchant_id[-2:]}", time_zone=site.zone),
        host=HostSettings(host="127.0.0.1", port=site.iso_ports[device.edge],
                          profile=device.edge, framing=get(device.edge).framing.name),
        station=StationSettings(
            url=f"https://127.0.0.1:{site.http_port}", heartbeat_s=_HEARTBEAT_S,
            difference_s=difference_s, full_s=full_s),
        tls=TlsSettings(authority=site.authority.certificate_path,
                        certificate=identity.certificate, key=identity.key),
        store=StoreSettings(path=folder / STORE,
                            key=_secret(folder / "store.key", Fernet.generate_key().decode())),
        keys=KeySettings(master=_secret(folder / "master.key", equipment.master.hex())),
        catalogue_keys=dict(site.signers), vat={"default": "20"})

    async def pause(seconds: float) -> None:
        await asyncio.sleep(max(seconds / site.rate, _LEAST_PAUSE_S))

    return Edge(config, clock=now, pause=pause, line=line, timing=Timing(answer_timeout_s=9.0))


def _secret(path: Path, text: str) -> Path:
    path.touch(mode=0o600)
    path.write_text(text, encoding="ascii")
    return path
