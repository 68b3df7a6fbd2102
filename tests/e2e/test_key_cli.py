"""What an operator does with keys and with a card whose PIN was forgotten, by the command line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from authhost.model import Check, Evidence, PinBlock
from tests.e2e.test_embedded_cli import authhost


@pytest.fixture(scope="module")
def key(rig):
    """`authhost key ...` on this database and HSM."""
    def run(action, *arguments):
        return authhost("key", action, *arguments, "--database-url", rig.database_url,
                        "--hsm", rig.servers.hsm.url)
    return run


def hsm_sim(rig, *arguments):
    """A custodian at the HSM's own console."""
    done = subprocess.run(
        [sys.executable, "-m", "hsm_sim", *map(str, arguments), "--data-dir",
         str(rig.servers.directory / "hsm")],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_keys_are_made_listed_given_out_and_brought_in(rig, key, tmp_path):
    made = key("generate", "zmk/PARTNER", "--usage", "K0", "--algorithm", "A3")
    assert made.returncode == 0, made.stderr
    assert "zmk/PARTNER version 1, check value" in made.stdout
    zpk = [key("generate", "acquirer/280131/zpk", "--usage", "P0", "--algorithm", "T2").stdout
           for _ in range(2)]
    assert ["version 1" in zpk[0], "version 2" in zpk[1]] == [True, True]

    refused = key("export", "acquirer/280131/zpk", "--zmk", "PARTNER")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "two people have authorised the activity 'export'" in refused.stderr
    words = []
    for name in ("ana", "ben"):
        words.append(tmp_path / name)
        words[-1].write_text(f"{name} has a long passphrase\n")
        words[-1].chmod(0o600)
        vouching = ("--custodian", "ana", "--passphrase-file", words[0]) if name == "ben" else ()
        hsm_sim(rig, "custodian", "add", "--name", name, "--new-passphrase-file", words[-1],
                *vouching)
    for name, word in zip(("ana", "ben"), words, strict=True):
        hsm_sim(rig, "authorise", "--activity", "export", "--minutes", "5", "--custodian", name,
                "--passphrase-file", word)
    given = key("export", "acquirer/280131/zpk", "--zmk", "PARTNER")
    hsm_sim(rig, "close")
    assert given.returncode == 0, given.stderr
    block, check_value = given.stdout.splitlines()
    assert block.startswith("D")
    assert zpk[1].strip().endswith(check_value)

    came = key("import", "acquirer/900001/zpk", "--zmk", "PARTNER", "--block", block)
    assert came.stdout.strip().endswith(check_value), came.stderr
    listed = key("list").stdout
    assert [line.split()[:4] for line in listed.splitlines() if line.startswith("acquirer/")] == [
        ["acquirer/280131/zpk", "1", "P0", "T"], ["acquirer/280131/zpk", "2", "P0", "T"],
        ["acquirer/900001/zpk", "1", "P0", "T"]]
    assert "S1" not in listed
    audited = rig.sql("SELECT what FROM audit ORDER BY id")
    assert [row["what"].partition(",")[0] for row in audited] == [
        "key zmk/PARTNER version 1 generated", "key acquirer/280131/zpk version 1 generated",
        "key acquirer/280131/zpk version 2 generated",
        "key acquirer/280131/zpk version 2 given out under zmk/PARTNER",
        "key acquirer/900001/zpk version 1 brought in under zmk/PARTNER"]


@pytest.mark.parametrize(("action", "arguments", "said"), [
    ("generate", ("x", "--usage", "ZZ", "--algorithm", "T2"), "--mode is needed"),
    ("generate", ("x", "--usage", "P0", "--algorithm", "Q9"), "error A7"),
    ("import", ("x", "--zmk", "NOBODY", "--block", "D0016P0TB00S0000"), "zmk/NOBODY"),
    ("import", ("x", "--zmk", "NOBODY", "--block", "D9"), "no TR-31 key block"),
    ("export", ("x", "--zmk", "NOBODY"), "there is no key x")])
def test_what_cannot_be_done_with_a_key_is_said_in_words(key, action, arguments, said):
    done = key(action, *arguments)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_card_whose_pin_was_tried_too_often_is_unlocked(rig):
    card, keys, hsm = rig.card(), rig.host.keys, rig.host.hsm
    account = card.pan[-13:-1]

    async def made():
        pvk = await keys.ensure(hsm, "program/HOUSE/pvk", "V2", "T", "C")
        tpk = await keys.ensure(hsm, "terminal/POS00001/tpk", "P0", "T", "B")
        pins = []
        while len(pins) < 2:
            pin = await hsm.random_pin(account)
            block = bytes.fromhex((await hsm.ask(
                b"JG" + tpk.block.encode() + b"01" + account.encode() + pin.encode())).decode())
            pins.append(PinBlock(block, "01", "terminal", 1))
            if len(pins) == 1:
                value = await hsm.pvv(pvk.block, 1, pin, account)
            elif await hsm.verify_pin(tpk.block, pins[1], account, method="pvv", pvk=pvk.block,
                                      pvki=1, value=value) is Check.GOOD:
                pins.pop()  # by chance the same one
        return value, *pins
    value, right, wrong = rig.run(made())
    rig.sql("INSERT INTO program (program_id, pin_method) VALUES ('HOUSE', 'pvv')")
    rig.sql("UPDATE card SET program_id = 'HOUSE', pin_value = $2 WHERE card_id = $1",
            card.card_id, value)

    def tried(block):
        return rig.sale(card, 1, evidence=Evidence(card.pan, card.expiry, block)).reason
    assert [tried(wrong) for _ in range(3)] == ["pin_wrong", "pin_wrong", "pin_tries"]
    assert tried(right) == "pin_tries"
    done = authhost("card", "unlock-pin", card.card_id, "--database-url", rig.database_url)
    assert done.returncode == 0, done.stderr
    assert tried(right) == "approved"
    assert tried(wrong) == "pin_wrong"
    assert rig.sql("SELECT what FROM audit ORDER BY id DESC LIMIT 1")[0]["what"].startswith(
        f"card {card.card_id}: wrong PINs below fence")
    nobody = authhost("card", "unlock-pin", "7", "--database-url", rig.database_url)
    assert (nobody.returncode, nobody.stdout) == (1, "")


def test_a_key_that_was_formed_at_the_hsm_is_stored(rig, key):
    made = key("generate", "zmk/FORMED", "--usage", "52", "--algorithm", "A1").stdout
    block = rig.sql("SELECT block FROM hsm_key WHERE name = 'zmk/FORMED'")[0]["block"]
    stored = key("store", "zmk/STORED", "--block", block)
    assert stored.stdout.rpartition(" ")[2] == made.rpartition(" ")[2], stored.stderr
    row = rig.sql("SELECT usage, algorithm FROM hsm_key WHERE name = 'zmk/STORED'")[0]
    assert tuple(row) == ("52", "A")
    for wrong, why in ((block[1:], "no key block"), (block[:-1], "no key block"),
                       (block[:-1] + ("0" if block[-1] != "0" else "1"), "BU with error A4")):
        refused = key("store", "zmk/WRONG", "--block", wrong)
        assert refused.returncode == 1
        assert why in refused.stderr


def test_issue_is_handed_over_and_says_what_it_lacks(tmp_path):
    lacks = subprocess.run(
        [sys.executable, "-m", "authhost", "card", "issue", "--batch", "march.csv"], cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}, capture_output=True,
        text=True, timeout=60, check=False)
    assert lacks.returncode == 1
    assert "no --database-url" in lacks.stderr
    wrong = authhost("card", "issue", "--database-url", "x", "--hsm", "y", "--batch", "march.csv")
    assert wrong.returncode == 2
    assert "--program" in wrong.stderr
