"""The edge before a host that writes everything down: every way a sale may go, and what follows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from chip.reader import InProcessReader
from terminals.card_reader import CardReader, Visit
from terminals.edge.edge import Edge
from terminals.edge.offline import Objection
from terminals.edge.states import Kind, State
from terminals.edge.ticket import BadOrder, Outcome
from terminals.line import Line
from terminals.purchase import Card, Sale
from tests.support.cards import PIN, SERIAL, Issuer
from tests.support.edge import FAST, PAN, Clock, StationHost, settings
from tests.support.edge_sale import sale as sale_of


def sale(amount: int = 4_135, product: str = "001", **more: Any) -> Sale:
    """With the card's number."""
    return sale_of(amount, product, card=Card(PAN, "2912"), **more)


class Scene:
    """An edge, its host, its clock and a chip card."""

    def __init__(self, edge: Edge, host: StationHost, clock: Clock, line: Line) -> None:
        self.edge, self.host, self.clock, self.line = edge, host, clock, line
        self.issuer = Issuer()
        self.reader = InProcessReader(self.issuer.issued())

    @contextmanager
    def visit(self, *, pin: bool = True) -> Iterator[Visit]:
        """The card in the reader, its PIN given."""
        reader = CardReader(self.reader, self.issuer.terminal(), self.issuer.trusted,
                            now=self.clock)
        with reader.visit() as visit:
            if pin:
                visit.pin_at_pad(PIN)
            yield visit

    async def sell_offline(self, amount: int = 4_135, **more: Any) -> Any:
        """With the line out."""
        with self.visit() as visit:
            return await self.edge.sell(sale(amount, **more), visit=visit)


@asynccontextmanager
async def scene(directory: Path, *, background: bool = False, catalogue: bool = True,
                **more: Any) -> AsyncIterator[Scene]:
    async with StationHost() as host:
        clock, line = Clock(), Line()
        edge = Edge(settings(directory, host, **more), clock=clock, line=line, timing=FAST,
                    pause=lambda _: asyncio.sleep(0.005), chance=lambda: 0.0)
        await edge.start(background=background)
        try:
            if catalogue:
                host.catalogues.offer()
                assert await edge.fetch_catalogue() == ""
            yield Scene(edge, host, clock, line)
        finally:
            await edge.stop()


def play(directory: Path, story: Callable[[Scene], Coroutine[Any, Any, None]],
         **more: Any) -> None:
    """Run one story to its end."""
    async def run() -> None:
        async with scene(directory, **more) as one:
            await story(one)

    asyncio.run(asyncio.wait_for(run(), 20))


def test_a_sale_on_line_and_its_receipt(tmp_path: Path) -> None:
    async def story(at: Scene) -> None:
        ticket = await at.edge.sell(sale(second=Card("7013370000000000025", "2912")))
        assert (ticket.outcome, ticket.row.state) == (Outcome.APPROVED, State.ANSWERED)
        text = await at.edge.receipt(ticket.row)
        assert all(len(line) <= 40 for line in text.splitlines())
        for part in ("Station One", "T0101", f"No {ticket.row.sequence}", "29.07.2026",
                     "701337*********0017", "701337*********0025", "120500", "Diesel", "27.58 L x",
                     "41.35", "incl. VAT 22 %", "7.46", "ABC123", "Thank you"):
            assert part in text
        assert PAN not in text
        assert "COPY" not in text
        assert "*** COPY ***" in await at.edge.receipt(ticket.row, copy=True)

    play(tmp_path, story)


def test_nobody_answers_and_it_is_given_back_by_its_number(tmp_path: Path) -> None:
    async def story(at: Scene) -> None:
        at.host.decide = lambda message: None if message.mti[:3] == "120" else "000"
        ticket = await at.edge.sell(sale())
        assert (ticket.outcome, ticket.row.state) == (Outcome.REFUSED, State.REVERSED)
        assert Objection.NO_CHIP in ticket.objections
        assert await at.edge.forward()
        assert at.host.kinds() == ["1200", "1201", "1420"]
        assert at.host.last.text(56) == "1200" + (ticket.row.sequence + "260729101500"
                                                       ) + "06280131"
        assert await at.edge.queue() == []

    play(tmp_path, story)


