"""The messages that another implementation wrote, through a running `ops` door."""

from pathlib import Path

import pytest

import iso
from authhost.translate.incoming import card_ref
from iso import Message
from tests.support.rig import running
from tests.support.wire import Wire

SAMPLES = Path(__file__).parents[1] / "data" / "samples"
LENGTH_DIGITS = 4
PAN = "7801310000009999490"


@pytest.fixture(scope="module")
def rig(servers):
    with running(servers, iso=("ops:ascii4",)) as made:
        made.sql("INSERT INTO terminal VALUES ('24001', 'pos', '280131', 'STATION', 'S1')")
        yield made


def sample():
    """The request, with its length before it."""
    return bytes.fromhex((SAMPLES / "ifsf-1200-request.hex").read_text())


def exchange(rig, *frames):
    async def run():
        wire = await Wire.connect(rig.ports["ops:0"], "ops", "ascii4")
        bodies = []
        for one in frames:
            await wire.send(one)
            bodies.append(await wire.body())
        await wire.close()
        return bodies
    return rig.run(run())


def test_a_sample_of_an_unknown_card_gets_a_well_formed_decline(rig):
    [body] = exchange(rig, sample())
    answer = iso.get("ops").codec.decode(body)
    request = iso.get("ops").codec.decode(sample()[LENGTH_DIGITS:])
    assert answer.mti == "1210"
    assert (answer.fields[39], answer.fields[44], answer.fields[4]) == (
        "111", "card_unknown", "0" * 12)
    echoed = (3, 7, 11, 12, 32, 41, 49)
    assert {n: answer.fields[n] for n in echoed} == {n: request.fields[n] for n in echoed}
    assert set(answer.fields) == {*echoed, 4, 37, 39, 44, 48}
    # Field 48 of the answer is the request's batch number and nothing else, as in their sample.
    assert iso.get("ops").control(answer.fields[48]) == {4: "0000123456"}


@pytest.mark.invariant(3)
def test_a_sample_of_a_known_card_is_approved_and_its_repeat_is_the_same(rig):
    card = rig.card(currency="RUB", expiry="3012")
    ref = card_ref(rig.pan_hmac(PAN), PAN, "")
    rig.sql("UPDATE card SET pan_hmac = $1, pan_masked = $2 WHERE card_id = $3", ref.pan_hmac,
            ref.pan_masked, card.card_id)
    # Its number was typed in, field 22 says: this fleet takes that without a second factor.
    rig.sql("UPDATE account SET key_entry = 'open' WHERE account_id = $1", card.account_id)
    codec = iso.get("ops").codec
    request = codec.decode(sample()[LENGTH_DIGITS:])
    body = codec.encode(Message("1200", request.fields | {11: "000023"}))
    again = codec.encode(Message("1201", request.fields | {11: "000023"}))
    first, second, third = exchange(rig, *(str(len(one)).zfill(4).encode() + one
                                           for one in (body, body, again)))
    answer = codec.decode(first)
    assert (answer.fields[39], answer.fields[4]) == ("000", "000000041357")
    assert len(answer.fields[38]) == 6
    assert first == second == third
    assert rig.taken(card.account_id) == (41_357, 20_125, 1)
    [row] = rig.sql("SELECT * FROM journal WHERE account_id = $1", card.account_id)
    assert PAN not in str(dict(row))


def test_an_echo_gets_what_their_sample_shows(rig):
    theirs = iso.get("ops").codec.decode(bytes.fromhex(
        (SAMPLES / "ifsf-1810-response.hex").read_text()))
    fields = {number: theirs.fields[number] for number in (7, 11, 32)} | {
        12: "250609194505", 24: "831"}
    body = iso.get("ops").codec.encode(Message("1800", dict(sorted(fields.items()))))
    [raw] = exchange(rig, str(len(body)).zfill(4).encode() + body)
    answer = iso.get("ops").codec.decode(raw)
    assert (answer.mti, answer.fields[39]) == ("1810", "800")
    assert all(answer.fields[number] == theirs.fields[number] for number in (7, 11, 32))
