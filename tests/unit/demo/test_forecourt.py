"""What a story expects is compared, and a repeat's answer without the transport's MAC."""

from __future__ import annotations

from pathlib import Path

import pytest

from demo.forecourt import Forecourt, content
from demo.print_shop import PrintShop
from demo.tally import Tally
from hsm_sim.commands.mailers import form
from hsm_sim.printer import Printer
from iso import Message
from terminals.pos import Exchange, Reply

MAC = bytes(range(8))


def _reply(action: str = "117", reason: str = "pin_wrong", mac: bool = False) -> Reply:
    fields: dict[int, str | bytes] = {39: action} | ({64: MAC} if mac else {})
    return Reply(mti="1210", action=action, reason=reason, raw=b"answer" + (MAC if mac else b""),
                 message=Message("1210", fields))


def _exchange(reply: Reply | None) -> Exchange:
    return Exchange(kind="sale", request=Message("1200", {}), reply=reply, sent=1, latency_s=0.0)


async def _never(_: float) -> None:
    raise AssertionError("nobody waits here")


@pytest.mark.parametrize(("reply", "good"), [
    (_reply(), True), (_reply("000", ""), False), (_reply(reason="cvv"), False), (None, False)])
def test_what_is_answered_otherwise_is_a_surprise(reply: Reply | None, good: bool) -> None:
    tally = Tally()
    forecourt = Forecourt([], {}, {}, tally, _never)
    assert forecourt.expect("story", _exchange(reply), "117", "pin_wrong") is good
    assert bool(tally.surprises) is not good
    assert all(text.startswith("story: ") for text in tally.surprises)


def test_a_mac_is_the_transports() -> None:
    assert content(_reply(mac=True)) == content(_reply()) == b"answer"


def test_a_cardholder_reads_the_mailer_that_the_hsm_prints(tmp_path: Path) -> None:
    shop = PrintShop(tmp_path / "shop")
    text = form("Ana", ("Road 1",), "0005", "047110")
    Printer(shop.certificate, shop.spool)("B-1", text.encode())
    assert shop.pin("B-1") == "047110"
    assert not any(b"0 4 7" in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