def test_off_line_and_forwarded_in_order_each_once(tmp_path: Path) -> None:
    async def story(at: Scene) -> None:
        await at.line.cut()
        first = await at.sell_offline(1_000)
        # The card vouched for its PIN to the host; on the second it is known that it is away.
        assert first.outcome in (Outcome.OFFLINE, Outcome.REFUSED)
        tickets = [await at.sell_offline(amount) for amount in (1_000, 2_000, 3_000)]
        assert [one.outcome for one in tickets] == [Outcome.OFFLINE] * 3
        text = await at.edge.receipt(tickets[0].row)
        assert "*** OFF-LINE ***" in text
        assert f"TC {tickets[0].row.particulars.tc:>37}" in text
        assert "your price 1.499" in text
        assert "K-7" in text
        at.line.mend()
        assert await at.edge.forward()
        numbers = [one.row.sequence for one in tickets]
        assert [one.text(11) for one in at.host.seen if one.mti == "1220"][-3:] == numbers
        assert at.host.last.fields[55], "the card's own word goes with it"
        assert await at.edge.forward()
        assert at.host.kinds("1220", "1221") == ["1220"] * len(at.host.booked("1220"))

    play(tmp_path, story)


def test_the_rules_hold_where_it_sells(tmp_path: Path) -> None:
    async def story(at: Scene) -> None:
        await at.line.cut()
        await at.edge.echo()  # now it is known
        assert (await at.sell_offline(14_001)).objections == (Objection.ABOVE_MAXIMUM,)
        assert (await at.sell_offline(8_000)).outcome is Outcome.OFFLINE
        again = await at.sell_offline(6_001)
        assert again.objections == (Objection.ABOVE_MAXIMUM,), "8000 count until the host knows"
        with at.visit(pin=False) as visit:
            assert (await at.edge.sell(sale(), visit=visit)).objections == (Objection.PIN,)
        refused = await at.sell_offline(1_000, prompts={})
        assert (refused.objections, refused.prompts) == ((Objection.PROMPT,), ("odometer",))
        assert Objection.UNKNOWN_PRODUCT in (
            await at.sell_offline(1_000, product="999")).objections
        at.clock.turn(hours=-1)
        assert (await at.sell_offline(1_000)).objections == (Objection.CLOCK,)
        at.clock.turn(hours=26)
        assert Objection.CATALOGUE_AGE in (await at.sell_offline(1_000)).objections

    play(tmp_path, story)


def test_a_blocked_chip_and_a_terminal_without_permission(tmp_path: Path) -> None:
    async def story(at: Scene) -> None:
        await at.line.cut()
        await at.edge.echo()
        at.line.mend()
        change = {"products": {}, "prices": {}, "cards": {}, "rules": {
            "put": {"offline": {"permitted": False}}},
            "blocklist": {"put": {SERIAL.hex(): "lost"}}}
        at.host.catalogues.offer(2, base=1, sections=change)
        assert await at.edge.fetch_catalogue() == ""
        await at.line.cut()
        found = (await at.sell_offline(1_000)).objections
        assert found == (Objection.NOT_PERMITTED, Objection.BLOCKED)

    play(tmp_path, story)


def test_a_bad_catalogue_leaves_the_old_one_and_is_told(tmp_path: Path) -> None:
    async def story(at: Scene) -> None:
        signer = at.host.catalogues
        good = signer.signed(signer.content(2))
        signer.pending = msgspec.structs.replace(
            good, content=good.content.replace(b"14000", b"99000"))
        assert await at.edge.fetch_catalogue() == "signature"
        for why, version, more in (("terminal", 2, {"terminal_id": "T0102"}),
                                   ("base", 3, {"base": 2})):
            signer.offer(version, **more)
            assert await at.edge.fetch_catalogue() == why
        await at.edge.heartbeat()
        version, sizes, refused = await at.edge.catalogue()
        assert (version.version, sizes["products"], refused) == (1, 3, "base")
        beat = at.host.requests[-1][2]
        assert (beat["catalogue_version"], beat["catalogue_refused"]) == (1, "base")
        signer.offer(1)
        assert await at.edge.fetch_catalogue(full=True) == "", "the same again is no news"
        signer.offer(2)
        assert await at.edge.fetch_catalogue() == ""
        assert (await at.edge.catalogue())[2] == ""

    play(tmp_path, story)


