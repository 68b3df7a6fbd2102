"""Session keys over the wire: first ones, lost answers, two at once, and the old ones' end."""

import asyncio
from copy import copy

import pytest

import iso
from authhost.key_change import KEY_CHANGES_PER_TERMINAL_PER_DAY
from iso import Message
from terminals.session_keys import BadKeys
from tests.e2e.workshop import Workshop, message_of, sale_of
from tests.support.rig import running
from tests.support.wire import Wire, fields_of, stan


@pytest.fixture(scope="module")
def rig(servers):
    with running(servers, iso=("ifsf:binary2", "iso87:binary2")) as made:
        yield made


@pytest.fixture(scope="module")
def workshop(rig):
    return Workshop(rig)


def ask_93(terminal):
    return message_of("1804", {7: "0723081112", 11: stan(), 12: "260723101112", 24: "811",
                               41: terminal.ljust(8)})


def brought(profile, body):
    one = iso.get(profile)
    raw = one.codec.decode(body).fields[one.security.key_field]
    return raw.decode() if isinstance(raw, bytes) else raw


def sale(workshop, keys, terminal):
    """The action of a sealed sale, and whether its answer was sealed with the same key."""
    fields = fields_of(workshop.rig.card(), 100, terminal=terminal)
    [body] = workshop.bodies("ifsf", workshop.sealed("ifsf", message_of("1200", fields), keys))
    answer = iso.get("ifsf").codec.decode(body)
    return answer.fields[39], workshop.is_sealed("ifsf", body, keys)


@pytest.mark.parametrize("algorithm", ["T", "A"])
def test_a_terminal_gets_its_first_keys_and_uses_them(rig, workshop, algorithm):
    terminal = f"FIRST{algorithm}01"
    keys = workshop.terminal(terminal, mac=True, algorithm=algorithm)
    with workshop.pos(terminal, keys) as pos:
        exchange = rig.run(pos.change_keys())
        assert (exchange.reply.action, keys.generation) == ("800", 1)
        sold = rig.run(pos.sale(sale_of(rig.card(), 100)))
        assert (sold.reply.action, sold.sent) == ("000", 1)
    rows = rig.sql("SELECT name, version, algorithm, used_at, block FROM hsm_key"
                   " WHERE name LIKE $1 AND name NOT LIKE '%tmk' ORDER BY name",
                   f"terminal/{terminal}/%")
    assert [(row["name"][-3:], row["version"], row["algorithm"]) for row in rows] == [
        ("tak", 1, algorithm), ("tpk", 1, algorithm)]
    assert all(row["used_at"] is not None and row["block"].startswith("S") for row in rows)


def test_1987_asks_in_field_70_and_hears_00(workshop):
    keys = workshop.terminal("OLD00001")
    asked = message_of("0800", {7: "0723081112", 11: stan(), 41: "OLD00001", 70: "101"})
    [body] = workshop.bodies("iso87", asked)
    assert iso.get("iso87").codec.decode(body).fields[39] == "00"
    assert keys.load(brought("iso87", body)) == 1


@pytest.mark.parametrize(("profile", "message", "code"), [
    ("ifsf", ask_93, "128"),
    ("iso87", lambda terminal: message_of("0800", {11: stan(), 41: terminal, 70: "101"}), "88")])
def test_without_a_master_key_there_are_none(workshop, profile, message, code):
    terminal = f"NOTMK{profile[-2:]}1"[:8].upper().ljust(8, "0")
    workshop.terminal(terminal, tmk=False)
    [body] = workshop.bodies(profile, message(terminal))
    answer = iso.get(profile).codec.decode(body)
    assert (answer.fields[39], answer.fields[44]) == (code, "no_terminal_key")
    assert iso.get(profile).security.key_field not in answer.fields


