"""An edge and the real host over mutual TLS: catalogue, heartbeat, shifts, what was sold off line.

Signatures, certificates, cards and both doors are real; each test has a terminal of its own.
"""

from __future__ import annotations

import asyncio
import time
from decimal import Decimal

import pytest

from terminals.edge.config import StationSettings
from terminals.edge.shifts import Shift
from terminals.edge.station_door import StationAway, StationDoor
from terminals.purchase import Item, Sale
from tests.support.edge_sale import CHIP
from tests.support.forecourt import forecourt


@pytest.fixture(scope="module")
def court(servers, tmp_path_factory):
    with forecourt(servers, tmp_path_factory.mktemp("forecourt")) as made:
        yield made


@pytest.fixture(scope="module")
def administrator(court):
    return court.person("administrator")


@pytest.fixture
def terminal(court, tmp_path):
    with court.terminal(tmp_path) as made:
        yield made


class Replaying(StationDoor):
    """Somebody on the way who keeps a catalogue and tells it again."""

    kept = None
    again = False

    async def catalogue(self, have):
        """The one that was kept, once it is to come again."""
        if self.again:
            return self.kept
        self.kept = await super().catalogue(have)
        return self.kept


def version_of(terminal):
    version, sizes, _ = terminal.rig.run(terminal.edge.catalogue())
    return version.version, sizes


def journal(terminal, *columns):
    """Of what the host has booked of this terminal."""
    return [tuple(row.values()) for row in terminal.rig.sql(
        f"SELECT {', '.join(columns)} FROM journal WHERE terminal_id = $1 AND leg = 0 ORDER BY id",
        terminal.id)]


def test_a_catalogue_comes_whole_and_then_by_difference(court, terminal):
    court.chip()
    court.build()
    assert terminal.fetch() == ""
    first, sizes = version_of(terminal)
    assert sizes["products"] == 3
    assert sizes["cards"] >= 1
    counted = court.rig.host.stations.catalogue.differences
    card = court.chip()
    court.build()
    assert terminal.fetch() == ""
    second, more = version_of(terminal)
    assert second > first
    assert more["cards"] == sizes["cards"] + 1
    assert court.rig.host.stations.catalogue.differences == counted + 1
    assert terminal.fetch() == "", "nothing newer"
    terminal.cut()
    assert terminal.sell(card).outcome == "offline"


def test_an_older_one_is_refused_and_told(court, terminal, administrator):
    terminal.edge._station._door = door = Replaying(
        court.office.url, terminal.id, tls=terminal.config.context())
    terminal.fetch()
    stale, first = door.kept, version_of(terminal)[0]
    court.chip()
    court.build()
    terminal.fetch()
    second = version_of(terminal)[0]
    assert second > first
    door.kept, door.again = stale, True
    assert terminal.fetch() == "version"
    assert version_of(terminal)[0] == second
    terminal.beat()
    [seen] = administrator.get("/stations", terminal=terminal.id).json()["data"]
    assert seen["catalogue_refused"] == "version"
    terminal.rig.run(door.close())


def test_nobody_asks_for_another_terminal(court, terminal):
    async def ask():
        door = StationDoor(court.office.url, "POS00001", tls=terminal.config.context())
        try:
            with pytest.raises(StationAway, match="403"):
                await door.catalogue(0)
        finally:
            await door.close()
    court.rig.run(ask())


def test_a_heartbeat_is_seen_in_the_office(court, terminal, administrator):
    terminal.fetch()
    terminal.cut()
    card = court.chip()
    terminal.line.mend()
    court.build()
    terminal.fetch()
    terminal.cut()
    assert terminal.sell(card).outcome == "offline"
    terminal.line.mend()
    terminal.beat()
    [seen] = administrator.get("/stations", site="S1", terminal=terminal.id).json()["data"]
    assert (seen["unsent"], seen["catalogue_version"]) == (1, version_of(terminal)[0])
    assert seen["software"].startswith("edge")
    assert (seen["catalogue_refused"], seen["shift_state"]) == ("", "open")
    assert administrator.get("/stations", site="S2", terminal=terminal.id).json()["data"] == []
    terminal.mend()
    terminal.beat()
    [seen] = administrator.get("/stations", terminal=terminal.id).json()["data"]
    assert (seen["unsent"], seen["alarms"]) == (0, [])