def test_a_poison_advice_is_parked_and_the_ones_behind_it_go_on(tmp_path: Path) -> None:
    async def story(at: Scene) -> None:
        await at.line.cut()
        await at.edge.echo()
        tickets = [await at.sell_offline(amount) for amount in (1_000, 2_000, 3_000)]
        at.line.mend()
        poison = tickets[1].row.sequence
        at.host.decide = lambda message: "904" if message.text(11) == poison else "000"
        assert await at.edge.forward()
        (parked,) = await at.edge.queue()
        assert (parked.sequence, parked.state, parked.action) == (poison, State.PARKED, "904")
        assert (await at.edge.counts()).parked == 1
        assert at.host.booked("1220") == [tickets[0].row.sequence, tickets[2].row.sequence]
        at.host.decide = lambda _: "000"
        await at.edge.send_again(parked)
        assert await at.edge.forward()
        assert at.host.booked("1220")[-1] == poison
        assert at.host.last.mti == "1221"

    play(tmp_path, story)


def test_a_hold_its_increase_and_its_completion(tmp_path: Path) -> None:
    async def story(at: Scene) -> None:
        hold = await at.edge.preauthorize(Sale(Card(PAN, "2912"), 10_000, wants_rest=True))
        more = await at.edge.increment(hold.row, 2_000)
        assert more.outcome is Outcome.APPROVED
        assert at.host.last.text(24) == "106"
        with pytest.raises(BadOrder, match="sum"):
            await at.edge.complete(hold.row, Sale(Card("", ""), 1, "EUR", sale().items))
        done = await at.edge.complete(hold.row, sale())
        assert done.outcome is Outcome.FORWARDED
        told = at.host.last
        assert (told.mti, told.text(2), told.text(38)) == ("1220", PAN, "ABC123")
        assert (told.text(56) or "").startswith(f"1100{hold.row.sequence}")
        with pytest.raises(BadOrder, match="already"):
            await at.edge.complete(hold.row, sale())
        with pytest.raises(BadOrder, match="not a pre-authorization"):
            await at.edge.complete(done.row, sale())

    play(tmp_path, story, background=True)


def test_of_two_orders_at_once_about_one_message_one_is_done(tmp_path: Path) -> None:
    async def story(at: Scene) -> None:
        hold = (await at.edge.preauthorize(Sale(Card(PAN, "2912"), 10_000))).row
        done = await asyncio.gather(*(at.edge.complete(hold, sale()) for _ in range(3)),
                                    return_exceptions=True)
        assert [isinstance(one, BadOrder) for one in done].count(True) == 2
        assert len(at.host.booked("1220")) == 1
        sold = (await at.edge.sell(sale(4_000))).row
        back = await asyncio.gather(*(at.edge.reverse(sold, 3_000) for _ in range(3)),
                                    return_exceptions=True)
        assert [isinstance(one, BadOrder) for one in back].count(True) == 2

    play(tmp_path, story, background=True)


def test_returns_and_reversals_never_more_than_there_was(tmp_path: Path) -> None:
    async def story(at: Scene) -> None:
        sold = (await at.edge.sell(sale())).row
        back = await at.edge.take_back(sold, sale(1_000))
        assert (back.outcome, at.host.last.text(3)) == (Outcome.APPROVED, "200000")
        with pytest.raises(BadOrder, match="more comes back"):
            await at.edge.take_back(sold, sale(4_136))
        part = await at.edge.reverse(sold, 1_000)
        assert part.outcome is Outcome.FORWARDED
        with pytest.raises(BadOrder, match="3135 can be given back"):
            await at.edge.reverse(sold, 3_136)
        await at.edge.reverse(sold)
        with pytest.raises(BadOrder):
            await at.edge.reverse(sold)
        whole = (await at.edge.sell(sale())).row
        await at.edge.reverse(whole)
        assert (await at.edge.find(whole.sequence)).state is State.REVERSED

    play(tmp_path, story, background=True)


