"""The edge terminals' own record of the day, as their stores have it, beside what the host posted.

Knows the store's table of messages; knows nothing of how it came about.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import asyncpg
import msgspec

from demo.insert import statement
from demo.result import Stations
from demo.tally import Tally

_REQUESTS = frozenset({"sale", "preauthorization", "increment", "return"})
_APPROVED = frozenset({"000", "002"})


class Books:
    """Filled by the stations' day; judged at night."""

    def __init__(self) -> None:
        self.sold = 0  # off line
        self.refused: Counter[str] = Counter()  # off line, by the reason that was expected
        self.waiting = 0  # when the line was mended
        self.cut_s = 0
        self.planted: tuple[str, str] = ("", "")  # terminal, sequence
        self.posted: Sequence[asyncpg.Record] = ()
        self.shifts: dict[str, Any] = {}
        self._told: list[tuple[str, str, int]] = []  # off-line sales: terminal, sequence, minor
        self._unfinished: list[str] = []

    def read(self, terminal_id: str, store: Path, tally: Tally) -> None:
        """One terminal's messages, counted as what it said and heard."""
        with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as connection:
            connection.row_factory = sqlite3.Row
            rows = connection.execute(statement("edge_messages")).fetchall()
        connection.close()
        for row in rows:
            name = f"{row['kind']} {terminal_id} {row['sequence']}"
            kind, request = row["kind"], row["kind"] in _REQUESTS
            if request and not row["action"]:
                tally.lost.append(name)
                continue
            if not request and row["state"] != "forwarded":
                self._unfinished.append(f"{name} is {row['state']}")
            approved = row["action"] in _APPROVED or row["action"] == "400"
            minor = row["approved_minor"] if request or kind == "reversal" else row["amount_minor"]
            tally.edge(kind, row["action"], row["reason"], max(1, row["sent"]),
                       (row["currency"], minor) if approved else None)
            if kind == "offline_sale":
                self._told.append((terminal_id, row["sequence"], row["amount_minor"]))

    def faults(self) -> list[str]:
        """What is not as it must be, in words."""
        posted = sorted((row["terminal_id"], row["sequence"].zfill(6), row["amount_minor"])
                        for row in self.posted)
        found = list(self._unfinished)
        if posted != sorted(self._told):
            found.append(f"off line the terminals sold {self._told}, the host posted {posted}")
        if len(self._told) != self.sold:
            found.append(f"{self.sold} sales off line, {len(self._told)} in the stores")
        named = msgspec.json.decode(self.shifts.get("found") or "[]")
        terminal_id, sequence = self.planted
        if [(one["terminal_id"], one["sequence"].zfill(6)) for one in named] != [
                (terminal_id, sequence)]:
            found.append(f"{terminal_id} {sequence} was planted, and found was {named}")
        if self.shifts.get("parked"):
            found.append(f"{self.shifts['parked']} messages are parked")
        return found

    def figures(self) -> Stations:
        """For the summary."""
        return Stations(
            offline_sold=self.sold, offline_refused=dict(self.refused.most_common()),
            forwarded=len(self.posted), waited=self.waiting,
            flagged=sum(bool(row["flags"]) for row in self.posted),
            cut_off_minutes=round(self.cut_s / 60),
            catalogue_versions=self.shifts.get("catalogue_versions", 0),
            heartbeats=self.shifts.get("heartbeats", 0),
            shifts_balanced=self.shifts.get("balanced", 0),
            shifts_differing=self.shifts.get("differing", 0),
            shifts_mended=self.shifts.get("mended", 0),
            transactions_found=len(msgspec.json.decode(self.shifts.get("found") or "[]")))
