"""The bank to test against: its books, its files and statements, and by hand."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import msgspec
import pytest
from lxml import etree

from clearing.bankfiles.pain001 import Credit, CreditTransferFile, Message
from clearing.party import Address
from clearing.settings import Debtor
from terminals.bank.__main__ import main
from terminals.bank.conduct import Choosing, Conduct, Rule
from terminals.bank.server import BankServer
from terminals.pki import Authority, client_context, server_context

DEBTOR = Debtor("Operator", "DE89370400440532013000", "COBADEFFXXX", Address(country="DE"))
CREDITOR = "AT611904300234573201"
DAY = "2026-11-22"


def night_file(path: Path, *amounts: int, purpose: str = "DEPOSITS") -> Path:
    """A file as the night writes it."""
    with path.open("wb") as sink:
        writer = CreditTransferFile(sink, Message(
            f"20261122-CASH-1-{purpose}-EUR", f"{DAY}T23:59:59Z", DAY, "EUR", len(amounts),
            sum(amounts)), DEBTOR)
        writer.begin()
        for number, amount in enumerate(amounts):
            writer.add(Credit(f"20261122-CASH-1-{purpose[0]}{number:07d}", amount, "Client",
                              CREDITOR, "", Address(country="AT"), f"SAFE S{number}"))
        writer.end()
    return path


def single(end_to_end_id: str, amount: str = "12.34", creditor: str = CREDITOR) -> bytes:
    return (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"><CstmrCdtTrfInitn>'
        f"<GrpHdr><MsgId>{end_to_end_id}</MsgId><NbOfTxs>1</NbOfTxs></GrpHdr><PmtInf><PmtInfId>P"
        "</PmtInfId><PmtTpInf><LclInstrm><Cd>INST</Cd></LclInstrm></PmtTpInf><ReqdExctnDt>"
        f"<Dt>{DAY}</Dt></ReqdExctnDt><DbtrAcct><Id><IBAN>{DEBTOR.iban}</IBAN></Id></DbtrAcct>"
        f"<CdtTrfTxInf><PmtId><EndToEndId>{end_to_end_id}</EndToEndId></PmtId><Amt>"
        f'<InstdAmt Ccy="EUR">{amount}</InstdAmt></Amt><CdtrAcct><Id><IBAN>{creditor}</IBAN>'
        "</Id></CdtrAcct></CdtTrfTxInf></PmtInf></CstmrCdtTrfInitn></Document>").encode()


def play(tmp_path, story, tls=None, client_tls=None):
    async def run():
        async with BankServer(tmp_path / "bank.sqlite", tls) as bank, httpx.AsyncClient(
                base_url=bank.url, verify=client_tls or False, trust_env=False) as client:
            await story(bank, client)
    asyncio.run(asyncio.wait_for(run(), 20))


def told(answer):
    return re.findall(r"<(?:TxSts|GrpSts|Cd|Prtry)>(\w+)<", answer.text)


def test_an_order_is_paid_once(tmp_path):
    async def story(bank, client):
        for _ in range(3):
            answer = await client.post("/payments", content=single("D1"))
            assert (answer.status_code, told(answer)) == (200, ["ACCC"])
        other = await client.post("/payments", content=single("D1", "12.35"))
        assert told(other) == ["RJCT", "AM05"], "another amount under the same id"
        (payment,) = bank.payments()
        assert (payment.amount_minor, payment.seen) == (1234, 4)
        assert told(await client.get("/payments/D1")) == ["ACCC"]
        missing = await client.get("/payments/D2")
        assert (missing.status_code, told(missing)) == (404, ["RJCT", "NOOR"])

    play(tmp_path, story)


def test_it_behaves_as_told(tmp_path):
    async def story(bank, client):
        rules = (Rule(do="refuse", reason="AC04", creditor="AT483200000012345864"),
                 Rule(do="pend", delay_ms=100, times=1), Rule(do="lose", every=2))
        assert (await client.put("/conduct", content=msgspec.json.encode(
            Conduct(rules=rules)))).status_code == 200
        await asyncio.sleep(0.05)
        refused = await client.post("/payments", content=single("D1", creditor=rules[0].creditor))
        assert told(refused) == ["RJCT", "AC04"]
        assert told(await client.post("/payments", content=single("D2"))) == ["PDNG"]
        assert told(await client.post("/payments", content=single("D3"))) == ["ACCC"]
        with pytest.raises(httpx.RemoteProtocolError):
            await client.post("/payments", content=single("D4"))
        await asyncio.sleep(0.1)
        for known in ("D2", "D4"):
            assert told(await client.get(f"/payments/{known}")) == ["ACCC"]
        assert [one.paid for one in bank.payments()] == [False, True, True, True]
        bad = await client.put("/conduct", content=b'{"rules": [{"do": "dance"}]}')
        assert (bad.status_code, "rules[0].do" in bad.text) == (400, True)

    play(tmp_path, story)


def test_the_nights_files_come_once_and_the_statement_adds_up(tmp_path):
    async def story(bank, client):
        await client.post("/payments", content=single("D1", "100.00"))
        for purpose, amounts in (("DEPOSITS", (1_000, 2_000)), ("PAYOUTS", (5_000,))):
            content = night_file(tmp_path / purpose, *amounts, purpose=purpose).read_bytes()
            first = await client.post("/files", content=content)
            assert told(first)[-1] == "ACSP", first.text
            again = await client.post("/files", content=content)
            assert (again.status_code, told(again)) == (400, ["RJCT", "DU01"])
            broken = await client.post("/files", content=content.replace(
                b"<CtrlSum>", b"<CtrlSum>9", 1).replace(b"NIGHT-1", b"NIGHT-2"))
            assert told(broken) == ["RJCT", "AM10"]
        assert sum(one.amount_minor for one in bank.payments()) == 18_000
        for iban, sign, total in ((DEBTOR.iban, "DBIT", "180.00"), (CREDITOR, "CRDT", "180.00")):
            answer = await client.get(f"/statements/{iban}?day={DAY}")
            root = etree.fromstring(answer.content)
            space = root.tag[: root.tag.index("}") + 1]
            balances = [(one.findtext(f"{space}Amt"), one.findtext(f"{space}CdtDbtInd"))
                        for one in root.iter(f"{space}Bal")]
            assert balances == [("0.00", "CRDT"), (total, sign)]
            entries = [one.findtext(f"{space}Amt") for one in root.iter(f"{space}Ntry")]
            assert entries == ["100.00", "10.00", "20.00", "50.00"]
            later = await client.get(f"/statements/{iban}?day=2026-11-23&currency=EUR")
            assert later.text.count(f">{total}<") == 2, "it begins with what it ended with"
        assert (await client.get(f"/statements/{CREDITOR}x")).status_code == 404

    play(tmp_path, story)


def test_nonsense_is_answered(tmp_path):
    async def story(bank, client):
        for content in (b"", b"\xff\x00", b"<a>", single("D1")[:-9], single("D1", "x"),
                        single("D1", "0.00"), single("")):
            answer = await client.post("/payments", content=content)
            assert (answer.status_code, told(answer)[0]) == (400, "RJCT")
        for method, path in (("GET", "/"), ("DELETE", "/payments/D1"), ("GET", "/payments")):
            assert (await client.request(method, path)).status_code == 404
        assert bank.payments() == []

    play(tmp_path, story)


def test_only_who_has_a_certificate_is_let_in(tmp_path):
    authority = Authority.create(tmp_path / "pki")
    tls = server_context(authority.certificate_path, authority.server())
    own = client_context(authority.certificate_path, authority.client("authhost"))

    async def story(bank, client):
        assert (await client.get("/health")).status_code == 200
        none = client_context(authority.certificate_path, None)
        async with httpx.AsyncClient(base_url=bank.url, verify=none, trust_env=False) as stranger:
            with pytest.raises(httpx.HTTPError):
                await stranger.get("/health")

    play(tmp_path, story, tls, own)


def test_rules_count_what_fits():
    choosing = Choosing(Conduct(rules=(Rule(do="lose", every=3, times=2), Rule(do="busy",
                                                                              on="status"))))
    deeds = [choosing.rule("payment", None).do for _ in range(9)]
    assert deeds == ["accept", "accept", "lose"] * 2 + ["accept"] * 3
    assert choosing.rule("status", None).do == "busy"


def test_by_hand_and_killed(tmp_path, capsys):
    books = tmp_path / "bank.sqlite"
    process = subprocess.Popen(
        [sys.executable, "-m", "terminals.bank", "serve", "--books", str(books), "--listen",
         "127.0.0.1:0"], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3])
    try:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        for number in range(20):
            answer = httpx.post(f"{url}/payments", content=single(f"D{number}"), trust_env=False)
            assert told(answer) == ["ACCC"]
        assert main(["books", "--books", str(books)]) == 1, "somebody has them open"
        os.kill(process.pid, signal.SIGKILL)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    capsys.readouterr()
    assert main(["books", "--books", str(books)]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 20, "what was answered is in the books"
    path = str(night_file(tmp_path / "deposits-EUR.xml", 1_000))
    assert [main(["import", "--books", str(books), path]) for _ in range(2)] == [0, 1]
    assert main(["statement", "--books", str(books), "--iban", CREDITOR, "--day", DAY]) == 0
    assert ">256.80<" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "python -m terminals.bank serve" in capsys.readouterr().out