def test_a_lost_answer_is_asked_for_again_and_the_old_keys_hold_meanwhile(workshop):
    keys = workshop.terminal("LOST0001", mac=True)
    [first] = workshop.bodies("ifsf", ask_93("LOST0001"))
    keys.load(brought("ifsf", first))
    assert sale(workshop, keys, "LOST0001") == ("000", True)
    [_, second] = workshop.bodies("ifsf", ask_93("LOST0001"), ask_93("LOST0001"))
    assert sale(workshop, keys, "LOST0001") == ("000", True), "the new ones are not used yet"
    assert keys.load(brought("ifsf", second)) == 3
    assert sale(workshop, keys, "LOST0001") == ("000", True)


def test_the_old_generation_ends_when_the_one_after_the_next_is_used(workshop, rig):
    keys = workshop.terminal("AGES0001", mac=True)
    held = []
    for _ in range(3):
        [body] = workshop.bodies("ifsf", ask_93("AGES0001"))
        keys.load(brought("ifsf", body))
        held.append(copy(keys))
        assert sale(workshop, keys, "AGES0001") == ("000", True)
    rows = rig.sql("SELECT DISTINCT version FROM hsm_key WHERE name ~ 'AGES0001/t[ap]k'"
                   " ORDER BY version")
    assert [row["version"] for row in rows] == [2, 3]
    assert sale(workshop, held[1], "AGES0001") == ("000", True), "what was under way is still good"
    assert sale(workshop, held[0], "AGES0001")[0] == "916"


def test_many_at_once_get_a_generation_each(workshop, rig):
    keys = workshop.terminal("MANY0001")
    codec = iso.get("ifsf").codec

    async def run():
        wires = [await Wire.connect(rig.ports["ifsf:0"]) for _ in range(6)]
        answers = await asyncio.gather(*(wire.ask("1804", ask_93("MANY0001").fields)
                                         for wire in wires))
        for wire in wires:
            await wire.close()
        return answers

    texts = sorted(brought("ifsf", codec.encode(answer)) for answer in rig.run(run()))
    assert [keys.load(text) for text in texts] == [1, 2, 3, 4, 5, 6]


def test_two_hosts_at_once(workshop, rig):
    keys = workshop.terminal("HOST0001")
    ports = rig.ports
    first, second = rig.host, rig.start()
    rig.ports = ports

    async def run():
        return await asyncio.gather(*(host.key_change.change("HOST0001")
                                      for host in (first, second) * 3))

    try:
        new = sorted(rig.run(run()), key=lambda one: one.generation)
    finally:
        rig.run(second.stop())
    assert [keys.load(one.text) for one in new] == [1, 2, 3, 4, 5, 6]
    assert "P0" not in repr(new[0])


def test_asking_for_ever_is_busy(workshop):
    workshop.terminal("EVER0001")
    asked = [ask_93("EVER0001") for _ in range(KEY_CHANGES_PER_TERMINAL_PER_DAY + 1)]
    answers = [iso.get("ifsf").codec.decode(body).fields
               for body in workshop.bodies("ifsf", *asked)]
    assert [fields[39] for fields in answers] == ["800"] * (len(asked) - 1) + ["907"]
    assert answers[-1][44] == "too_many_key_changes"


def test_an_answer_of_before_is_not_taken(workshop):
    keys = workshop.terminal("BACK0001")
    [first, second] = workshop.bodies("ifsf", ask_93("BACK0001"), ask_93("BACK0001"))
    keys.load(brought("ifsf", second))
    with pytest.raises(BadKeys, match="not newer"):
        keys.load(brought("ifsf", first))


def test_a_terminal_that_nobody_knows(workshop):
    [body] = workshop.bodies("ifsf", ask_93("STRANGER"))
    assert iso.get("ifsf").codec.decode(body).fields[39] == "128"
    [body] = workshop.bodies("ifsf", Message("1804", {11: stan(), 24: "811"}))
    assert iso.get("ifsf").codec.decode(body).fields[39] == "128"
