"""The terminal's screen over a pipe, the till's door over HTTP, the settings' file."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path
from typing import Any

import httpx
import pytest

from chip.reader import InProcessReader
from terminals.by_hand import pos_main
from terminals.card_reader import CardReader
from terminals.database import Database, StoreError
from terminals.edge.config import load
from terminals.edge.edge import Edge
from terminals.edge.screen import Screen
from terminals.edge.till import Till
from terminals.line import Line
from terminals.settings import ConfigError
from tests.support.cards import PIN, Issuer
from tests.support.edge import FAST, PAN, Clock, StationHost, settings

ITEM = {"product": "001", "quantity": "27.58", "unit_price": "1.499", "amount_minor": 4_134}


def typed(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    """What the person types."""
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(lines) + "\n"))


def test_a_day_at_the_screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                             capsys: pytest.CaptureFixture[str]) -> None:
    typed(monkeypatch,
          "sale", PAN, "2912", "", "001", "27.58", "1,499", "410", "2 U", "1.80", "", "120500",
          "driver_number=7", "", "",
          "hold", PAN, "2912", "", "100", "", "", "", "complete", "", "001", "10", "1.5", "",
          "reverse", "", "1.00", "receipt", "", "queue", "nonsense",
          "sale", "", "shift", "quit")

    async def run() -> list[str]:
        async with StationHost() as host:
            assert await asyncio.to_thread(pos_main, [
                "--terminal", "T0101", "--merchant", "STATION01", "--port", str(host.port),
                "--data-dir", str(tmp_path / "edge"), "screen"]) == 0
            return host.kinds()

    assert asyncio.run(run()) == ["1200", "1100", "1220", "1420", "1520"]
    said = capsys.readouterr().out
    for part in ("APPROVED", "41.34", "3.60", "44.94", "Odometer", "120500", "Driver number",
                 "PRE-AUTHORIZATION", "15.00", "REVERSAL", "*** COPY ***", "0 messages",
                 "there is no nonsense", "left", "is closed", "-1: balanced"):
        assert part in said, part
    assert PAN not in said


def test_a_chip_card_at_the_screen_while_the_line_is_out(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str]) -> None:
    typed(monkeypatch, "sale", "chip", "0000", PIN, "001", "10", "1.499", "", "120500", "", "",
          "state", "quit")

    async def run() -> None:
        async with StationHost() as host:
            issuer, clock, line = Issuer(), Clock(), Line()
            reader = CardReader(InProcessReader(issuer.issued()), issuer.terminal(),
                                issuer.trusted, now=clock)
            edge = Edge(settings(tmp_path, host), clock=clock, line=line, timing=FAST)
            await edge.start(background=False)
            host.catalogues.offer()
            await edge.fetch_catalogue()
            await line.cut()
            await edge.echo()
            assert await Screen(edge, reader).run() == 0
            await edge.stop()

    asyncio.run(run())
    said = capsys.readouterr().out
    for part in ("PIN wrong; 2 tries left", "OFFLINE", "*** OFF-LINE ***", "your price 1.499",
                 "OFF LINE | waiting 1", "cards 1"):
        assert part in said, part


def test_the_till_s_door(tmp_path: Path) -> None:
    async def run() -> None:
        async with StationHost() as host, Edge(
                settings(tmp_path, host, station=settings(tmp_path, host).station), clock=Clock(),
                timing=FAST) as edge:
            app = Till(edge, "secret", None).app()
            async with httpx.AsyncClient(
                    transport=httpx.ASGITransport(app), base_url="http://till",
                    headers={"Authorization": "Bearer secret"}) as till:
                await ask_everything(till, host)

    asyncio.run(asyncio.wait_for(run(), 20))


async def ask_everything(till: httpx.AsyncClient, host: StationHost) -> None:
    """Each path, well and badly."""
    async def post(path: str, body: dict[str, Any], status: int = 200) -> Any:
        response = await till.post(path, json=body)
        assert response.status_code == status, response.text
        return response.json()

    card = {"pan": PAN, "expiry": "2912"}
    order = {"amount_minor": 4_134, "card": card, "items": [ITEM], "reference": "r-1"}
    sold = await post("/sales", order)
    assert (sold["outcome"], sold["done"], sold["approved_minor"]) == ("approved", True, 4_134)
    assert (await post("/sales", order))["sequence"] == sold["sequence"]
    hold = await post("/preauthorizations", {"amount_minor": 9_000, "card": card})
    await post("/increments", {"sequence": hold["sequence"], "amount_minor": 1_000})
    done = await post("/completions", {"sequence": hold["sequence"], "amount_minor": 4_134,
                                       "items": [ITEM]})
    assert done["outcome"] == "forwarded"
    back = await post("/returns", {"sequence": sold["sequence"], "amount_minor": 100})
    assert back["outcome"] == "approved"
    gone = await post("/reversals", {"sequence": sold["sequence"], "amount_minor": 34})
    assert gone["outcome"] == "forwarded"
    assert "COPY" in (await till.get(f"/receipts/{sold['sequence']}")).json()["receipt"]
    status = (await till.get("/status")).json()
    assert (status["online"], status["counts"]["unsent"]) == (True, 0)
    assert (await till.get("/queue")).json() == []
    assert (await post("/shift/close", {}))["totals"]
    assert "pan" in (await post("/sales", order | {"card": {}, "reference": ""}, 409))["error"]
    assert "items" in (await post("/sales", order | {"items": [{}]}, 422))["error"]
    assert "sum" in (await post("/sales", order | {"amount_minor": 1, "reference": ""},
                                409))["error"]
    assert (await till.get("/queue", headers={"Authorization": "Bearer x"})).status_code == 401
    assert PAN not in str(sold)
    assert len(host.booked("1200")) == 2, "the sale and the return"


def test_settings_say_where_they_are_wrong(tmp_path: Path) -> None:
    file = tmp_path / "edge.toml"
    good = """[terminal]\nid="T1"\nmerchant="M"\nacquirer="1"
