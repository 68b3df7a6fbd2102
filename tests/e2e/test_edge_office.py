"""What terminals sold, seen and worked off in offices: each role at the real door, over TLS."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest

from terminals.pki import client_context
from terminals.purchase import Item, Sale
from tests.support.edge_sale import CHIP
from tests.support.forecourt import forecourt
from tests.support.wire import Wire, fields_of, stan


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


def offline(court, terminal, *amounts):
    """A card with sales that wait at the terminal."""
    card = court.chip()
    court.build()
    terminal.fetch()
    terminal.cut()
    sold = [terminal.sell(card, amount) for amount in amounts]
    assert {one.outcome for one in sold} == {"offline"}
    return card, [one.row for one in sold]


def data(answer):
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


@pytest.mark.invariant(4)
@pytest.mark.invariant(10)
def test_another_content_under_a_known_number_is_settled_by_hand(court, terminal, administrator,
                                                                 tmp_path):
    """A terminal whose store was set up anew begins its numbers again."""
    card, [first] = offline(court, terminal, 1_000)
    terminal.mend()
    with court.again(terminal, tmp_path / "anew") as anew:
        anew.fetch()
        anew.cut()
        second = anew.sell(card, 1_234).row
        assert second.sequence == first.sequence
        anew.mend()
        assert anew.rig.run(anew.edge.queue()) == [], "an advice is always accepted"
    [row] = data(administrator.get("/parked", terminal=terminal.id))
    assert (row["why"], row["state"]) == ("duplicate_with_other_content", "waits")
    assert data(administrator.get("/parked", site="S2")) == []
    tried = administrator.post(f"/parked/{row['id']}/retry")
    assert tried.status_code == 200, tried.text
    assert tried.json()["posted"] is False
    assert "another content" in tried.json()["why"]
    analyst, manager = court.person("analyst"), court.person("station", site_id="S1")
    assert analyst.post(f"/parked/{row['id']}/settlement", {"why": "x"}).status_code == 403
    assert manager.get("/parked").status_code == 403
    path = f"/parked/{row['id']}/settlement"
    assert administrator.post(path, {"why": " "}).status_code == 422
    assert administrator.post(path, {"why": "booked by hand, slip 17"}).status_code == 204
    assert administrator.post(path, {"why": "again"}).status_code == 409
    assert administrator.post(f"/parked/{row['id']}/retry").status_code == 409
    assert data(administrator.get("/parked", terminal=terminal.id)) == []
    assert administrator.post("/parked/999999/retry").status_code == 404
    assert court.rig.taken(card.row.account_id)[0] == 1_000


@pytest.mark.invariant(10)
def test_an_advice_without_its_mac_is_posted_once_somebody_says_so(court, administrator):
    rig, terminal_id, number = court.rig, "SEALED01", stan()
    court.workshop.terminal(terminal_id, mac=True)
    card = rig.card()
    context = client_context(court.authority.certificate_path,
                             court.authority.client(terminal_id))

    async def tell():
        wire = await Wire.connect(rig.ports["ifsf:0"], tls=context)
        answer = await wire.ask("1220", fields_of(card, 700, stan=number, terminal=terminal_id))
        await wire.close()
        return answer

    assert rig.run(tell()).fields[39] == "916"
    [row] = data(administrator.get("/parked", terminal=terminal_id))
    assert row["why"] == "mac"
    assert rig.taken(card.account_id) == (0, 0, 0)
    posted = administrator.post(f"/parked/{row['id']}/retry")
    assert posted.json()["posted"] is True, posted.text
    assert rig.taken(card.account_id) == (700, 0, 1)
    assert data(administrator.get("/parked", terminal=terminal_id)) == []
    [seen] = data(administrator.get("/transactions", terminal=terminal_id))
    assert (seen["kind"], seen["posted_minor"]) == ("offline_sale", 700)


def filled(court, terminal, card, kilometres, litres):
    """A fill with its odometer, on line."""
    amount = round(litres * 160)
    item = Item("001", "L", Decimal(litres), Decimal("1.60"), amount)
    ticket = terminal.sell(card, whole=Sale(CHIP, amount, "EUR", (item,),
                                            prompts={"odometer": str(kilometres)}))
    assert ticket.outcome == "approved", ticket
    return ticket


@pytest.fixture(scope="module")
def sold(court, tmp_path_factory):
    """Two fleets at two sites: fills, coffee, a reversal, a declined sale, one off line."""
    own = court.chip(vehicle=[], limits=[("transaction", "money", 50_000)])
    other = court.chip(vehicle=[])
    court.build()
    folder = tmp_path_factory.mktemp("sold")
    with court.terminal(folder / "a") as here, court.terminal(folder / "b", site="S2") as there:
        court.permit(site_id="S2")
        court.build()
        here.fetch()
        filled(court, here, own, 100_000, 40)
        filled(court, there, own, 100_500, 45)
        filled(court, here, own, 101_000, 50)
        gone = here.sell(own, 500, "410")
        assert here.told(here.edge.reverse(gone.row)).outcome == "forwarded"
        assert here.sell(own, 60_000, "410").outcome == "declined"
        filled(court, here, other, 7_000, 10)
        here.cut()
        assert here.sell(own, 900, "410").outcome == "offline"
        here.mend()
        yield own, other, here.id, there.id


def test_a_fleets_client_sees_his_own(court, sold):
    own, other, here, there = sold
    client = court.person("fleet", account_id=own.row.account_id)
    rows = data(client.get("/transactions"))
    assert {row["account_id"] for row in rows} == {own.row.account_id}
    assert {row["terminal_id"] for row in rows} == {here, there}
    assert sum(row["posted_minor"] for row in rows) == (40 + 45 + 50) * 160 + 900
    declined = data(client.get("/transactions", declined="1"))
    assert {row["reason"] for row in declined if not row["approved"]} == {
        "limit:card:transaction:money"}
    assert len(data(client.get("/transactions", kind="reversal"))) == 1
    assert client.get("/transactions", account=other.row.account_id).status_code == 404
    assert client.get("/totals").status_code == 403
    assert client.get("/stations").status_code == 403
    assert client.get("/parked").status_code == 403
    text = client.get("/transactions", format="csv")
    assert text.headers["content-type"].startswith("text/csv")
    assert own.row.pan not in text.text
    assert client.get(f"/cards/{other.row.card_id}").status_code == 404


def test_what_a_vehicle_burns(court, sold):
    own, other, _, _ = sold
    client = court.person("fleet", account_id=own.row.account_id)
    vehicle = court.rig.sql("SELECT vehicle_id FROM card WHERE card_id = $1",
                            own.row.card_id)[0][0]
    answer = client.get(f"/vehicles/{vehicle}/consumption")
    assert answer.status_code == 200, answer.text
    figures = answer.json()["figures"]
    assert [(one["volume_ml"], one["distance_km"], one["litres_per_100km"], one["mark"])
            for one in figures] == [(40_000, None, None, "first"), (45_000, 500, "9.00", ""),
                                    (50_000, 500, "10.00", "")]
    assert answer.json()["litres_per_100km"] == "9.50"
    theirs = court.rig.sql("SELECT vehicle_id FROM card WHERE card_id = $1",
                           other.row.card_id)[0][0]
    assert client.get(f"/vehicles/{theirs}/consumption").status_code == 404


def test_a_stations_manager_sees_his_site(court, sold):
    _, _, here, there = sold
    manager = court.person("station", site_id="S1")
    rows = data(manager.get("/transactions", terminal=here))
    assert {row["site_id"] for row in rows} == {"S1"}
    assert len({row["account_id"] for row in rows}) == 2, "of every fleet"
    assert data(manager.get("/transactions", terminal=there)) == []
    assert manager.get("/transactions", site="S2").status_code == 404
    totals = {row["kind"]: row for row in data(manager.get("/totals", terminal=here))}
    assert totals["sale"]["posted_minor"] == (40 + 50 + 10) * 160 + 500
    assert totals["sale"]["volume_ml"] >= 100_000
    assert totals["reversal"]["posted_minor"] == -500
    assert totals["offline_sale"]["posted_minor"] == 900
    assert {row["site_id"] for row in data(manager.get("/stations"))} == {"S1"}
    assert manager.get("/stations", site="S2").status_code == 404
    assert manager.get("/exceptions").status_code == 403
    assert manager.get("/cards").status_code == 403
    assert manager.post("/station-permits", {"site_id": "S1"}).status_code == 403


def test_who_comes_with_another_certificate_or_none_of_his_own_is_not_let_in(court):
    manager, client = court.person("station", site_id="S1"), court.person("analyst")
    client.context, manager.context = manager.context, client.context
    assert manager.get("/transactions").status_code == 401
    assert client.get("/transactions").status_code == 401


def test_the_exceptions_of_a_day_come_once_each(court, sold, administrator, tmp_path):
    with court.terminal(tmp_path) as terminal:
        card = court.chip(limits=[("day", "money", 100)])
        court.build()
        terminal.fetch()
        terminal.cut()
        numbers = [terminal.sell(card, amount).row.sequence for amount in (300, 400, 500)]
        terminal.mend()
        client = court.person("fleet", account_id=card.row.account_id)
        found, place = [], {}
        for _ in range(60):
            page = client.get("/exceptions", limit=2, **place).json()
            found += page["data"]
            place = {"after": page["next"]} if page["next"] else place
            if len(found) >= 3:
                break
            time.sleep(0.05)
        assert [one["key"].rpartition("/")[2] for one in found] == numbers
        assert client.get("/exceptions", **place).json()["data"] == []
