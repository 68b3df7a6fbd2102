"""The PIN on its way from pad to HSM: session, zone and DUKPT keys, TDES and AES; and track 2."""

import asyncio
import itertools
import os

import pytest

from terminals.by_hand import pos_main
from terminals.pin_pad import Dukpt, PinPad, ZoneKey
from terminals.purchase import Card as HeldCard
from tests.e2e.test_seals import AES_BDK, BDK, DEVICES
from tests.e2e.workshop import PIN, Workshop, sale_of
from tests.support.portfolio import ACQUIRER
from tests.support.rig import running


@pytest.fixture(scope="module")
def rig(servers):
    with running(servers, iso=("ifsf:binary2",)) as made:
        yield made


@pytest.fixture(scope="module")
def workshop(rig):
    shop = Workshop(rig)
    shop.zpk = shop.key(f"acquirer/{ACQUIRER}/zpk", "P0", "B", version=3)
    shop.key("bdk/FFFF987654", "B0", "X", value=BDK)
    shop.key("bdk/12345678", "B0", "X", "A", value=AES_BDK)
    return shop


@pytest.fixture(scope="module")
def session(rig, workshop):
    """Terminals with session keys, by algorithm."""
    made = {}
    for algorithm in "TA":
        terminal = f"SESSION{algorithm}"
        made[algorithm] = workshop.terminal(terminal, mac=True, algorithm=algorithm)
        with workshop.pos(terminal, made[algorithm]) as pos:
            rig.run(pos.change_keys())
    return made


@pytest.fixture(scope="module")
def devices(rig, workshop, session):
    """(terminal, PIN pad, keys that seal) by name."""
    workshop.terminal("PLAIN001")
    return {
        "session": ("SESSIONT", PinPad(session["T"]), session["T"]),
        "session AES": ("SESSIONA", PinPad(session["A"]), session["A"]),
        "zone": ("PLAIN001", PinPad(ZoneKey(workshop.zpk, generation=3)), None),
        "dukpt": ("PLAIN001", PinPad(Dukpt(*DEVICES["T"])), None),
        "dukpt AES": ("PLAIN001", PinPad(Dukpt(*DEVICES["A"])), None),
    }


DEVICE_NAMES = ["session", "session AES", "zone", "dukpt", "dukpt AES"]


def sell(rig, workshop, device, card, pin, pin_format="", held=None):
    """The answer's action and reason."""
    terminal, pad, keys = device
    with workshop.pos(terminal, keys) as pos:
        block = pad.encipher(pin, card.pan, pin_format) if pin else None
        reply = rig.run(pos.sale(sale_of(card, 100, held), pin=block)).reply
    return reply.action, reply.reason


@pytest.mark.parametrize("name", DEVICE_NAMES)
def test_the_right_pin_and_the_wrong_one(rig, workshop, devices, name):
    card = workshop.card()
    assert sell(rig, workshop, devices[name], card, PIN) == ("000", "")
    assert sell(rig, workshop, devices[name], card, "9999") == ("117", "pin_wrong")
    assert sell(rig, workshop, devices[name], card, PIN) == ("000", "")
    assert rig.taken(card.account_id)[0] == 200


@pytest.mark.parametrize("pin_format", ["01", "47", "05"])
def test_formats_of_eight_bytes(rig, workshop, devices, pin_format):
    card = workshop.card()
    assert sell(rig, workshop, devices["session"], card, PIN, pin_format) == ("000", "")
    assert sell(rig, workshop, devices["session"], card, "1" * 12, pin_format)[0] == "117"


def test_three_wrong_ones_are_enough(rig, workshop, devices):
    card = workshop.card()
    said = [sell(rig, workshop, devices["dukpt"], card, "0000")[0] for _ in range(3)]
    assert said == ["117", "117", "106"]
    assert sell(rig, workshop, devices["dukpt"], card, PIN) == ("106", "pin_tries")


