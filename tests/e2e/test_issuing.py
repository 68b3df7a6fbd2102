"""Batches of cards, end to end: a real HSM process, a real database, chips with all their
commands."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from authhost.embedded import Servers
from authhost.model import Check, PinBlock
from chip.cryptogram import Kind, Transaction
from chip.dialogue import PinStatus
from chip.memory import LifeCycle
from hsm_sim.crypto.ciphers import tdes_encrypt
from hsm_sim.crypto.pin_blocks import account12, encode
from issuing import cli
from tests.e2e.issuing_bench import PROGRAM, ZPK, Fleet, command, issuing_fleet, row

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def made(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """A fleet before an HSM that may print."""
    with issuing_fleet(servers, tmp_path_factory.mktemp("issuing")) as fleet:
        yield fleet


@pytest.fixture
def fleet(made: Fleet) -> Fleet:
    """The module's, as new."""
    made.clean()
    return made


def issued(fleet: Fleet, *more: str) -> subprocess.CompletedProcess[str]:
    """The command, as an operator runs it."""
    return subprocess.run([sys.executable, "-m", "issuing", *more], cwd=ROOT, capture_output=True,
                          text=True, timeout=60, check=False)


def numbers(fleet: Fleet, paths: list[Path]) -> list[str]:
    """Card numbers, as a terminal reads them."""
    return [fleet.terminal(path).contents().identity.pan for path in paths]


def test_five_cards(fleet: Fleet, servers: Servers) -> None:
    paths = fleet.blanks(5)
    batch = fleet.batch([row(one) for one in range(1, 6)], "five")
    before = fleet.sql("SELECT fence FROM fence WHERE account_id = 4001")[0]["fence"]
    done = issued(fleet, *command(fleet, batch, "--reader", f"virtual:{fleet.box}",
                                  "--pin-length", "12"))
    assert done.returncode == 0, done.stderr
    assert "issued 5, finished 0, active before 0, spoiled 0" in done.stdout
    pins = [fleet.bureau.mailer(f"five-{line:05d}") for line in range(2, 7)]
    pans = numbers(fleet, paths)
    assert len(set(pans)) == len(set(pins)) == 5
    assert fleet.sql("SELECT fence FROM fence WHERE account_id = 4001")[0]["fence"] == before + 5
    for path, pan, pin, line in zip(paths, pans, pins, range(2, 7), strict=True):
        the_card_is_as_ordered(fleet, path, pan, line)
        the_pin_opens_it(fleet, path, pin)
        the_host_knows_it(fleet, pan, pin)
    nothing_is_left(fleet, servers, pans, pins, done.stdout + done.stderr)


def the_card_is_as_ordered(fleet: Fleet, path: Path, pan: str, line: int) -> None:
    contents = fleet.terminal(path).contents()
    assert contents.identity.service_code == "200"
    assert contents.identity.expiry.isoformat() == "2030-12-31"
    assert contents.holder.name == f"Driver {line - 1}"
    assert (contents.holder.vehicle_number, contents.holder.vehicle_name) == ("11", "M-AB 123")
    assert (contents.holder.driver_number, contents.holder.driver_name) == ("21", "Ana Perez")
    assert contents.rules.products == ("010", "021")
    assert contents.rules.prompts == "14"
    assert (contents.rules.offline_limit_minor, contents.rules.offline_in_a_row) == (2000, 3)
    assert contents.rules.pin_required
    found = fleet.sql(
        "SELECT c.*, l.state, l.card_serial, l.attempt FROM card c JOIN issue_line l USING"
        " (card_id) WHERE l.batch_id = 'five' AND l.line = $1", line)
    card, = found
    assert card["status"] == "active"
    assert card["pan_masked"] == f"{pan[:6]}{'*' * 8}{pan[-4:]}"
    assert (card["account_id"], card["vehicle_id"], card["driver_id"]) == (4001, 11, 21)
    assert (card["expiry"], card["program_id"], card["attempt"]) == ("3012", PROGRAM, 1)
    assert card["products"] == ["010", "021"]
    assert "50000" in card["limits"]
    assert card["card_serial"] == fleet.state(path).serial.hex().upper()
    audit = [one["what"] for one in fleet.sql("SELECT what FROM audit ORDER BY id")]
    assert f"card {card['card_id']} is active now" in audit


