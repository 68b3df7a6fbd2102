"""MACs at the door: good, missing, wrong; what a repeat hears; advices that are not proved."""

import pytest

import iso
from hsm_sim.crypto.ciphers import odd_parity
from iso import Message
from iso.security import KeyControl, control_fields
from terminals.pin_pad import Dukpt
from terminals.session_keys import Sealing, is_sealed, sealed
from tests.e2e.workshop import Workshop, message_of, sale_of
from tests.support.portfolio import ACQUIRER
from tests.support.rig import running
from tests.support.web import Web
from tests.support.wire import fields_of, stan

PROFILES = ("ifsf", "ops", "x9tg23", "iso87")
# ANSI X9.24-1:2009, A.4 and X9.24-3:2017, B.5.
BDK = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
AES_BDK = bytes.fromhex("FEDCBA9876543210F1F1F1F1F1F1F1F1")
DEVICES = {
    "T": (bytes.fromhex("6AC292FAA1315B4D858AB3A3D7D5933A"), bytes.fromhex("FFFF9876543210E00000")),
    "A": (bytes.fromhex("1273671EA26AC29AFA4D1084127652A1"),
          bytes.fromhex("123456789012345600000000"))}


@pytest.fixture(scope="module")
def rig(servers):
    doors = tuple(f"{name}:{iso.get(name).framing.name}" for name in PROFILES)
    with running(servers, iso=doors, http=True) as made:
        yield made


@pytest.fixture(scope="module")
def workshop(rig):
    shop = Workshop(rig)
    shop.zak = shop.key(f"acquirer/{ACQUIRER}/zak", "M3", "C", version=5)
    shop.key("bdk/FFFF987654", "B0", "X", value=BDK)
    shop.key("bdk/12345678", "B0", "X", "A", value=AES_BDK)
    return shop


def proved(rig, workshop, terminal, algorithm="T"):
    """A terminal that must prove what it says, with its first keys."""
    keys = workshop.terminal(terminal, mac=True, algorithm=algorithm)
    with workshop.pos(terminal, keys) as pos:
        rig.run(pos.change_keys())
    return keys


def asked(profile, terminal, card, amount=100, *, what="200", **more):
    """A sale, or with `what` another message, in the profile's edition."""
    version = iso.get(profile).version
    fields = fields_of(card, amount, terminal=terminal) | more.pop("fields", {})
    if version == "0":
        fields = {n: v for n, v in fields.items() if n != 24} | {
            7: "0723081112", 12: "101112", 13: "0723"}
    return message_of(f"{version}{what}", fields)


def read(profile, body):
    return iso.get(profile).codec.decode(body)


def events(rig, name):
    return sum(count for (_, event), count in rig.host.metrics.events.items() if event == name)


@pytest.mark.parametrize("profile", PROFILES)
def test_a_good_mac_is_answered_with_one(rig, workshop, profile):
    terminal = f"GOOD{profile[:3].upper()}1"
    keys = proved(rig, workshop, terminal)
    message = asked(profile, terminal, rig.card())
    [body] = workshop.bodies(profile, workshop.sealed(profile, message, keys))
    approved = {"0": "00", "1": "000"}[iso.get(profile).version]
    assert read(profile, body).fields[39] == approved
    assert workshop.is_sealed(profile, body, keys)
    [row] = rig.sql("SELECT answer FROM claim WHERE key LIKE $1", f"%/{terminal}/%")
    assert row["answer"] == body[:-8] + bytes(8), "no MAC is kept"


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("how", ["missing", "wrong", "changed", "unknown_key"])
def test_a_request_without_a_good_mac_is_refused_and_nothing_is_kept(rig, workshop, profile, how):
    terminal = f"R{profile[:3].upper()}{how[:4].upper()}"
    keys = proved(rig, workshop, terminal)
    card = rig.card()
    plain = asked(profile, terminal, card)
    body = workshop.sealed(profile, plain, keys)
    wrong = {"missing": iso.get(profile).codec.encode(plain),
             "wrong": body[:-1] + bytes([body[-1] ^ 1]),
             "changed": body.replace(b"000000000100", b"000000000900"),
             "unknown_key": workshop.sealed(profile, plain, of_generation(keys, 77))}[how]
    event = {"missing": "mac_missing", "unknown_key": "mac_key_unknown"}.get(how, "mac_wrong")
    before = events(rig, event)
    [said] = workshop.bodies(profile, wrong)
    answer = read(profile, said)
    assert (answer.fields[39], answer.fields[44]) == (
        {"0": "97", "1": "916"}[iso.get(profile).version], event)
    known = event == "mac_wrong"
    assert workshop.is_sealed(profile, said, keys) == known
    assert events(rig, event) == before + 1
    assert rig.sql("SELECT 1 FROM claim WHERE key LIKE $1", f"%/{terminal}/%") == []
    assert rig.taken(card.account_id) == (0, 0, 0)
    [good] = workshop.bodies(profile, body)
    assert read(profile, good).fields[39] in {"00", "000"}, "and the true one is as good as ever"