@pytest.mark.parametrize("name", DEVICE_NAMES)
def test_another_cards_pin_block(rig, workshop, devices, name):
    card = workshop.card()
    other = card.pan[:-4] + "7" + card.pan[-3:]
    assert other != card.pan
    terminal, pad, keys = devices[name]
    with workshop.pos(terminal, keys) as pos:
        block = pad.encipher(PIN, other)
        reply = rig.run(pos.sale(sale_of(card, 100), pin=block)).reply
    assert reply.action in {"117", "126"}


@pytest.mark.parametrize(("pad", "reason"), [
    (lambda: PinPad(ZoneKey(os.urandom(16), generation=8)), "key_out_of_step"),
    (lambda: PinPad(Dukpt(bytes(16), b"\xee" * 7 + bytes(3))), "key_out_of_step"),
    (lambda: PinPad(ZoneKey(bytes(range(16)), generation=3)), "pin_block")])
def test_a_key_that_the_host_does_not_have(rig, workshop, devices, pad, reason):
    card = workshop.card()
    action, said = sell(rig, workshop, ("PLAIN001", pad(), None), card, PIN)
    assert (action, said) == ({"key_out_of_step": "128", "pin_block": "126"}[reason], reason)


def test_a_pin_counts_for_the_generation_that_it_is_under(rig, workshop):
    keys = workshop.terminal("TWOAGES1")
    card = workshop.card()
    with workshop.pos("TWOAGES1", keys) as pos:
        rig.run(pos.change_keys())
        before = PinPad(keys).encipher(PIN, card.pan)
        rig.run(pos.change_keys())
        now = PinPad(keys).encipher(PIN, card.pan)
        assert (before.generation, now.generation) == (1, 2)
        for block in (before, now):
            assert rig.run(pos.sale(sale_of(card, 100), pin=block)).reply.action == "000"


def test_a_stripe_with_its_verification_value(rig, workshop, devices):
    card = workshop.card()
    device = devices["session"]
    held = workshop.track(card)
    assert sell(rig, workshop, device, card, PIN, held=held) == ("000", "")
    last = str((int(held.track_2[-1]) + 1) % 10)
    copied = HeldCard.of_track(held.track_2[:-1] + last)
    assert sell(rig, workshop, device, card, PIN, held=copied) == ("129", "cvv")
    short = HeldCard.of_track(held.track_2[:-1])
    assert sell(rig, workshop, device, card, PIN, held=short) == ("129", "cvv")


@pytest.mark.invariant(15)
def test_no_pin_block_and_no_track_is_kept(rig, workshop, devices):
    card = workshop.card()
    held = workshop.track(card)
    terminal, pad, keys = devices["session"]
    block = pad.encipher(PIN, card.pan)
    with workshop.pos(terminal, keys) as pos:
        rig.run(pos.sale(sale_of(card, 100, held), pin=block))
        assert block.block not in b"".join(entry.raw for entry in pos.record.entries)
    rows = [dict(row) for table in ("journal", "claim", "parked", "hsm_key")
            for row in rig.sql(f"SELECT * FROM {table}")]
    text = repr(rows)
    for secret in (block.block.hex(), repr(block.block)[2:-1], held.track_2, held.track_2[20:],
                   card.pan):
        assert secret not in text


def test_by_hand(rig, workshop, capsys):
    workshop.terminal("HAND0001", mac=True)
    card = workshop.card()
    port, tmk = str(rig.ports["ifsf:0"]), workshop.tmks["HAND0001"].hex()
    stans = itertools.count(1, 10)

    def hand(*arguments):
        return rig.run(asyncio.to_thread(pos_main, [
            "--port", port, "--terminal", "HAND0001", "--tmk", tmk, "--stan", str(next(stans)),
            *arguments]))

    track = workshop.track(card).track_2
    assert hand("--pin", PIN, "--track", track, "sale", "1.00") == 0
    said = capsys.readouterr().out
    assert " 39 Action code: 000" in said
    assert "64 Message authentication code" in said
    assert hand("--pin", "0000", "--track", track, "sale", "1.00") == 1
    assert "pin_wrong" in capsys.readouterr().out
    assert hand("change-keys") == 0
    assert tmk not in capsys.readouterr().out
