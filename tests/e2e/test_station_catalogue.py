"""Catalogues: what they say to whom, differences by version, signatures, two builders, size."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

from authhost.clock import Clock
from authhost.hsm_session import hsm_session
from authhost.station import desk, statements
from authhost.station.signer import NoSuchKey
from tests.e2e.station_scene import Price, scene
from tests.support.rig import running


@pytest.fixture(scope="module")
def place(servers):
    with running(servers) as rig, scene(rig) as made:
        rig.sql("INSERT INTO product (product, name, fuel) VALUES ('001', 'Diesel', true),"
                " ('400', 'Coffee', false)")
        yield made


@pytest.fixture
def station(place):
    place.reset()
    place.rig.sql("INSERT INTO product_group VALUES (1, 'fuel', '{001}'), (2, 'shop', '{400}')")
    place.permit(site_id="S1", offline_permitted=True, floor_minor=15_000)
    return place


def cards(content):
    return content["sections"]["cards"]["put"]


def test_a_full_catalogue_says_all_that_a_terminal_needs(station):
    card, serial = station.chip(products=["@fuel"])
    station.prices.by_site[""] = [Price(card.account_id, "001", "1.499")]
    station.rig.sql("INSERT INTO product_code VALUES ('ops', 'D1', '001')")
    station.permit(terminal_id="POS00001", profile="ops", receipt=("Bon voyage",))
    content = station.catalogue()
    assert {name: content[name] for name in ("format", "terminal_id", "site_id", "base",
                                             "currency")} == {
        "format": 1, "terminal_id": "POS00001", "site_id": "S1", "base": 0, "currency": "EUR"}
    issued, until = (datetime.fromisoformat(content[name].replace("Z", "+00:00"))
                     for name in ("issued_at", "valid_until"))
    assert until - issued == timedelta(hours=24)
    sections = content["sections"]
    assert sections["products"]["put"]["001"] == {
        "name": "Diesel", "unit": "L", "fuel": True, "groups": ["fuel"], "code": "D1"}
    assert sections["products"]["put"]["400"]["code"] == "400"
    assert sections["prices"]["put"] == {f"{card.account_id}/001": {
        "unit_price": "1.499", "contract": "C", "version": 1, "from": "2026-01-01T00:00:00Z",
        "until": None}}
    assert cards(content) == {serial: {"account": card.account_id, "products": ["001"],
                                       "max": 10_000, "prompts": []}}
    assert sections["blocklist"]["put"] == {}
    assert sections["rules"]["put"] == {
        "offline": {"permitted": True}, "receipt": {"lines": ["Bon voyage"]},
        "floor": {"currency": "EUR", "limit": 15_000, "ages": [[12, 100], [24, 70]]}}


def test_who_may_not_buy_off_line_is_not_in_it(station):
    rig = station.rig
    _, good = station.chip()
    _, nothing = station.chip(most=0)
    _, forbidden = station.chip(offline=False)
    _, elsewhere = station.chip(sites=["S2"])
    station.chip(expiry="2001")
    station.chip(currency="CZK")
    station.chip(status="not_effective")
    refused = {station.chip(status=status)[1]: status
               for status in ("lost", "stolen", "blocked", "closed")}
    held, account_blocked = station.chip()
    rig.sql("UPDATE account SET status = 'blocked' WHERE account_id = $1", held.account_id)
    driven, driver_blocked = station.chip(driver=[])
    rig.sql("UPDATE driver SET status = 'blocked' WHERE account_id = $1", driven.account_id)
    content = station.catalogue()
    assert set(cards(content)) == {good}
    assert content["sections"]["blocklist"]["put"] == {
        **refused, account_blocked: "account_blocked", driver_blocked: "blocked"}
    assert not {nothing, forbidden, elsewhere} & set(content["sections"]["blocklist"]["put"])
    assert set(cards(station.catalogue("POS00002"))) == {good, elsewhere}


def test_a_difference_says_what_has_changed_and_nothing_else(station):
    rig = station.rig
    lost, lost_serial = station.chip()
    station.chip()
    first = station.catalogue()
    assert station.ask("GET", f"POS00001/catalogue?have={first['version']}").status_code == 304
    assert station.build() == first["version"], "nothing has changed"
    rig.sql("UPDATE card SET status = 'lost' WHERE card_id = $1", lost.card_id)
    station.touch(lost.account_id)
    _, fresh = station.chip()
    assert station.build() == first["version"] + 1
    change = station.catalogue(have=first["version"])
    assert (change["version"], change["base"]) == (first["version"] + 1, first["version"])
    sections = change["sections"]
    assert set(sections["cards"]["put"]) == {fresh}
    assert sections["cards"]["drop"] == [lost_serial]
    assert sections["blocklist"] == {"put": {lost_serial: "lost"}, "drop": []}
    assert [sections[name] for name in ("products", "prices", "rules")] == [
        {"put": {}, "drop": []}] * 3
    assert applied(first, change) == sections_of(station.catalogue())


def test_a_difference_over_many_versions_is_the_newest_state(station):
    card, serial = station.chip()
    versions = [station.catalogue()]
    for status, products in (("blocked", None), ("active", ["400"]), ("active", ["001"])):
        station.rig.sql("UPDATE card SET status = $2, products = $3 WHERE card_id = $1",
                        card.card_id, status, products)
        station.touch(card.account_id)
        station.build()
        versions.append(station.catalogue())
    newest = sections_of(versions[-1])
    assert newest["cards"][serial]["products"] == ["001"]
    for old in versions[:-1]:
        assert applied(old, station.catalogue(have=old["version"])) == newest
    assert station.catalogue(have=versions[-1]["version"] + 5)["base"] == 0


def test_bytes_are_the_same_on_any_host(station):
    station.chip()
    station.build()
    old = station.catalogue()["version"]
    station.chip()
    station.build()
    other = station.another()
    for base in (0, old):
        mine, its = (station.rig.run(one.catalogue.bytes_of("POS00001", base))
                     for one in (station.stations, other))
        assert mine == its


def test_two_hosts_that_build_at_once_make_one_version(station):
    station.chip()
    hosts = [station.another() for _ in range(4)]

    async def together():
        return await asyncio.gather(*(host.building.build() for host in hosts))

    made = [built for built in station.rig.run(together()) if built.made]
    assert [built.version for built in made] == [1]
    assert len(station.rig.sql("SELECT FROM catalogue_version")) == 1


def test_only_the_sites_that_something_concerns_get_a_version(station):
    station.build()
    there = station.catalogue("POS00002")["version"]
    station.chip(sites=["S1"])
    assert station.build() == there + 1
    assert station.ask("GET", f"POS00002/catalogue?have={there}").status_code == 304
    assert station.catalogue("POS00001", there)["version"] == there + 1


def test_prices_follow_site_and_time(station):
    card, _ = station.chip()
    soon = datetime.now(UTC) + timedelta(hours=1)
    key = f"{card.account_id}/001"
    station.prices.by_site = {"S1": [Price(card.account_id, "001", "1.400", soon)],
                              "S2": [Price(card.account_id, "001", "1.500")]}

    def price(content):
        return content["sections"]["prices"]["put"].get(key, {}).get("unit_price")

    assert [price(station.catalogue(name)) for name in ("POS00001", "POS00002")] == [
        "1.400", "1.500"]
    version = station.build()
    later = station.another(ahead(hours=2))
    assert station.rig.run(later.building.build()).version == version + 1
    content = json.loads(station.rig.run(later.catalogue.bytes_of("POS00001", version)))
    assert content["sections"]["prices"] == {"put": {}, "drop": [key]}


def test_a_catalogue_is_renewed_and_old_differences_are_forgotten(station):
    card, serial = station.chip()
    first = station.catalogue()
    soon = station.another(ahead(minutes=31))
    renewed = station.rig.run(soon.catalogue.get("POS00001", first["version"]))
    assert renewed is None, "it is good for half its time, though a chore renews it"
    assert station.rig.run(soon.building.build()).made
    late = station.another(ahead(days=9))
    station.rig.sql("UPDATE card SET status = 'lost' WHERE card_id = $1", card.card_id)
    station.touch(card.account_id)
    told = station.rig.run(late.catalogue.get("POS00001", first["version"]))
    assert told.version > first["version"]
    assert station.rig.sql("SELECT count(*) FROM catalogue_entry WHERE key = $1 AND"
                           " section = 'cards'", serial)[0]["count"] == 1
    later = station.another(ahead(days=17))
    station.rig.run(later.building.build())
    again = station.another(ahead(days=18))
    station.rig.run(again.building.build())
    assert station.rig.sql("SELECT count(*) FROM catalogue_entry WHERE key = $1 AND"
                           " section = 'cards'", serial)[0]["count"] == 0
    assert station.rig.run(again.catalogue.get("POS00001", first["version"])).base == 0


def test_a_terminal_that_moves_gets_everything(station):
    station.build()
    have = station.catalogue()["version"]
    station.rig.sql("UPDATE terminal SET site_id = 'S2' WHERE terminal_id = 'POS00001'")
    station.rig.sql("UPDATE rules SET version = version + 1")
    station.build()
    moved = station.catalogue(have=have)
    assert (moved["base"], moved["site_id"]) == (0, "S2")
    assert moved["sections"]["rules"]["put"]["offline"] == {"permitted": False}


def test_a_blocked_terminal_may_sell_nothing_off_line(station):
    rules = station.catalogue()["sections"]["rules"]["put"]
    assert rules["offline"] == {"permitted": True}
    assert station.catalogue("POSBLOCK")["sections"]["rules"]["put"]["offline"] == {
        "permitted": False}


def test_strangers_and_nonsense_are_told_so(station):
    for name in ("NOBODY", "SAFE0001", "POSCLOSE"):
        assert station.ask("GET", f"{name}/catalogue").status_code == 404
    wrong = station.ask("GET", "POS00001/catalogue?have=-1")
    assert (wrong.status_code, wrong.json()["where"]) == (422, "have")


def test_a_new_key_signs_when_it_is_told_to(station):
    run, signer, now = station.rig.run, station.stations.signer, datetime.now(UTC)
    station.catalogue()
    added = run(signer.add())
    assert (added.number, added.signs) == (2, False)
    assert station.ask("GET", "POS00001/catalogue").json()["key"] == 1
    run(signer.use(2, now))
    station.chip()
    station.build()
    assert station.ask("GET", "POS00001/catalogue").json()["key"] == 2
    station.catalogue()


def test_the_operators_desk(station):
    rig = station.rig
    card, serial = station.chip()

    async def at_desk():
        async with hsm_session(rig.database_url, rig.settings.hsm) as session:
            keys = await desk.show_keys(session, rig.database_url, "ana", add=True)
            built = await desk.build(rig.database_url, station.prices)
            again = await desk.build(rig.database_url)
            versions = await desk.show(session, rig.database_url)
            said = await desk.show(session, rig.database_url, "POS00001")
            with pytest.raises(NoSuchKey):
                await desk.show_keys(session, rig.database_url, "ana", use=9)
        return keys, built, again, versions, said

    keys, built, again, versions, said = rig.run(at_desk())
    point = rig.sql("SELECT public_key FROM catalogue_key WHERE number = 1")[0]["public_key"]
    assert keys[0] == f"1 {point.hex().upper()} signs"
    assert keys[1].startswith("2 04")
    assert built[0].startswith("version 1, ")
    assert again == ["version 1, nothing has changed"]
    assert versions[0].endswith("all sites")
    assert any(row.startswith(f"cards       {serial}") and str(card.account_id) in row
               for row in said)


def test_a_fleet_of_many_cards(station):
    """A difference costs what has changed, not what there is."""
    card, _ = station.chip()
    sql = station.rig.sql
    sql("INSERT INTO card (card_id, account_id, pan_hmac, pan_masked, expiry, offline_max_minor)"
        " SELECT n, $1, sha256(n::text::bytea), '', '3012', 5000"
        " FROM generate_series(2000000, 2019999) n", card.account_id)
    sql("INSERT INTO issue_line (batch_id, line, state, card_id, card_serial)"
        " SELECT 'B', n, 'active', n, upper(lpad(to_hex(n), 16, '0'))"
        " FROM generate_series(2000000, 2019999) n")
    station.touch(card.account_id)
    have = station.build()
    content = station.catalogue()
    assert len(cards(content)) == 20_001
    _, fresh = station.chip()
    station.build()
    sql("ANALYZE catalogue_entry")
    change = station.catalogue(have=have)
    assert set(cards(change)) == {fresh}
    text = "EXPLAIN (ANALYZE, FORMAT JSON) " + statements.sql("catalogue_difference")
    plan = json.loads(sql(text, change["version"], "S1", "EUR", "POS00001", "", have)[0][0])[0]
    pages = plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"]
    assert pages < 100, "twenty thousand cards have more than four hundred"


def sections_of(content):
    """What a terminal holds after a full catalogue."""
    return {name: dict(section["put"]) for name, section in content["sections"].items()}


def applied(old, change):
    """What a terminal holds that had `old` and takes a difference on it."""
    assert change["base"] == old["version"]
    held = sections_of(old)
    for name, section in change["sections"].items():
        held[name].update(section["put"])
        for key in section["drop"]:
            del held[name][key]
    return held


def ahead(**by):
    """A clock that goes before the real one."""
    return Clock(origin_us=int(timedelta(**by).total_seconds() * 1_000_000))
