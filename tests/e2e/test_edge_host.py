"""An edge before the real host: sold off line, killed, forwarded; each sale once in the journal."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from chip.records import Identity
from tests.support.cards import CONTENTS
from tests.support.edge import StationHost
from tests.support.edge_yard import Yard
from tests.support.portfolio import ACQUIRER
from tests.support.rig import running


@pytest.fixture(scope="module")
def rig(servers):
    with running(servers, iso=("ifsf:binary2",)) as made:
        made.sql("INSERT INTO terminal (terminal_id, kind, acquirer_id, merchant_id, site_id)"
                 " VALUES ('T0101', 'pos', $1, 'STATION', 'S1')", ACQUIRER)
        made.sql("UPDATE rules SET version = version + 1")
        yield made


def journal(rig, kind):
    """(sequence, amount) of what was booked, in the order of the journal."""
    return [(row["key"].rpartition("/")[2], row["amount_minor"]) for row in rig.sql(
        "SELECT key, amount_minor FROM journal WHERE terminal_id = 'T0101' AND kind = $1"
        " AND leg = 0 ORDER BY id", kind)]


@pytest.mark.invariant(3)
def test_each_sale_off_line_is_in_the_journal_once(rig, tmp_path):
    card = rig.card(expiry="2912")
    contents = msgspec.structs.replace(CONTENTS, identity=Identity(
        pan=card.pan, expiry=CONTENTS.identity.expiry, psn="01", service_code="520"))

    async def story():
        async with StationHost() as recorder:  # the catalogue comes from it, the money goes on
            yard = Yard(tmp_path, recorder, port=rig.ports["ifsf:0"], merchant="STATION",
                        contents=contents)
            numbers = await yard.sold_offline()
            await yard.killed("forward", "before-forwarded")
            await yard.killed("forward", "before-forwarded")
            await yard.settle()
            return numbers, yard.states()

    numbers, states = rig.run(story())
    assert journal(rig, "offline_sale") == list(zip(numbers, (1_000, 2_000, 3_000), strict=True))
    assert [state for kind, _, state in states if kind == "offline_sale"] == ["forwarded"] * 3
    assert rig.taken(card.account_id)[0] == 6_000
    assert Decimal(rig.taken(card.account_id)[1]) / 1000 == 3 * Decimal("27.58")
    assert rig.sql("SELECT count(*) FROM parked")[0][0] == 0
