"""The terminal and its host as a station: the catalogue, heartbeats, and shifts compared.

Knows when each is due and what the host's word means here; knows no sale. A door that is away costs
nothing but time: all of it is asked again.
"""

from __future__ import annotations

import asyncio
import math
from datetime import datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from typing import Final

import msgspec

from iso.subfields import TotalLine
from terminals import answers, layout
from terminals.edge.catalogue import Refused, demand, opened
from terminals.edge.order import held_card
from terminals.edge.premises import LOG, Premises
from terminals.edge.rows import Row
from terminals.edge.shifts import Shift, in_sum, totals, transactions
from terminals.edge.states import REQUESTS, State
from terminals.edge.station_door import Balance, Beat, StationAway, StationDoor
from terminals.edge.ticket import BadOrder
from terminals.layout import Stamp, Totals
from terminals.purchase import Sale

_STEP_S: Final = 5.0
_AGAIN_S: Final = 60.0
_DIFFERING_S: Final = 3600.0
_BALANCED: Final = "500"
_NOT_BALANCED: Final = "501"


class Station:
    """One terminal's errands."""

    def __init__(self, premises: Premises, door: StationDoor | None) -> None:
        self._at = premises
        self._door = door
        self._wanted = False  # the host wants a shift's transactions again
        self._since = premises.clock()
        self._fetching = asyncio.Lock()  # two at once would both fit on the same base

    async def run(self) -> None:
        """For ever: whatever is due, by the terminal's clock."""
        due = dict.fromkeys((
            "heartbeat", "difference", "full", "shifts", "differing", "prune"), _never())
        while True:
            await self._errands(due)
            await self._at.pause(_STEP_S)

    async def fetch(self, *, full: bool = False) -> str:
        """Get the catalogue; why it was not taken, '' where it was or nothing is newer.

        StationAway where nobody answers.
        """
        async with self._fetching:
            return await self._fetch(full)

    async def _fetch(self, full: bool) -> str:
        do, shelf = self._at.worker.do, self._at.shelf
        version_here = await do(shelf.version)
        have = version_here.version if version_here is not None else 0
        envelope = await self._there.catalogue(0 if full else have)
        if envelope is None:
            return ""
        now = self._at.clock()
        try:
            content = opened(envelope, self._at.config.signers())
            if content.base == 0 and content.version == have:
                return ""  # the same again: a full one is asked for once a day
            demand(content, self._at.config.terminal.id, have, now)
        except Refused as refused:
            LOG.error("a catalogue is refused: %s", refused)
            await do(shelf.refuse, refused.reason)
            return refused.reason
        await do(shelf.take, content, now)
        LOG.info("catalogue %s, base %s", content.version, content.base)
        return ""

    async def beat(self) -> None:
        """Tell the host how we are. StationAway."""
        beaten = await self._there.heartbeat(await self._at.worker.do(self._beat, self._at.clock()))
        self._wanted = self._wanted or beaten.upload

    async def compare(self, state: str = "closed") -> list[tuple[Shift, Balance]]:
        """Tell the host the sums of each shift in a state; find the difference where there is one.

        A shift of which something goes again stays closed, and is compared again later.
        """
        do, store = self._at.worker.do, self._at.store
        found = []
        for shift in await do(store.shifts.listed, state):
            rows = await do(store.of_shift, shift.number)
            if any(row.state in (State.BEGUN, State.SENT, State.STORED) for row in rows):
                break  # the host cannot have it all yet
            balance = await self._compared(shift, rows)
            again = balance.state != "balanced" and self._door is not None \
                and await self._upload(shift, rows)
            said = msgspec.json.encode(balance.differences).decode()
            await do(store.shifts.note, shift.number, "closed" if again else balance.state,
                     differences=said)
            found.append((shift, balance))
        return found

    async def _compared(self, shift: Shift, rows: list[Row]) -> Balance:
        """By the JSON door where there is one, else by a 1520. Of no message there is nothing to
        compare: without numbers the host would take it for the whole day."""
        if not rows:
            return Balance(state="balanced")
        originals = await self._at.worker.do(self._at.store.originals, rows)
        sums = totals(rows, originals)
        if self._door is not None:
            return await self._door.close_shift(shift, rows[0].sequence, rows[-1].sequence,
                                                f"{rows[-1].local_time:%Y-%m-%d}", sums)
        message = layout.reconciliation(
            self._at.pos.terminal, await self._at.stamp(), Totals(*in_sum(rows, originals)),
            self._at.config.terminal.currency, tuple(TotalLine(
                line.card_type, line.product, line.kind, line.count, line.amount_minor,
                line.volume_ml) for line in sums))
        reply = (await self._at.send("reconciliation", message, 1)).reply
        if reply is None or reply.action not in (_BALANCED, _NOT_BALANCED):
            raise StationAway(f"1520: {reply.action if reply is not None else 'no answer'}")
        if reply.action == _BALANCED:
            return Balance(state="balanced")
        return Balance(state="differs", differences=tuple(
            msgspec.to_builtins(line)
            for line in answers.differences(reply.message, self._at.profile)))

    async def _upload(self, shift: Shift, rows: list[Row]) -> bool:
        """All transactions of a shift; what never came to the host is stored again, under its
        number. Whether there was any."""
        do, store = self._at.worker.do, self._at.store
        told = transactions(rows, await do(store.originals, rows))
        findings = await self._there.transactions(shift.number, told)
        missing = {named.sequence.zfill(6) for named in findings.missing_at_host if not named.why}
        known = {one["sequence"] for one in told}
        lost = [row for row in rows if row.sequence in missing & known]
        for row in lost:
            await do(self._again, row)
        if lost:
            LOG.warning("shift %s: %d messages go again", shift.number, len(lost))
            self._at.contact.work.set()
        for name in ("missing_at_host", "missing_at_terminal", "different"):
            for one in getattr(findings, name):
                LOG.error("shift %s differs, %s: %s", shift.number, name, one)
        return bool(lost)

    @property
    def _there(self) -> StationDoor:
        if self._door is None:
            raise BadOrder("there is no [station] in the settings")
        return self._door

    async def _errands(self, due: dict[str, datetime]) -> None:
        settings, door = self._at.config.station, self._door is not None
        for name, every_s, errand, needs_door in (
                ("full", settings.full_s, lambda: self.fetch(full=True), True),
                ("difference", settings.difference_s, self.fetch, True),
                ("shifts", _AGAIN_S, self._shifts, False),
                ("differing", _DIFFERING_S, self._differing, True),
                ("heartbeat", settings.heartbeat_s, self.beat, True),
                ("prune", 24 * 3600, self._prune, False)):
            if (needs_door and not door) or not self._is_due(due, name, every_s):
                continue
            try:
                await errand()
            except StationAway as away:
                LOG.warning("%s: %s", name, away)
                again = timedelta(seconds=min(_AGAIN_S, every_s))
                due[name] = self._at.clock() + again

    def _is_due(self, due: dict[str, datetime], name: str, every_s: float) -> bool:
        now = self._at.clock()
        if now < due[name] and due[name] - now <= timedelta(seconds=every_s):
            return False  # the second: a clock that went back must not stop everything
        due[name] = now + timedelta(seconds=every_s)
        return True

    async def _shifts(self) -> None:
        await self.compare()

    async def _differing(self) -> None:
        if self._wanted:
            self._wanted = False
            await self.compare("differs")

    async def _prune(self) -> None:
        before = self._at.clock() - timedelta(days=self._at.config.store.keep_days)
        await self._at.worker.do(self._at.store.prune, before)

    def _beat(self, now: datetime) -> Beat:
        store, shelf = self._at.store, self._at.shelf
        store.seen(now)
        counts, shift, contact = store.counts(), store.shifts.latest(), store.contact_at()
        here = shelf.version()
        is_open = shift is not None and shift.state == "open"
        return Beat(
            at=now, software=software(), catalogue_version=here.version if here else 0,
            catalogue_refused=shelf.refused(), unsent=counts.unsent,
            oldest_unsent_at=counts.oldest_unsent_at, last_sequence=counts.last_sequence,
            shift={"number": shift.number if shift else "",
                   "state": "open" if is_open else "closed"},
            link_age_s=max(0, math.floor((now - (contact or self._since)).total_seconds())))

    def _again(self, row: Row) -> None:
        """A message that the host lost: an advice goes as it was, a sale as what has happened."""
        store = self._at.store
        if row.kind not in REQUESTS:
            store.note(row, State.STORED, self._at.clock())
            return
        if row.state is not State.ANSWERED:
            return
        original = store.message(row)
        sale = Sale(held_card(original), row.approved_minor, row.currency,
                    row.particulars.items, prompts=row.particulars.prompts)
        stamp = Stamp(row.sequence, row.local_time)
        store.note(row, State.STORED, self._at.clock(), message=layout.request(
            "1220", layout.SALE, self._at.pos.terminal, stamp, sale, profile=self._at.profile))


def software() -> str:
    """This program's name and version."""
    try:
        return f"edge {version('authhost')}"
    except PackageNotFoundError:
        return "edge"


def _never() -> datetime:
    """Before any clock."""
    return datetime.fromisoformat("1970-01-01T00:00:00+00:00")
