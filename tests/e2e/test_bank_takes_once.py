"""Our files at a bank that somebody else has written: it takes each once, and pays what we say.

mock-bank (MIT, no dependencies) judges a file as a bank's front end does, answers with pain.002,
and books on the settlement date.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from clearing.run import clear
from tests.e2e.clearing_day import DAY, deposit, make_day, payment, wait
from tests.e2e.test_collections import invoice, nights, scene

mockbank = pytest.importorskip("mockbank")

OURS = "DE89370400440532013000"


@pytest.fixture(name="bank")
def _bank() -> Iterator[httpx.Client]:
    """A bank that holds the operator's account."""
    server = mockbank.make_server(mockbank.Config(
        port=0, quiet=True, clock="2026-07-24T08:00:00"))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{server.server_address[1]}",
                          timeout=30) as client:
            account = {"id": "operator", "iban": OURS, "name": "Operator", "currency": "EUR",
                       "balance": 10_000_000, "bic": "COBADEFFXXX"}
            answer = client.post("/_mock/accounts", json=account)
            assert answer.status_code in {200, 201}, answer.text
            yield client
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def send(bank: httpx.Client, path: Path) -> dict[str, Any]:
    """What the bank says of a file."""
    answer = bank.post("/payments", content=path.read_bytes(),
                       headers={"Content-Type": "application/xml"})
    found: dict[str, Any] = json.loads(answer.content)
    return found


def balance_minor(bank: httpx.Client) -> int:
    minor: int = bank.get("/_mock/accounts/operator").json()["balance"]
    return minor


def test_a_file_is_taken_once_and_never_again(bank: httpx.Client, database_url: str,
                                              tmp_path: Path) -> None:
    wait(make_day(database_url, [deposit("one", 120_000), deposit("two", 5_000,
                                                                  terminal_id="SAFE2"),
                                 *payment("pay", 1_999)]))
    wait(clear(database_url, DAY, tmp_path / "first"))
    wait(clear(database_url, DAY, tmp_path / "again"))
    for path in ("cash/bank/deposits-EUR.xml", "payments/bank/payouts-EUR.xml"):
        taken = send(bank, tmp_path / "first/2026-07-23" / path)
        assert taken["status"] == "ACCP", taken
        again = send(bank, tmp_path / "again/2026-07-23" / path)
        assert (again["status"], again["reason"]) == ("RJCT", "DUPL"), again
    bank.post("/_mock/advance", params={"days": 3})
    assert balance_minor(bank) == 10_000_000 - 125_000 - 1_999


def test_a_collection_is_taken_once(bank: httpx.Client, database_url: str,
                                    tmp_path: Path) -> None:
    scene(database_url)
    invoice(database_url, "F-1", 12_345)
    nights(database_url, tmp_path, 2)
    path = tmp_path / str(DAY + timedelta(days=1)) / "fuel/bank/collections-EUR-core.xml"
    taken = send(bank, path)
    assert taken["status"] == "ACCP", taken
    again = send(bank, path)
    assert (again["status"], again["reason"]) == ("RJCT", "DUPL"), again
    bank.post("/_mock/advance", params={"days": 7})
    assert balance_minor(bank) == 10_000_000 + 12_345
