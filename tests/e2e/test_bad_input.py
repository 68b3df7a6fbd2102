"""Whatever a peer sends, over real sockets: it is counted, nobody else notices (invariant 14)."""

import asyncio
import random

import pytest

import iso
from authhost import limits
from authhost.doors import iso_tcp
from authhost.doors.load import Load
from tests.support import web
from tests.support.rig import running
from tests.support.web import Web
from tests.support.wire import Wire, fields_of

pytestmark = [pytest.mark.invariant(14)]


@pytest.fixture(scope="module")
def rig(servers):
    with running(servers, iso=("ifsf:binary2", "iso87:ascii4_tpdu"), http=True) as made:
        yield made


@pytest.fixture
def card(rig):
    return rig.card()


@pytest.fixture
def good(rig, card):
    """A client beside, who must get an answer before and after."""
    port = rig.ports["ifsf:0"]

    async def sale():
        wire = await Wire.connect(port)
        answer = await wire.ask("1200", fields_of(card, 1))
        await wire.close()
        return answer.fields[39]

    assert rig.run(sale()) == "000"
    yield
    assert rig.run(sale()) == "000"
    assert not [event for event in rig.host.metrics.events if event[1] == "bug"]


def counted(rig, event, door="ifsf:0"):
    return rig.host.metrics.events.get((door, event), 0)


def exchange(rig, *parts, answers=1, door="ifsf:0", pause_s=0.0):
    """Send the parts, read that many answers; None where the door closed."""
    async def run():
        profile = door.partition(":")[0]
        wire = await Wire.connect(rig.ports[door], profile,
                                  "binary2" if profile == "ifsf" else "ascii4_tpdu")
        for part in parts:
            await wire.send(part)
            await asyncio.sleep(pause_s)
        bodies = [await wire.body() for _ in range(answers)]
        await wire.close()
        return bodies
    return rig.run(run())


def frame(body):
    return len(body).to_bytes(2, "big") + body


def message(card, **more):
    return iso.get("ifsf").codec.encode(iso.Message(
        "1200", dict(sorted((fields_of(card, 1) | more).items()))))


@pytest.mark.parametrize(("bad", "field"), [
    (lambda body: body[:30], "field"),  # truncated
    (lambda body: body + b"0", "field"),  # something after the end
    (lambda body: body[:4] + b"\xff" * 8 + body[12:], "field"),  # another bitmap
    (lambda body: body[:12] + b"99" + body[14:], "field 2"),  # a length beyond the field's
    (lambda body: body[:12] + b"xx" + body[14:], "field 2"),  # a length of no digits
    (lambda body: body.replace(b"000000000001", b"00000000000x", 1), "field 4"),
])
def test_what_cannot_be_decoded_is_answered_with_the_field(rig, card, good, bad, field):
    before = counted(rig, "undecodable")
    [body] = exchange(rig, frame(bad(message(card))))
    answer = iso.get("ifsf").codec.decode(body)
    assert (answer.mti, answer.fields[39]) == ("1210", "904")
    assert field in answer.fields[44]
    assert counted(rig, "undecodable") == before + 1


@pytest.mark.parametrize(("change", "field"), [
    ({4: None}, "field 4"), ({11: None}, "field 11"), ({12: "261399101112"}, "field 12"),
    ({41: " " * 8}, "field 41"), ({49: "999"}, "field 49"), ({2: None}, "field 2"),
    ({63: "nonsense"}, "field 63"), ({48: "\x00" * 7}, "field 48"),
    ({2: None, 35: "no track"}, "field 35"),
])
def test_a_field_that_is_missing_or_wrong_is_named(rig, card, good, change, field):
    fields = {number: value for number, value in (fields_of(card, 1) | change).items()
              if value is not None}
    wire = iso.get("ifsf").codec.encode(iso.Message("1200", dict(sorted(fields.items()))))
    [body] = exchange(rig, frame(wire))
    answer = iso.get("ifsf").codec.decode(body)
    assert answer.fields[39] == "904"
    assert answer.fields[44].startswith(field)


