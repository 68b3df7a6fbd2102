"""Safes in a rig's database, and a device that speaks for one: it counts its own messages."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from authhost.safes.sscc import made
from tests.support.rig import Rig
from tests.support.web import Web

_HERE = Path(__file__).parent
_numbers = itertools.count(1)
NOTE = 5_000


def cassette() -> str:
    """The number of a cassette that no other test has."""
    return made("0400638133", next(_numbers))


def local(**ago: float) -> str:
    """The local time of a safe, so long ago."""
    return (datetime.now(UTC) - timedelta(**ago)).replace(tzinfo=None).isoformat("T", "seconds")


def client(rig: Rig, cap: int | None = None, currency: str = "EUR") -> int:
    """An account of a safe's client. cap: of his credit that is not counted yet."""
    account_id = rig.portfolio.account("safe_client", currency=currency)
    rig.sql((_HERE / "safe_client.sql").read_text(), account_id,
            f"AT61190430{account_id:012d}", cap, "NORTH")
    return account_id


class Device:
    """One safe. cassette: the one that it says is inside."""

    def __init__(self, rig: Rig, *, clients: Mapping[str, int] | None = None,
                 cassettes: Sequence[str] = (), note_capacity: int = 0,
                 door: Any = None) -> None:
        self.rig = rig
        self.terminal_id = f"S{next(_numbers):07d}"  # field 41 has eight places
        self.clients = dict(clients) if clients is not None else {"": client(rig)}
        self.door = door or Web(rig)
        self.cassette = cassettes[0] if cassettes else cassette()
        self.shift = ""
        self.sequence = 0
        rig.sql((_HERE / "safe_put.sql").read_text(), self.terminal_id,
                list(self.clients.values()), list(self.clients),
                [self.cassette, *cassettes[1:]], note_capacity)

    @property
    def account_id(self) -> int:
        """Its own client's account."""
        return self.clients[""]

    def body(self, sequence: int | None = None, **more: Any) -> dict[str, Any]:
        """A message with the next number, or with this one."""
        if sequence is None:
            self.sequence += 1
            sequence = self.sequence
        return {"sequence": sequence, "local_time": local(), **more}

    def send(self, path: str, body: Any) -> httpx.Response:
        """A message as it is."""
        return self.door.post(f"/v1/safes/{self.terminal_id}{path}", body)

    def tell(self, path: str, sequence: int | None = None, **more: Any) -> dict[str, Any]:
        """A message that is taken; what is said to it."""
        answer = self.send(path, self.body(sequence, **more))
        assert answer.status_code == 200, answer.text
        said: dict[str, Any] = answer.json()
        return said

    def begin(self, shift: str = "s1") -> None:
        """Signed on with its first cassette, a shift open."""
        self.tell("/sign-on", software="1.0", model="S-100", cassette=self.cassette)
        self.tell("/shifts", shift=shift, opened_by="ana")
        self.shift = shift

    def cash(self, notes: int = 1, sequence: int | None = None, **more: Any) -> dict[str, Any]:
        """The body of a deposit of so many notes."""
        default = {
            "amount_minor": notes * NOTE, "currency": "EUR", "depositor": "ana",
            "cassette": self.cassette, "shift": self.shift,
            "denominations": [{"value_minor": NOTE, "count": notes, "kind": "note",
                               "category": "4a"}] if notes else []}
        return self.body(sequence, **{**default, **more})

    def deposit(self, notes: int = 1, **more: Any) -> dict[str, Any]:
        """A deposit; what is said to it."""
        answer = self.send("/deposits", self.cash(notes, **more))
        assert answer.status_code == 200, answer.text
        said: dict[str, Any] = answer.json()
        return said

    def rows(self) -> list[Any]:
        """Its deposits as they are kept."""
        return self.rig.sql("SELECT * FROM deposit WHERE terminal_id = $1 ORDER BY sequence, key",
                            self.terminal_id)

    def stays(self) -> list[Any]:
        """The stays of its cassettes."""
        return self.rig.sql("SELECT * FROM cassette_stay WHERE terminal_id = $1 ORDER BY stay_id",
                            self.terminal_id)

    def said(self) -> list[Any]:
        """The messages of it that were kept."""
        return self.rig.sql("SELECT * FROM safe_message WHERE terminal_id = $1 ORDER BY sequence",
                            self.terminal_id)