def of_generation(keys, generation):
    """The same keys under another number."""
    class Renamed:
        @staticmethod
        def sealing():
            made = keys.sealing()
            return Sealing(made.scheme, made.algorithm, made.key, generation)
    return Renamed


@pytest.mark.invariant(3)
def test_a_repeat_hears_the_same_under_a_mac_of_its_own(rig, workshop):
    keys = proved(rig, workshop, "REPEAT01")
    message = asked("ifsf", "REPEAT01", rig.card(), fields={42: "STATION".ljust(15)})
    repeat = Message("1201", message.fields)
    first, second, third = workshop.bodies(
        "ifsf", *(workshop.sealed("ifsf", one, keys) for one in (message, repeat, message)))
    assert first == second == third
    assert workshop.is_sealed("ifsf", second, keys)
    [bare] = workshop.bodies("ifsf", repeat)
    assert read("ifsf", bare).fields[39] == "916"
    with workshop.pos("REPEAT01", keys) as pos:
        rig.run(pos.change_keys())
    [anew] = workshop.bodies("ifsf", workshop.sealed("ifsf", repeat, keys))
    assert (anew[:-8], workshop.is_sealed("ifsf", anew, keys)) == (first[:-8], True)
    assert anew[-8:] != first[-8:]


@pytest.mark.parametrize("algorithm", ["T", "A"])
def test_refusals_and_every_kind_of_answer_are_sealed(rig, workshop, algorithm):
    terminal = f"KINDS{algorithm}01"
    keys = proved(rig, workshop, terminal, algorithm)
    card = rig.card()
    messages = [
        asked("ifsf", terminal, card, fields={49: "001"}),  # 904
        asked("ifsf", terminal, rig.card(status="blocked")),
        asked("ifsf", terminal, card, what="220"), asked("ifsf", terminal, card, what="420"),
        message_of("1520", {11: stan(), 12: "260723101112", 32: ACQUIRER, 41: terminal}),
        message_of("1804", {11: stan(), 24: "831", 41: terminal}),
        message_of("1820", {11: stan(), 24: "821", 41: terminal})]
    bodies = workshop.bodies("ifsf", *(workshop.sealed("ifsf", one, keys) for one in messages))
    assert [read("ifsf", body).fields[39] for body in bodies] == [
        "904", "104", "000", "400", "501", "800", "800"]
    assert all(workshop.is_sealed("ifsf", body, keys) for body in bodies)


def test_an_echo_of_such_a_terminal_is_proved_too(rig, workshop):
    proved(rig, workshop, "ECHO0001")
    [body] = workshop.bodies("ifsf", message_of("1804", {11: stan(), 24: "831", 41: "ECHO0001"}))
    assert read("ifsf", body).fields[39] == "916"


@pytest.mark.invariant(10)
@pytest.mark.parametrize(("profile", "rule"), [("ifsf", "916"), ("ops", None), ("x9tg23", "000"),
                                               ("iso87", "97")])
@pytest.mark.parametrize("what", ["220", "420"])
def test_an_unproved_advice_is_set_aside_and_answered_by_the_rule(rig, workshop, profile, rule,
                                                                 what):
    terminal = f"ADV{profile[:3].upper()}{what[0]}{what[1]}"[:8]
    keys = proved(rig, workshop, terminal)
    card = rig.card()
    secret = {35: f"{card.pan}={card.expiry}20110000678", 52: b"PINBLOCK"}
    message = asked(profile, terminal, card, 7_700, what=what, fields=secret)
    good = workshop.sealed(profile, message, keys)
    wrong = good[:-1] + bytes([good[-1] ^ 1])
    said = workshop.bodies(profile, wrong, wrong)
    assert [read(profile, body).fields[39] if body else None for body in said] == [rule, rule]
    if rule:
        assert workshop.is_sealed(profile, said[0], keys)
    [row] = rig.sql("SELECT key, why, content::text AS content FROM parked WHERE key LIKE $1",
                    f"%/{terminal}/%")
    assert (row["why"], '"amount_minor":' in row["content"]) == ("mac", True)
    assert not [one for one in (card.pan, "20110000678", "PINBLOCK") if one in row["content"]]
    assert card.ref.pan_masked in row["content"]
    assert rig.sql("SELECT 1 FROM journal WHERE key = $1", row["key"]) == []
    [proved_now] = workshop.bodies(profile, good)
    assert read(profile, proved_now).fields[39] in {"000", "400", "00"}
    assert len(rig.journal(row["key"])) == 1