[host]\nhost="h"\nport=1\ntls=false\n[store]\npath="e.db"\nkey="k"\n"""
    file.write_text(good)
    assert load(file).store.path == tmp_path / "e.db"
    for wrong, why in ((good.replace("port=1", 'port="x"'), "host.port"),
                       (good + "[tils]\n", "tils"), (good.replace('"T1"', '"T12345678"'), "id"),
                       (good.replace("tls=false", "tls=true"), r"\[tls\]"),
                       (good + '[catalogue_keys]\n1="04"\n', "catalogue_keys 1"),
                       (good.replace('[host]\n', 'time_zone="Mars/X"\n[host]\n'), "time_zone"),
                       ("[", "edge.toml")):
        file.write_text(wrong)
        with pytest.raises(ConfigError, match=why):
            load(file)


def test_a_store_has_one_program_and_one_key(tmp_path: Path) -> None:
    async def run() -> None:
        async with StationHost() as host:
            config = settings(tmp_path, host)
            async with Edge(config, clock=Clock()):
                with pytest.raises(StoreError, match="another program"):
                    await Edge(config, clock=Clock()).start()
            config.store.key.write_bytes(b"A" * 43 + b"=")
            with pytest.raises(StoreError, match="key is another"):
                await Edge(config, clock=Clock()).start()
            config.store.key.chmod(0o644)
            with pytest.raises(ConfigError, match="others can read"):
                await Edge(config, clock=Clock()).start()

    asyncio.run(run())
    database = Database(tmp_path / "edge.db", "terminals.edge")
    pragmas = [database.connection.execute(f"PRAGMA {name}").fetchone()[0]
               for name in ("journal_mode", "synchronous", "foreign_keys")]
    assert pragmas == ["wal", 2, 1], "2 is FULL"
    database.connection.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(StoreError, match="version 99"):
        Database(tmp_path / "edge.db", "terminals.edge")
