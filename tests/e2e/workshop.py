"""A workshop before its HSM: keys that a test knows in clear, put in under the master key.

Knows the HSM's own file of master keys and the table hsm_key; in earnest a key comes in parts, by
two people. Terminals get their master key here, acquirers and devices theirs.
"""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import iso
from hsm_sim import store
from hsm_sim.crypto import pin_blocks
from hsm_sim.crypto.ciphers import odd_parity
from hsm_sim.crypto.cvv import cvv
from hsm_sim.crypto.pvv import pvv
from hsm_sim.keys import Key
from hsm_sim.lmk import KeyBlockLmk
from iso import Message
from terminals.link import Address
from terminals.pos import Pos, Timing
from terminals.purchase import Card as HeldCard
from terminals.purchase import Sale, Terminal
from terminals.session_keys import SessionKeys, is_sealed, sealed
from tests.support.portfolio import ACQUIRER, Card
from tests.support.rig import Rig
from tests.support.wire import Wire

NOW = datetime(2026, 7, 23, 10, 11, 12, tzinfo=ZoneInfo("Europe/Vienna"))
PIN = "4711"
GUESSES = ("1111", "2222", "3333", "4444", *(f"{number:04d}" for number in range(24)))
SERVICE_CODE = "201"


class Workshop:
    """Keys and terminals of one rig."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.tmks: dict[str, bytes] = {}
        self._stans = itertools.count(500_000, 100)  # a terminal begins a hundred further on
        masters = store.load(rig.servers.directory / "hsm")
        self._lmk = KeyBlockLmk(masters.lmk_id, masters.lmk)
        self.pvk = self.key("program/FLEET/pvk", "V2", "C")
        self.cvk = self.key("program/FLEET/cvk", "C0", "C")
        rig.sql("INSERT INTO program (program_id, pin_method, cvv) VALUES ('FLEET', 'pvv', true)")

    def key(self, name: str, usage: str, mode: str, algorithm: str = "T", version: int = 1,
            value: bytes = b"") -> bytes:
        """A key under the HSM's master key, by name; its clear value."""
        value = value or (odd_parity(os.urandom(16)) if algorithm == "T" else os.urandom(16))
        sealed_key = self._lmk.seal(Key(usage, algorithm, mode, "N", value), os.urandom)
        self.rig.sql("INSERT INTO hsm_key (name, version, usage, algorithm, block, kcv)"
                     " VALUES ($1, $2, $3, $4, $5, '')", name, version, usage, algorithm,
                     sealed_key.decode())
        return value

    def terminal(self, terminal_id: str, *, mac: bool = False, algorithm: str = "T",
                 tmk: bool = True) -> SessionKeys:
        """A terminal of its own, and the keys that it will have."""
        self.rig.sql("INSERT INTO terminal (terminal_id, kind, acquirer_id, merchant_id, site_id,"
                     " mac_required) VALUES ($1, 'pos', $2, 'STATION', 'S1', $3)",
                     terminal_id, ACQUIRER, mac)
        self.rig.sql("UPDATE rules SET version = version + 1")
        value = os.urandom(16)
        if tmk:
            value = self.key(f"terminal/{terminal_id}/tmk", "51", "B", algorithm)
        self.tmks[terminal_id] = value
        return SessionKeys(value, "A" if algorithm == "A" else "T")

    def card(self, **more: Any) -> Card:
        """A card with a PIN and a card verification value.

        One PIN in ten thousand has the PVV of another: of this card none that a test guesses.
        """
        card, value = self._with_value(**more)
        while any(self._pvv(card, guess) == value for guess in GUESSES):
            card, value = self._with_value(**more)
        self.rig.sql("UPDATE card SET program_id = 'FLEET', pin_value = $2 WHERE card_id = $1",
                     card.card_id, value)
        return card

    def _with_value(self, **more: Any) -> tuple[Card, str]:
        card = self.rig.card(**more)
        return card, self._pvv(card, PIN)

    def _pvv(self, card: Card, pin: str) -> str:
        return pvv(self.pvk, pin_blocks.account12(card.pan), 1, pin)

    def track(self, card: Card) -> HeldCard:
        """Its stripe: service code, PVKI, PVV, CVV."""
        value = cvv(self.cvk, card.pan, card.expiry, SERVICE_CODE)
        return HeldCard.of_track(f"{card.pan}={card.expiry}{SERVICE_CODE}10000{value}")

    @contextmanager
    def pos(self, terminal_id: str, keys: SessionKeys | None = None, **more: Any) -> Iterator[Pos]:
        """A terminal at the door `ifsf`, closed at the end."""
        port = self.rig.ports["ifsf:0"]
        pos = Pos(Terminal(terminal_id, "STATION", ACQUIRER), Address(host="127.0.0.1", port=port),
                  now=lambda: NOW, keys=keys, first_stan=next(self._stans),
                  timing=Timing(answer_timeout_s=5, request_repeats=0), **more)
        try:
            yield pos
        finally:
            self.rig.run(pos.close())

    def bodies(self, profile: str, *messages: Message | bytes) -> list[bytes | None]:
        """The answers' bytes to messages as they are; None where half a second brings none."""
        codec, framing = iso.get(profile).codec, iso.get(profile).framing

        async def run() -> list[bytes | None]:
            wire = await Wire.connect(self.rig.ports[f"{profile}:0"], profile, framing.name)
            said: list[bytes | None] = []
            for message in messages:
                body = message if isinstance(message, bytes) else codec.encode(message)
                await wire.send(framing.wrap(body))
                try:
                    said.append(await asyncio.wait_for(wire.body(), 0.5))
                except TimeoutError:
                    said.append(None)
            await wire.close()
            return said

        return self.rig.run(run())

    def sealed(self, profile: str, message: Message, keys: SessionKeys) -> bytes:
        """A message's bytes with its MAC."""
        one = iso.get(profile)
        return one.codec.encode(sealed(one.security, one.codec, message, keys.sealing()))

    def is_sealed(self, profile: str, body: bytes | None, keys: SessionKeys) -> bool:
        """True for an answer under the terminal's key."""
        return body is not None and is_sealed(iso.get(profile).codec, body, keys.sealing())


def sale_of(card: Card, amount: int, held: HeldCard | None = None) -> Sale:
    """A sale as a terminal sees it."""
    return Sale(held or HeldCard(card.pan, card.expiry), amount)


def message_of(mti: str, fields: dict[int, str | bytes]) -> Message:
    """Fields in the order of their numbers."""
    return Message(mti, dict(sorted(fields.items())))