def test_a_flood_of_unproved_advices_is_bounded(rig, workshop, monkeypatch):
    keys = proved(rig, workshop, "FLOOD001")
    monkeypatch.setattr(rig.host.seals._parked, "_most", 3)
    card = rig.card()
    messages = [asked("ifsf", "FLOOD001", card, what="220") for _ in range(5)]
    said = workshop.bodies("ifsf", *messages)
    assert [body is not None for body in said] == [True, True, True, False, False]
    assert len(rig.sql("SELECT 1 FROM parked WHERE key LIKE '%/FLOOD001/%'")) == 3
    [body] = workshop.bodies("ifsf", workshop.sealed("ifsf", messages[4], keys))
    assert read("ifsf", body).fields[39] == "000"


def test_where_no_mac_is_wanted_one_may_come(rig, workshop):
    keys = workshop.terminal("FREE0001")
    with workshop.pos("FREE0001", keys) as pos:
        assert rig.run(pos.sale(sale_of(rig.card(), 100))).reply.action == "000"
        rig.run(pos.change_keys())
        assert rig.run(pos.sale(sale_of(rig.card(), 100))).reply.action == "000"
    message = asked("ifsf", "FREE0001", rig.card())
    good = workshop.sealed("ifsf", message, keys)
    [sealed_one, wrong, unknown] = workshop.bodies(
        "ifsf", good, good[:-1] + bytes([good[-1] ^ 1]),
        workshop.sealed("ifsf", asked("ifsf", "FREE0001", rig.card()), of_generation(keys, 99)))
    assert workshop.is_sealed("ifsf", sealed_one, keys)
    assert read("ifsf", wrong).fields[39] == "916", "a wrong one is a wrong one"
    assert read("ifsf", unknown).fields[39] == "000"
    assert not workshop.is_sealed("ifsf", unknown, keys)


def test_the_acquirers_own_key(rig, workshop):
    workshop.terminal("ZONE0001", mac=True)
    one = iso.get("ifsf")
    sealing = Sealing("zone", "T", workshop.zak, 5)
    message = asked("ifsf", "ZONE0001", rig.card())
    [body] = workshop.bodies("ifsf", one.codec.encode(
        sealed(one.security, one.codec, message, sealing)))
    assert read("ifsf", body).fields[39] == "000"
    assert is_sealed(one.codec, body, sealing)
    other = asked("ifsf", "ZONE0001", rig.card())
    forged = sealed(one.security, one.codec, other,
                    Sealing("zone", "T", odd_parity(bytes(range(16))), 5))
    [body] = workshop.bodies("ifsf", forged)
    assert read("ifsf", body).fields[39] == "916"


@pytest.mark.parametrize("algorithm", ["T", "A"])
def test_a_key_for_each_message(rig, workshop, algorithm):
    terminal = f"DUKPT{algorithm}01"
    workshop.terminal(terminal, mac=True)
    with workshop.pos(terminal, sealing=Dukpt(*DEVICES[algorithm])) as pos:
        for _ in range(3):
            assert rig.run(pos.sale(sale_of(rig.card(), 100))).reply.action == "000"
    one = iso.get("ifsf")
    message = asked("ifsf", terminal, rig.card(), fields=control_fields(
        one.security, KeyControl("01", "", "dukpt", ksn=b"\xff" * len(DEVICES[algorithm][1]))))
    [body] = workshop.bodies("ifsf", message_of("1200", message.fields | {64: b"no key.."}))
    assert read("ifsf", body).fields[44] == "mac_key_unknown"


def test_a_device_does_not_speak_for_a_terminal_with_keys_of_its_own(rig, workshop):
    """Every device of a base key makes good MACs: they prove no terminal that can do better."""
    ours = workshop.terminal("OWNKEYS2", mac=True)
    with workshop.pos("OWNKEYS2", ours) as pos:
        rig.run(pos.change_keys())
        assert rig.run(pos.sale(sale_of(rig.card(), 100))).reply.action == "000"
    one = iso.get("ifsf")
    device = Dukpt(*DEVICES["T"])
    message = asked("ifsf", "OWNKEYS2", rig.card())
    [body] = workshop.bodies("ifsf", one.codec.encode(
        sealed(one.security, one.codec, message, device.sealing(device.next()))))
    answer = read("ifsf", body)
    assert (answer.fields[39], answer.fields[44]) == ("916", "mac_key_unknown")