def all_kinds(court, terminal, *, offline=True):
    """A bit of everything: on line, off line, back again, held and completed."""
    card, edge, run = court.chip(), terminal.edge, terminal.rig.run
    court.build()
    if offline:
        terminal.fetch()
    sold = [terminal.sell(card, amount) for amount in (1_000, 2_000, 3_000)]
    assert [one.outcome for one in sold] == ["approved"] * 3
    assert terminal.told(edge.reverse(sold[1].row)).outcome == "forwarded"
    diesel = Item("001", "L", Decimal("40.00"), Decimal("1.60"), 6_400)
    coffee = Item("410", "U", Decimal(2), Decimal("2.50"), 500)
    both = terminal.sell(card, whole=Sale(CHIP, 6_900, "EUR", (diesel, coffee)))
    assert both.outcome == "approved"
    back = Sale(CHIP, 3_000, "EUR", sold[2].row.particulars.items)
    whole = run(edge.take_back(sold[2].row, back))
    assert whole.outcome == "approved"

    async def hold():
        with card.reader.visit() as visit:
            visit.pin_at_pad("4711")
            return await edge.preauthorize(Sale(CHIP, 9_000, prompts={"odometer": "120700"}),
                                           visit=visit)

    held = run(hold())
    assert held.outcome == "approved", held
    done = terminal.told(edge.complete(held.row, Sale(CHIP, 6_900, "EUR", (diesel, coffee))))
    assert done.outcome == "forwarded"
    gone = run(hold())
    assert terminal.told(edge.reverse(gone.row)).outcome == "forwarded"
    if not offline:
        return card
    terminal.cut()
    assert [terminal.sell(card, 700, product).outcome for product in ("001", "002")] == [
        "offline"] * 2
    terminal.mend()
    return card


def test_a_shift_is_balanced(court, terminal):
    card = all_kinds(court, terminal)
    assert terminal.shift() == ["balanced"]
    assert [row for row in journal(terminal, "flags") if "cryptogram" in row[0]] == []
    assert court.rig.taken(card.row.account_id)[0] == 1_000 + 6_900 + 6_900 + 1_400
    assert terminal.compared() == []
    terminal.rig.run(terminal.edge.open_shift())
    assert terminal.shift() == ["balanced"], "nothing was sold in it"


def test_a_receipt_of_a_hold_says_what_is_held(court, terminal):
    card = court.chip(limits=[("day", "money", 7_000)])

    async def hold():
        with card.reader.visit() as visit:
            visit.pin_at_pad("4711")
            ticket = await terminal.edge.preauthorize(Sale(CHIP, 0), visit=visit)
        return ticket, await terminal.edge.receipt(ticket.row)

    ticket, printed = terminal.rig.run(hold())
    assert ticket.outcome == "approved", ticket
    assert "TOTAL EUR                          70.00" in printed
    coffee = Item("410", "U", Decimal(2), Decimal("2.50"), 500)
    done = terminal.told(terminal.edge.complete(ticket.row, Sale(CHIP, 500, "EUR", (coffee,))))
    assert done.row.particulars.entry == "chip", "as the hold's card was read"
    assert terminal.shift() == ["balanced"]


@pytest.mark.invariant(10)
def test_a_difference_is_found_to_the_transaction_and_mended(court, terminal):
    card = all_kinds(court, terminal)
    terminal.cut()
    lost = terminal.sell(card, 800).row
    terminal.lose(lost.sequence)
    terminal.line.mend()
    terminal.rig.run(terminal.edge.echo())
    assert terminal.shift() == ["differs"]
    steps = court.rig.sql("SELECT answer::text FROM station_shift_step WHERE terminal_id = $1"
                          " AND step = 'transactions'", terminal.id)
    assert len(steps) == 1
    assert f'"sequence":"{lost.sequence}"' in steps[0][0].replace(": ", ":")
    terminal.beat()
    assert terminal.rig.run(terminal.edge.forward())
    assert terminal.compared() == ["balanced"]
    assert journal(terminal, "amount_minor", "flags").count((800, "")) == 1


