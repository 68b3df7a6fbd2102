"""A safe before a host that writes everything down: two steps, off line, gaps, shifts, swaps."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from terminals.line import Line as Wire
from terminals.safe.counted import Count, Piece, Slip, Suspect
from terminals.safe.depositing import Answer, BadOrder
from terminals.safe.machine import MachineInSoftware
from terminals.safe.machine import lines as held_lines
from terminals.safe.program import SafeProgram
from terminals.safe.states import State
from tests.support.edge import Clock
from tests.support.safe_host import (
    ANA,
    CASSETTE,
    CODE,
    NEXT_CASSETTE,
    SafeHost,
    agree,
    notes,
    settings,
)


class Place:
    """A safe, its machine, the host, and the line between them."""

    def __init__(self, host: SafeHost, safe: SafeProgram, machine: MachineInSoftware,
                 wire: Wire, clock: Clock) -> None:
        self.host, self.safe, self.machine = host, safe, machine
        self.wire, self.clock = wire, clock

    async def put_in(self, count: Count | None = None, slip: Slip = ANA) -> Any:
        """A person's whole deposit."""
        self.machine.insert(count or notes())
        return await self.safe.deposit(slip)

    async def told(self) -> None:
        """Nothing waits any more."""
        assert await self.safe.forward()
        assert (await self.safe.counts()).unsent == 0


Story = Callable[[Place], Coroutine[Any, Any, None]]


async def _pause(seconds: float) -> None:
    """A retry is soon; a status, as the settings have it, is not of this test."""
    await asyncio.sleep(0.01 if seconds < 300 else 3_600)


def play(folder: Path, story: Story, *, ready: bool = True, background: bool = True,
         **rules: Any) -> None:
    """Run a story; ready: a cassette is inside and a shift is open."""
    async def run() -> None:
        async with SafeHost() as host:
            config, wire, clock = settings(folder, host.port, **rules), Wire(), Clock()
            machine = MachineInSoftware(config.machine.file)
            safe = SafeProgram(config, machine=machine, clock=clock, line=wire,
                               pause=_pause, chance=lambda: 0.0)
            await safe.start(background=background)
            try:
                if ready:
                    await safe.swap(CASSETTE)
                    await safe.open_shift("ana")
                async with asyncio.timeout(20):
                    await story(Place(host, safe, machine, wire, clock))
            finally:
                await safe.stop()

    asyncio.run(run())


def test_two_steps_and_a_receipt(tmp_path: Path) -> None:
    async def story(at: Place) -> None:
        offer, row = await at.put_in()
        assert offer.answer is Answer.APPROVED
        row = await at.safe.told(row, 2)
        asked, told = (next(body for path, body in at.host.seen if path == where)
                       for where in ("/authorizations", "/deposits"))
        assert told == {
            "sequence": 5, "local_time": "2026-07-29T10:15:00", "amount_minor": 20_600,
            "currency": "EUR", "kind": "cash", "depositor": "ana", "cassette": CASSETTE,
            "shift": "20260729-1", "receipt": "000005", "authorization": "auth4",
            "denominations": [
                {"value_minor": 5_000, "count": 4, "kind": "note", "category": "4a"},
                {"value_minor": 200, "count": 3, "kind": "coin", "category": ""}]}
        assert asked == {name: value for name, value in {
            **told, "sequence": 4, "receipt": "000004"}.items() if name != "authorization"}
        printed = await at.safe.receipt(row)
        for text in ("Markthalle Mitte", "Safe S0001", "No 000005", "4 x 50.00", "3 x 2.00 coins",
                     "206.00", "ABC123", "ana", CASSETTE, "Receipt 20261122-S0001-5",
                     f"Code {CODE}"):
            assert text in printed
        assert "COPY" in await at.safe.receipt(row, copy=True)
        assert max(map(len, printed.splitlines())) <= 40
        assert list(at.host.books) == [1, 2, 3, 4, 5]
        assert at.machine.drawers.stacked == 1

    play(tmp_path, story)


def test_a_receipt_is_printed_though_the_host_cannot_name_its_own(tmp_path: Path) -> None:
    async def story(at: Place) -> None:
        _, row = await at.put_in()
        row = await at.safe.told(row, 2)
        at.host.forget(row.sequence)
        assert await at.safe.issued(row) is None
        await at.wire.cut()
        printed = await at.safe.receipt(row)
        assert "ACCEPTED" in printed
        assert "Code" not in printed

    play(tmp_path, story)