def the_pin_opens_it(fleet: Fleet, path: Path, pin: str) -> None:
    dialogue = fleet.terminal(path)
    wrong = pin[:-1] + str((int(pin[-1]) + 1) % 10)
    assert dialogue.verify_pin(wrong).status is PinStatus.WRONG
    assert dialogue.verify_pin(pin).status is PinStatus.VERIFIED
    assert dialogue.tries_left() == 3


def the_host_knows_it(fleet: Fleet, pan: str, pin: str) -> None:
    """Its number in the index, its PIN by PVV (EC), its cryptogram (KW)."""
    account = account12(pan)
    block = PinBlock(tdes_encrypt(ZPK, encode("01", pin, account, bytes)), "01", "zone")
    wrong = PinBlock(tdes_encrypt(ZPK, encode("01", "1" * 12, account, bytes)), "01", "zone")

    async def ask() -> list[Any]:
        async with fleet.session() as session:
            index = await session.pan_index()
            pvk = (await session.keys.at(f"program/{PROGRAM}/pvk")).block
            return [await index.of(pan), *[
                await session.hsm.verify_pin(fleet.bureau.zpk[0], one, account, method="pvv",
                                             pvk=pvk, pvki=1, value=value)
                for one in (block, wrong)]]

    value = fleet.sql("SELECT pin_value FROM card WHERE pan_masked = $1 AND status = 'active'",
                      f"{pan[:6]}{'*' * 8}{pan[-4:]}")[0]["pin_value"]
    pan_hmac, good, bad = fleet.run(ask())
    assert fleet.sql("SELECT card_id FROM card WHERE pan_hmac = $1", pan_hmac)
    assert (good, bad) == (Check.GOOD, Check.WRONG)


def nothing_is_left(fleet: Fleet, servers: Servers, pans: list[str], pins: list[str],
                    said: str) -> None:
    """No number and no PIN in the database's files, the spool, the HSM's files, what was
    printed."""
    fleet.sql("CHECKPOINT")
    secrets = [text.encode() for text in (*pans, *pins)]
    secrets += [text.encode().hex().encode() for text in (*pans, *pins)]
    folders = (servers.directory / "postgres", fleet.bureau.folder, fleet.folder)
    searched = 0
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file():
                searched += 1
                content = path.read_bytes()
                assert not [secret for secret in secrets if secret in content], path
    assert searched > 100
    masked = f"{pans[0][:6]}{'*' * 8}{pans[0][-4:]}".encode()
    assert any(masked in path.read_bytes() for path in folders[0].rglob("*") if path.is_file())
    assert not [secret for secret in secrets if secret.decode() in said]


def test_a_card_asks_the_issuer_and_believes_its_answer(fleet: Fleet) -> None:
    path, = fleet.blanks(1)
    assert cli.main(command(fleet, fleet.batch([row(1)]), "--reader", f"virtual:{fleet.box}")) == 0
    pan, = numbers(fleet, [path])
    dialogue = fleet.terminal(path)
    transaction = Transaction(amount_minor=5_000, currency="978", country="724", date="260723",
                              unpredictable=bytes.fromhex("01020304"))
    cryptogram = dialogue.generate_ac(Kind.ARQC, transaction)
    data = transaction.encode() + cryptogram.aip + cryptogram.atc.to_bytes(2, "big") \
        + cryptogram.iad

    async def ask() -> Any:
        async with fleet.session() as session:
            master = await session.keys.at(f"program/{PROGRAM}/mk_ac")
            return await session.hsm.verify_arqc(
                master.block, "fleet", pan, "00", cryptogram.atc.to_bytes(2, "big"),
                transaction.unpredictable, data, cryptogram.value, b"00")

    check, issuer_data = fleet.run(ask())
    assert check is Check.GOOD
    assert dialogue.issuer_answer(issuer_data)


def test_without_authority_nothing_is_begun(fleet: Fleet,
                                            capsys: pytest.CaptureFixture[str]) -> None:
    path, = fleet.blanks(1)
    fleet.bureau.forbid()
    assert cli.main(command(fleet, fleet.batch([row(1)]), "--reader", f"virtual:{fleet.box}")) == 1
    assert "PE with error 17" in capsys.readouterr().err
    assert fleet.state(path).life_cycle is LifeCycle.BLANK
    assert fleet.sql("SELECT count(*) AS n FROM card")[0]["n"] == 0
    fleet.bureau.authorise()
    assert cli.main(command(fleet, fleet.batch([row(1)]), "--reader", f"virtual:{fleet.box}")) == 0