def test_a_mac_in_the_wrong_place_is_a_format_error(rig, workshop):
    keys = proved(rig, workshop, "PLACE001")
    message = read("ifsf", workshop.sealed("ifsf", asked("ifsf", "PLACE001", rig.card()), keys))
    [body] = workshop.bodies("ifsf", message_of("1200", message.fields | {102: "1"}))
    assert (read("ifsf", body).fields[39], read("ifsf", body).fields[44][:8]) == ("904", "field 64")
    [body] = workshop.bodies("ifsf", message_of("1200", message.fields | {53: b"\xff"}))
    assert read("ifsf", body).fields[44][:8] == "field 53"


def test_the_json_door_takes_nothing_from_such_a_terminal(rig, workshop):
    workshop.terminal("JSON0001", mac=True)
    status = Web(rig).post("/v1/sales", {
        "terminal_id": "JSON0001", "sequence": "1", "local_time": "2026-07-23T10:11",
        "card": {"pan": rig.card().pan, "expiry": "3012"}, "amount_minor": 100,
        "currency": "EUR"}).status_code
    assert status == 403


@pytest.mark.invariant(13)
def test_without_an_hsm_a_request_is_busy_and_an_advice_hears_nothing(servers):
    with running(servers, iso=("ifsf:binary2",), http=True) as rig:
        shop = Workshop(rig)
        keys = proved(rig, shop, "AWAY0001")
        shop.terminal("AWAY0002")
        known, new = rig.card(), rig.card().pan[:-2] + "99"
        prompt = asked("ifsf", "AWAY0002", known)
        [first] = shop.bodies("ifsf", prompt)
        stranger = message_of("1200", prompt.fields | {2: new, 11: stan()})
        rig.run(rig.host.hsm_pool.close())
        said = shop.bodies(
            "ifsf", prompt, stranger, message_of("1220", stranger.fields),
            shop.sealed("ifsf", asked("ifsf", "AWAY0001", known), keys),
            shop.sealed("ifsf", asked("ifsf", "AWAY0001", known, what="220"), keys),
            message_of("1804", {11: stan(), 24: "811", 41: "AWAY0001"}))
        assert said[0] == first, "a number that came before needs no HSM"
        assert [read("ifsf", body).fields[39] if body else None for body in said] == [
            "000", "907", None, "907", None, "907"]
        assert rig.sql("SELECT 1 FROM parked") == []
        body = {"terminal_id": "AWAY0002", "sequence": "1", "local_time": "2026-07-23T10:11",
                "card": {"pan": new, "expiry": "3012"}, "amount_minor": 100, "currency": "EUR"}
        door = Web(rig)
        assert door.post("/v1/sales", body).status_code == 503
        assert door.post("/v1/offline-sales", body).status_code == 504


def test_what_one_terminal_seals_no_other_can(rig, workshop):
    keys = proved(rig, workshop, "MINE0001")
    proved(rig, workshop, "YOURS001")
    message = asked("ifsf", "YOURS001", rig.card())
    [body] = workshop.bodies("ifsf", workshop.sealed("ifsf", message, keys))
    assert read("ifsf", body).fields[39] == "916"


def test_a_generation_that_is_not_named_is_the_newest_or_its_neighbour(rig, workshop):
    keys = proved(rig, workshop, "NAMELESS")
    before = of_generation(keys, 0)
    with workshop.pos("NAMELESS", keys) as pos:
        old = Sealing("terminal", "T", keys.sealing().key)
        rig.run(pos.change_keys())
    one = iso.get("ifsf")
    for sealing in (old, before.sealing(), old):
        message = asked("ifsf", "NAMELESS", rig.card())
        [body] = workshop.bodies("ifsf", one.codec.encode(
            sealed(one.security, one.codec, message, sealing)))
        assert read("ifsf", body).fields[39] == "000"
        assert is_sealed(one.codec, body, sealing)


@pytest.mark.invariant(3)
def test_a_repeat_may_be_sealed_though_the_first_was_not(rig, workshop):
    keys = workshop.terminal("MIXED001")
    with workshop.pos("MIXED001", keys) as pos:
        rig.run(pos.change_keys())
    bare_first = asked("ifsf", "MIXED001", rig.card())
    bare, now_sealed = workshop.bodies("ifsf", bare_first,
                                       workshop.sealed("ifsf", bare_first, keys))
    assert workshop.is_sealed("ifsf", now_sealed, keys)
    assert read("ifsf", now_sealed).fields.items() - read("ifsf", bare).fields.items() == {
        (64, now_sealed[-8:])}
    sealed_first = asked("ifsf", "MIXED001", rig.card())
    first, later = workshop.bodies("ifsf", workshop.sealed("ifsf", sealed_first, keys),
                                   sealed_first)
    assert later == first[:-8] + bytes(8)