def test_what_the_host_refuses_goes_back(tmp_path: Path) -> None:
    def decide(path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if path == "/authorizations":
            return 200, {"decision": "declined", "reason": "depositor_blocked"}
        return agree(path, body)

    async def story(at: Place) -> None:
        at.host.decide = decide
        offer, row = await at.put_in()
        assert (offer.answer, offer.reason, row) == (Answer.REFUSED, "depositor_blocked", None)
        assert not at.machine.held()
        assert at.machine.drawers.stacked == 0
        at.machine.insert(notes())
        offer = await at.safe.offer(ANA)
        with pytest.raises(BadOrder, match="depositor_blocked"):
            await at.safe.confirm(offer)
        assert await at.safe.hand_back(offer) == []
        await at.told()
        assert at.host.booked("/deposits") == at.host.booked("/cancellation") == []

    play(tmp_path, story)


def test_what_the_depositor_takes_back_is_let_go(tmp_path: Path) -> None:
    async def story(at: Place) -> None:
        at.machine.insert(notes(Piece(5_000, 4), suspects=(Suspect(2_000, "EUR", "2", "X1"),)))
        await at.safe.hand_back(await at.safe.offer(ANA))
        await at.told()
        assert at.host.books[5][0] == "/authorizations/auth4/cancellation"
        path, kept = at.host.books[6]
        assert (path, kept["amount_minor"], kept["denominations"]) == ("/deposits", 0, [])
        assert kept["suspects"] == [{"value_minor": 2_000, "currency": "EUR", "category": "2",
                                     "serial": "X1"}], "a suspect stays, whoever brought it"
        assert [(line.value_minor, line.count) for line in await at.safe.inside()] == [(2_000, 1)]
        assert held_lines(at.machine.drawers.cassette) == await at.safe.inside()

    play(tmp_path, story)


def test_off_line_deposits_are_kept_and_told_in_order_each_once(tmp_path: Path) -> None:
    async def story(at: Place) -> None:
        await at.told()
        await at.wire.cut()
        for number in range(1, 6):
            offer, row = await at.put_in(notes(Piece(1_000, number)))
            assert offer.answer is Answer.SILENT
            printed = await at.safe.receipt(row)
            assert "TOLD LATER" in printed
            assert "Code" not in printed, "the host has no document of it yet"
            at.clock.turn(minutes=10)
        counts = await at.safe.counts()
        assert (counts.unsent, at.safe.online) == (10, False)
        assert await at.safe.status() == await at.safe.status(), "one status waits, not one more"
        at.wire.mend()
        await at.told()
        assert at.host.booked("/deposits") == [5, 7, 9, 11, 13]
        assert [at.host.books[number][1]["authorization"] for number in (5, 7, 9, 11, 13)] \
            == ["auth4", "auth6", "auth8", "auth10", "auth12"]
        assert at.host.money() == 1_000 * 15
        assert at.host.missing == []
        assert list(at.host.books) == sorted(at.host.books), "in order"

    play(tmp_path, story)


def test_a_safe_that_may_not_take_notes_off_line_hands_them_back(tmp_path: Path) -> None:
    async def story(at: Place) -> None:
        await at.wire.cut()
        offer, row = await at.put_in()
        assert (offer.answer, row, at.machine.held()) == (Answer.SILENT, None, False)
        at.wire.mend()
        await at.told()
        assert at.host.booked("/cancellation") == [5], "what was asked is let go when it is known"

    play(tmp_path, story, offline=False)


def test_an_answer_that_is_lost_counts_once(tmp_path: Path) -> None:
    lost: list[int] = []

    async def story(at: Place) -> None:
        real = at.host._answer

        def losing(path: str, body: dict[str, Any]) -> tuple[int, bytes] | None:
            answered = real(path, body)
            if path == "/deposits" and not lost:
                lost.append(body["sequence"])
                return None
            return answered

        at.host._answer = losing  # type: ignore[method-assign]
        _, row = await at.put_in()
        row = await at.safe.told(row, 5)
        assert (row.state, row.sent, lost) == (State.FORWARDED, 2, [row.sequence])
        assert at.host.money() == 20_600
        told = [body for path, body in at.host.seen if path == "/deposits"]
        assert told[0] == told[1]

    play(tmp_path, story)


def test_a_gap_that_the_host_asks_for_is_sent_again(tmp_path: Path) -> None:
    async def story(at: Place) -> None:
        await at.put_in()
        await at.put_in()
        await at.told()
        at.host.forget(5)
        assert at.host.missing == [5]
        await at.safe.status()
        await at.told()
        assert at.host.missing == []
        assert at.host.money() == 2 * 20_600

    play(tmp_path, story)


def test_a_gap_that_never_closes_is_not_told_for_ever(tmp_path: Path) -> None:
    async def story(at: Place) -> None:
        await at.told()
        at.host.forget(1)
        at.host.decide = lambda path, body: (503, {}) if body["sequence"] == 1 else agree(
            path, body)
        await at.safe.alarm("door", "info", "open")
        await asyncio.sleep(0.3)
        assert not await at.safe.forward(), "it is busy, and the first one waits"
        at.host.decide = agree
        await at.told()
        for _ in range(9):
            if 1 in at.host.books:
                at.host.forget(1)
            await at.safe.alarm("door", "info", "open")
            await at.told()
        tries = [body for _, body in at.host.seen if body["sequence"] == 1]
        assert at.host.missing == [1]
        assert len(tries) < 9 + 40

    play(tmp_path, story)


def test_what_the_host_cannot_take_is_parked_and_told_of(tmp_path: Path) -> None:
    def decide(path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if path == "/deposits" or body.get("code") == "bad":
            return 422, {"title": "Invalid body", "detail": "no"}
        return agree(path, body)

    async def story(at: Place) -> None:
        at.host.decide = decide
        _, row = await at.put_in()
        await at.safe.alarm("bad", "info", "x")
        await at.told()
        (parked,) = await at.safe.queue()
        assert (parked.sequence, parked.state, parked.status) == (row.sequence, State.PARKED, 422)
        alarms = [(body["code"], body["text"]) for path, body in at.host.books.values()
                  if path == "/alarms"]
        assert ("parked", "deposit 5: HTTP 422 Invalid body: no") in alarms
        assert "not_taken" in dict(alarms), "a refused number is filled"
        assert at.host.missing == [row.sequence]
        at.host.decide = agree
        await at.safe.send_again(parked)
        await at.told()
        assert at.host.missing == []
        assert at.host.money() == 20_600
        told = await at.safe.find(row.sequence)
        with pytest.raises(BadOrder, match="not parked"):
            await at.safe.send_again(told)

    play(tmp_path, story)


def test_a_certificate_that_is_refused_loses_nothing(tmp_path: Path) -> None:
    async def story(at: Place) -> None:
        at.host.decide = lambda *_: (403, {"title": "Certificate differs"})
        offer, _ = await at.put_in()
        assert offer.answer is Answer.SILENT
        assert not await at.safe.forward()
        at.host.decide = agree
        await at.told()
        assert at.host.money() == 20_600

    play(tmp_path, story)


def test_envelopes_and_cheques_are_taken_as_they_are_said(tmp_path: Path) -> None:
    async def story(at: Place) -> None:
        for slip in (Slip(kind="envelope", number="E77", declared_minor=12_345, depositor="ana"),
                     Slip(kind="cheque", number="C1", bank="B", declared_minor=700)):
            at.machine.insert(Count(currency="EUR"))
            offer, row = await at.safe.deposit(slip)
            assert offer.answer is Answer.NOT_ASKED
            row = await at.safe.told(row, 2)
            assert "COUNTED LATER" in await at.safe.receipt(row)
        first, second = (at.host.books[number][1] for number in at.host.booked("/deposits"))
        assert (first["kind"], first["envelope"], first["amount_minor"]) \
            == ("envelope", {"number": "E77"}, 12_345)
        assert second["cheque"] == {"number": "C1", "bank": "B"}
        assert at.host.booked("/authorizations") == []

    play(tmp_path, story)


def test_a_shift_has_its_own_sums(tmp_path: Path) -> None:
    async def story(at: Place) -> None:
        await at.put_in()
        await at.put_in(Count(currency="CHF", pieces=(Piece(10_000, 1),)))
        row, totals = await at.safe.close_shift("berta")
        assert [(line.currency, line.kind, line.count, line.amount_minor) for line in totals] \
            == [("CHF", "cash", 1, 10_000), ("EUR", "cash", 1, 20_600)]
        assert row.path == "/shifts/20260729-1/close"
        with pytest.raises(BadOrder, match="no shift"):
            await at.put_in()
        assert not at.machine.held(), "and the notes are handed back"
        shift, _ = await at.safe.open_shift("berta")
        assert shift.number == "20260729-2"
        with pytest.raises(BadOrder, match="is open"):
            await at.safe.open_shift("ana")
        _, none = await at.safe.close_shift("berta")
        assert none == []
        _, day = await at.safe.end_of_day()
        assert [line.amount_minor for line in day] == [10_000, 20_600]
        _, rest = await at.safe.end_of_day()
        assert rest == []
        await at.told()
        told = at.host.books[at.host.booked("/end-of-day")[0]][1]
        assert {"currency": "EUR", "value_minor": 200, "kind": "coin", "count": 3} \
            in told["denominations"]

    play(tmp_path, story)


def test_a_swap_tells_what_the_cassette_held(tmp_path: Path) -> None:
    async def story(at: Place) -> None:
        await at.put_in()
        at.machine.insert(notes())
        offer = await at.safe.offer(ANA)
        with pytest.raises(BadOrder, match="escrow"):
            await at.safe.swap(NEXT_CASSETTE)
        with pytest.raises(BadOrder, match="under way"):
            await at.safe.offer(ANA)
        await at.safe.confirm(offer)
        row, inside = await at.safe.swap(NEXT_CASSETTE, courier="CIT1", guard="Huber", seal="77")
        assert {(line.value_minor, line.kind): line.count for line in inside} \
            == {(5_000, "note"): 8, (200, "coin"): 6}
        assert row.content["out"] == CASSETTE
        assert row.content["in"] == NEXT_CASSETTE
        assert held_lines(at.machine.drawers.taken_out[-1]) == inside
        assert await at.safe.inside() == []
        await at.safe.swap("")
        with pytest.raises(BadOrder, match="no cassette"):
            await at.put_in()
        with pytest.raises(BadOrder, match="none is put in"):
            await at.safe.swap("")

    play(tmp_path, story)


def test_a_full_cassette_and_a_full_store_take_no_more(tmp_path: Path) -> None:
    async def story(at: Place) -> None:
        await at.put_in(notes(Piece(5_000, 9)))
        with pytest.raises(BadOrder, match="9 of 10 notes"):
            await at.put_in(notes(Piece(5_000, 2)))
        with pytest.raises(BadOrder, match="takes no USD"):
            await at.put_in(Count(currency="USD", pieces=(Piece(100, 1),)))
        with pytest.raises(BadOrder, match="number and an amount"):
            await at.put_in(Count(currency="EUR"), Slip(kind="envelope"))
        with pytest.raises(BadOrder, match="nothing was counted"):
            await at.put_in(Count(currency="EUR", rejected=3))
        assert not at.machine.held()

    play(tmp_path, story, note_capacity=10)


def test_the_status_says_how_full_it_is_and_what_waits(tmp_path: Path) -> None:
    async def story(at: Place) -> None:
        await at.put_in()
        await at.told()
        await at.safe.status()
        await at.told()
        status = at.host.books[at.host.booked("/status")[-1]][1]
        assert status["fill"] == {"notes": 4, "coins": 3,
                                  "by": [{"cassette": CASSETTE, "pieces": 7}]}
        assert (status["unsent"], status["oldest_unsent_at"]) == (0, None)
        await at.safe.sign_off()
        await at.told()
        assert len(at.host.booked("/sign-off")) == 1

    play(tmp_path, story, background=False, two_steps=False)


def test_the_forwarder_works_by_itself(tmp_path: Path) -> None:
    async def story(at: Place) -> None:
        await at.host.until(lambda: "/sign-on" in [path for path, _ in at.host.seen])
        await at.host.stop()
        await at.put_in()
        await at.host.start()
        await at.host.until(lambda: at.host.money() == 20_600)
        await at.host.until(lambda: "/status" in [path for path, _ in at.host.seen])

    play(tmp_path, story, two_steps=False, status_s=1)