def test_a_till_that_asks_twice_is_sold_to_once(tmp_path: Path) -> None:
    async def story(at: Scene) -> None:
        both = await asyncio.gather(*(at.edge.sell(sale(), reference="till-1") for _ in range(2)))
        third = await at.edge.sell(sale(), reference="till-1")
        assert len({one.row.sequence for one in (*both, third)}) == 1
        assert at.host.kinds() == ["1200"]
        at.host.silent = True
        nothing = await at.edge.sell(sale(), reference="till-2")
        assert not nothing.done
        at.host.silent = False
        assert (await at.edge.sell(sale(), reference="till-2")).outcome is Outcome.APPROVED

    play(tmp_path, story)


def test_the_shift_is_counted_and_what_the_host_misses_goes_again(tmp_path: Path) -> None:
    async def story(at: Scene) -> None:
        sold = (await at.edge.sell(sale())).row
        await at.edge.sell(sale(2_000, "002"))
        await at.edge.reverse(sold, 135)
        at.host.decide = lambda _: "121"
        await at.edge.sell(sale())
        at.host.decide = lambda _: "000"
        at.host.balance = {"state": "differs", "differences": [{"product": "001"}]}
        at.host.findings = {"missing_at_host": [{"kind": "sale", "sequence": sold.sequence}],
                            "missing_at_terminal": [], "different": []}
        shift, totals = await at.edge.close_shift()
        assert [(one.product, one.kind, one.count, one.amount_minor) for one in totals] == [
            ("001", "reversal", 1, 135), ("001", "sale", 1, 4_135), ("002", "sale", 1, 2_000)]
        assert totals[1].volume_ml == 27_580
        ((compared, state),) = await at.edge.compare_shifts()
        assert (compared.number, state) == (shift.number, "differs")
        await at.host.until(lambda: at.host.kinds()[-1] in ("1220", "1221"))
        again = at.host.last
        assert (again.text(11), again.text(12), again.text(4)) == (
            sold.sequence, "260729101500", "000000004135")
        told = next(body for _, path, body in at.host.requests if path.endswith("/transactions"))
        assert told["transactions"][0] == {
                "kind": "sale", "sequence": sold.sequence, "local_date": "2026-07-29",
                "amount_minor": 4_135, "product_totals": [
                    {"product": "001", "amount_minor": 4_135, "volume_ml": 27_580}]}
        assert (await at.edge.open_shift()).number == "20260729-2"

    play(tmp_path, story, background=True)


def test_it_finds_by_itself_that_the_host_is_back(tmp_path: Path) -> None:
    async def story(at: Scene) -> None:
        await at.line.cut()
        await at.edge.echo()
        ticket = await at.sell_offline()
        assert ticket.outcome is Outcome.OFFLINE
        at.line.mend()
        await at.host.until(lambda: at.host.booked("1220") == [ticket.row.sequence])
        assert at.edge.online
        online = await at.edge.sell(sale())
        assert online.outcome is Outcome.APPROVED

    play(tmp_path, story, background=True)


def test_a_busy_host_is_not_asked_without_end(tmp_path: Path) -> None:
    async def story(at: Scene) -> None:
        at.host.decide = lambda message: "907" if message.mti[:3] == "122" else "000"
        await at.line.cut()
        await at.edge.echo()
        await at.sell_offline()
        at.line.mend()
        assert not await at.edge.forward()
        assert at.host.kinds() == ["1220"]
        (waiting,) = await at.edge.queue()
        assert (waiting.state, waiting.errors) == (State.STORED, 0), "it is no fault of its own"

    play(tmp_path, story)


def test_a_message_that_cannot_be_built_leaves_no_trace(tmp_path: Path) -> None:
    async def story(at: Scene) -> None:
        with pytest.raises(ValueError, match="no prompt shoe_size"):
            await at.edge.sell(sale(prompts={"shoe_size": "44"}))
        before = await at.edge.last()
        assert before is None
        assert (await at.edge.sell(sale())).row.sequence == "000001"

    play(tmp_path, story)


def test_kinds_have_receipts(tmp_path: Path) -> None:
    async def story(at: Scene) -> None:
        at.host.decide = lambda _: "121"
        declined = (await at.edge.sell(sale())).row
        assert "DECLINED" in await at.edge.receipt(declined)
        at.host.silent = True
        nothing = (await at.edge.preauthorize(sale())).row
        assert "NOTHING WAS SOLD" in await at.edge.receipt(nothing)
        reversal = await at.edge.last(Kind.REVERSAL)
        assert "REVERSAL" in await at.edge.receipt(reversal)

    play(tmp_path, story)
