"""The key loader: brings each fuel terminal its master key, and some PIN pads a key for DUKPT.

Knows a zone master key, which two custodians form, under which the HSM gives a terminal's master
key out; and a base derivation key that they form for the makers of PIN pads. In earnest it is a
device in a safe room. Knows no message.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Mapping
from typing import Final

import asyncpg
import msgspec

from authhost import key_console
from authhost.hsm_keys import KeyEntry
from authhost.hsm_session import HsmSession
from demo.custodians import Custodians
from demo.insert import statement
from demo.parties import Device
from hsm_sim.crypto import dukpt_tdes, tr31
from hsm_sim.crypto.ciphers import odd_parity
from terminals.pin_pad import Dukpt, PinPad
from terminals.session_keys import Algorithm, SessionKeys

TDES_STATIONS: Final = ("STATION02",)  # the old ones; all others have AES
DUKPT_STATIONS: Final = ("STATION03", "STATION04")  # their PIN pads have a key for each PIN
_ZONE: Final = "LOADER"
_WHO: Final = "key loader"
_KEY_SET: Final = bytes.fromhex("FFFF9A0001")  # names the base key in every KSN (ANSI X9.24-1)
_AT_ONCE: Final = 4


class Equipment(msgspec.Struct, frozen=True):
    """What one terminal has in its secure device. master: as it was loaded."""

    keys: SessionKeys
    pad: PinPad
    dukpt: bool
    master: bytes = b""

    def __repr__(self) -> str:
        return "Equipment(hidden)"


async def load_keys(session: HsmSession, database_url: str, custodians: Custodians,
                    devices: Iterable[Device]) -> Mapping[str, Equipment]:
    """A master key for each of these terminals, by terminal id; from now on they must have MACs.

    The HSM's activity 'export' is open for as long as this takes.
    """
    zone = os.urandom(32)
    formed = await custodians.form("K0", "A", "B", zone)
    await session.keys.put(KeyEntry(f"zmk/{_ZONE}", 1, "K0", "A", formed.block,
                                    formed.check_value))
    base = odd_parity(os.urandom(16))
    formed = await custodians.form("B0", "T", "X", base)
    await session.keys.put(KeyEntry(f"bdk/{_KEY_SET.hex().upper()}", 1, "B0", "T", formed.block,
                                    formed.check_value))
    turn = asyncio.Semaphore(_AT_ONCE)
    await custodians.open("export")
    try:
        async with asyncio.TaskGroup() as loading:
            tasks = {device.terminal_id: loading.create_task(
                _load(session, database_url, device, zone, base, number, turn))
                for number, device in enumerate(devices, start=1)}
    finally:
        await custodians.close("export")
    await _require_macs(database_url, list(tasks))
    return {terminal_id: task.result() for terminal_id, task in tasks.items()}


async def _load(session: HsmSession, database_url: str, device: Device, zone: bytes, base: bytes,
                number: int, turn: asyncio.Semaphore) -> Equipment:
    """Made in the HSM, out under the zone's key, opened in the terminal's own device."""
    algorithm: Algorithm = "T" if device.merchant_id in TDES_STATIONS else "A"
    name = f"terminal/{device.terminal_id}/tmk"
    async with turn:
        await key_console.generate(session, database_url, name, "51",
                                   "T2" if algorithm == "T" else "A1", "", _WHO)
        given = await key_console.export_key(session, database_url, name, _ZONE, _WHO)
    _, master = tr31.unwrap(zone, given.exported)
    keys = SessionKeys(master, algorithm)
    if device.merchant_id not in DUKPT_STATIONS:
        return Equipment(keys, PinPad(keys), dukpt=False, master=master)
    # A KSN: key set 40 bits, device 19, transaction counter 21.
    serial = _KEY_SET + (number << dukpt_tdes.COUNTER_BITS).to_bytes(5, "big")
    return Equipment(keys, PinPad(Dukpt(dukpt_tdes.ipek(base, serial), serial)), dukpt=True)


async def _require_macs(database_url: str, terminal_ids: list[str]) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(statement("require_macs"), terminal_ids)
    finally:
        await connection.close()