def iso_only(court, folder):
    """A terminal without [station]: it reconciles by 1520."""
    return court.terminal(folder, station=StationSettings())


def test_a_1520_with_its_lines_is_answered_500_and_501(court, tmp_path):
    card = court.chip()
    with iso_only(court, tmp_path) as terminal:
        all_kinds(court, terminal, offline=False)
        assert terminal.shift() == ["balanced"]
    with iso_only(court, tmp_path / "other") as terminal:
        terminal.sell(card, 1_000)
        second = terminal.sell(card, 2_000, "002")
        court.rig.sql("DELETE FROM claim WHERE key LIKE '%/' || $1 || '/20/%/' || $2", terminal.id,
                      second.row.sequence)
        terminal.rig.run(terminal.edge.close_shift())
        [(shift, state)] = terminal.rig.run(terminal.edge.compare_shifts())
        assert (shift.state, state) == ("closed", "differs")
        [kept] = terminal.rig.run(terminal.edge._parts.worker.do(
            terminal.edge._parts.store.shifts.listed, "differs"))
        assert isinstance(kept, Shift)
        assert '"product":"002"' in kept.differences, "by the terminal's own code"
        assert '"count":0' in kept.differences, "the host's side of it"


def test_a_card_that_is_blocked_is_refused_off_line_from_the_next_difference_on(
        court, terminal, administrator):
    card = court.chip()
    court.build()
    terminal.fetch()
    terminal.cut()
    assert terminal.sell(card, 900).outcome == "offline"
    answer = administrator.post(f"/cards/{card.row.card_id}/blocking", {"reason": "stolen"})
    assert answer.status_code == 200, answer.text
    assert terminal.sell(card, 900).outcome == "offline", "nobody has told it"
    terminal.line.mend()
    court.build()
    terminal.fetch()
    terminal.line.up = False
    refused = terminal.sell(card, 900)
    assert refused.outcome == "refused"
    assert {"not_listed", "blocked"} <= set(refused.objections)
    terminal.mend()
    assert [row[0] for row in journal(terminal, "flags")] == ["card_stolen"] * 2


def exceptions(person, **query):
    """The feed, once it has come so far: it is a little late."""
    found = []
    for _ in range(40):
        found = person.get("/exceptions", **query).json()["data"]
        if found:
            break
        time.sleep(0.1)
    return found


def test_a_limit_that_was_broken_off_line_is_among_the_exceptions(court, terminal, administrator):
    card = court.chip(limits=[("day", "money", 1_000)])
    court.build()
    terminal.fetch()
    terminal.cut()
    ticket = terminal.sell(card, 1_500)
    terminal.mend()
    assert journal(terminal, "kind", "amount_minor", "approved") == [
        ("offline_sale", 1_500, True)]
    [seen] = exceptions(administrator, account=card.row.account_id)
    assert seen["key"].endswith(f"/{ticket.row.sequence}")
    assert [(one["flag"], one["severity"]) for one in seen["flags"]] == [
        ("limit:card:day:money", "high")]
    owner = court.person("fleet", account_id=card.row.account_id)
    assert [one["key"] for one in exceptions(owner)] == [seen["key"]]
    other = court.person("fleet", account_id=court.chip().row.account_id)
    assert other.get("/exceptions").json()["data"] == []


def test_the_host_is_restarted_and_an_edge_goes_on(court, terminal):
    card = court.chip()
    court.build()
    terminal.fetch()
    terminal.sell(card, 1_000)

    async def many():
        await asyncio.gather(*(terminal.edge.heartbeat() for _ in range(5)))

    court.rig.run(many())
    assert terminal.shift() == ["balanced"]