@pytest.mark.parametrize("mti", ["1210", "1290", "0200", "1304", "1900", "9999"])
def test_a_message_of_another_kind_disturbs_nobody(rig, card, good, mti):
    body = mti.encode() + message(card)[4:]
    [answer] = exchange(rig, frame(body))
    assert answer is None or iso.get("ifsf").codec.decode(answer).fields[39] == "904"
    assert (answer is None) == (mti[2] not in "0248")


@pytest.mark.parametrize("garbage", [b"\x00\x00", b"\xff\xff" + b"x" * 100,
                                     b"GET / HTTP/1.1\r\n\r\n"])
def test_a_length_that_cannot_be_believed_closes_the_connection(rig, good, garbage):
    before = counted(rig, "bad_frame")
    assert exchange(rig, garbage) == [None]
    assert counted(rig, "bad_frame") == before + 1


def test_what_came_before_a_bad_frame_is_answered(rig, card, good):
    first, second, closed = exchange(rig, frame(message(card)) * 2 + b"\x00\x00", answers=3)
    assert (first[:4], second[:4], closed) == (b"1210", b"1210", None)


def test_random_bytes_behind_a_length(rig, card, good):
    source = random.Random(7)
    for _ in range(60):
        body = source.randbytes(source.randint(1, 300))
        exchange(rig, frame(body), answers=0)
    sane = message(card)
    for _ in range(60):
        at = source.randrange(len(sane))
        exchange(rig, frame(sane[:at] + source.randbytes(1) + sane[at + 1:]), answers=0)


def test_byte_by_byte_is_the_same_as_all_at_once(rig, card, good):
    data = frame(message(card))
    assert exchange(rig, data) == exchange(rig, *(bytes([one]) for one in data))


def test_a_half_frame_is_swept_and_a_half_open_peer_forgotten(rig, card, good, monkeypatch):
    monkeypatch.setattr(limits, "HALF_FRAME_TIMEOUT_S", 0.2)
    before = counted(rig, "half_frame")
    assert exchange(rig, frame(message(card))[:-3]) == [None]
    assert counted(rig, "half_frame") == before + 1

    async def half_open():
        wire = await Wire.connect(rig.ports["ifsf:0"])
        await wire.send(wire.frame("1200", fields_of(card, 1))[:9])
        wire.writer.write_eof()
        assert await wire.body() is None
        await wire.close()

    rig.run(half_open())


@pytest.mark.invariant(16)
def test_many_connections_are_served_and_one_too_many_is_closed(rig, card, good, monkeypatch):
    async def open_many(number):
        wires = [await Wire.connect(rig.ports["ifsf:0"]) for _ in range(number)]
        for wire in wires:
            await wire.send(wire.frame("1200", fields_of(card, 1)))
        answers = [await wire.body() for wire in wires]
        for wire in wires:
            await wire.close()
        return answers

    assert all(rig.run(open_many(150)))
    rig.run(asyncio.sleep(0.1))
    monkeypatch.setattr(iso_tcp.limits, "CONNECTIONS_PER_DOOR", 3)
    answers = rig.run(open_many(5))
    assert answers.count(None) == 2


@pytest.mark.invariant(16)
def test_beyond_the_load_cap_both_doors_say_busy_at_once(rig, card, good, monkeypatch):
    full = Load(most=0)
    for door in rig.host.iso_doors:
        monkeypatch.setattr(door, "load", full)
    monkeypatch.setattr(rig.host.http_door, "_load", full)
    [body] = exchange(rig, frame(message(card)))
    assert iso.get("ifsf").codec.decode(body).fields[39] == "907"
    answer = Web(rig).post("/v1/sales", web.sale(card, 1))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    monkeypatch.undo()


def test_the_1987_door_with_a_tpdu_names_the_field_too(rig, good):
    header = b"\x60\x00\x01\x00\x02"
    body = b"0200" + b"7220000000C00000" + b"x"
    data = str(len(header) + len(body)).zfill(4).encode() + header + body
    [answer] = exchange(rig, data, door="iso87:0")
    said = iso.get("iso87").codec.decode(answer)
    assert (said.mti, said.fields[39]) == ("0210", "30")
