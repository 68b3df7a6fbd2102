"""Access by the command line, orders of chip cards, and the examples of docs/admin.md."""

import asyncio
import os
import re
from pathlib import Path

from issuing.batch import read_batch
from tests.e2e.test_embedded_cli import authhost
from tests.support.office import Person, number_of
from tests.support.portfolio import DAY

DOCS = Path(__file__).parents[2] / "docs" / "admin.md"


def test_the_first_administrator_is_made_at_the_machine(rig, office):
    url = ("--database-url", rig.database_url)
    made = authhost("access", "add", "anna", "--role", "administrator", *url)
    assert made.returncode == 0, made.stderr
    anna = Person(office, made.stdout.strip())
    assert anna.get("/access").status_code == 200
    listed = authhost("access", "list", *url).stdout
    assert "anna" in listed
    assert made.stdout.strip() not in listed
    again = authhost("access", "add", "anna", "--role", "analyst", *url)
    assert (again.returncode, again.stderr) == (1, "authhost: name: there is one already\n")
    lacks = authhost("access", "add", "ben", "--role", "fleet", *url)
    assert (lacks.returncode, "account" in lacks.stderr) == (1, True)
    assert authhost("access", "revoke", "anna", *url).returncode == 0
    assert anna.get("/access").status_code == 401
    assert authhost("access", "revoke", "anna", *url).returncode == 1
    assert [row["role"] for row in rig.sql(
        "SELECT role FROM audit WHERE subject = 'access/anna' ORDER BY id")] == ["operator"] * 2


def test_a_card_is_changed_by_one_rule_on_both_ways(rig, office, boss):
    card = rig.card()
    client = office.person("fleet", account_id=card.account_id)
    url = ("--database-url", rig.database_url)
    assert authhost("card", "block", card.card_id, "--reason", "stolen", *url).returncode == 0
    assert boss.get(f"/cards/{card.card_id}").json()["status"] == "stolen"
    assert client.post(f"/cards/{card.card_id}/unblocking").status_code == 403
    assert authhost("card", "close", card.card_id, *url).returncode == 0
    closed = authhost("card", "unblock", card.card_id, *url)
    assert (closed.returncode, closed.stderr) == (
        1, "authhost: the card is closed, not blocked\n")


def test_chip_cards_are_ordered_and_the_replaced_ones_end(rig, boss):
    boss.made("/programs", {"program_id": "CHIP"})
    account = boss.made("/accounts", {
        "kind": "fleet", "name": "Haulier", "currency": "EUR",
        "address": {"street": "Road", "number": "1", "postcode": "4020", "town": "Linz"}})
    number = account["account_id"]
    driver = boss.made("/drivers", {"account_id": number, "name": "Ana"})["driver_id"]
    old = boss.made("/cards", {"account_id": number, "pan": number_of(31), "expiry": "2612"})
    body = {"account_id": number, "program_id": "CHIP", "expiry": "3012", "driver_id": driver,
            "products": ["019"], "replaces": old["card_id"], "offline_max_minor": 5_000,
            "limits": [{"window": "day", "measure": "money", "maximum": 100}]}
    missing = boss.post("/card-orders", body)
    assert missing.json()["where"] == "products"
    boss.made("/products", {"product": "019", "name": "Diesel", "fuel": True})
    assert boss.post("/card-orders", body | {"replaces": 7}).json()["where"] == "replaces"
    boss.made("/card-orders", body)
    boss.made("/card-orders", {"account_id": number, "program_id": "CHIP", "expiry": "3012"})
    batch = {"batch_id": "march", "program_id": "CHIP"}
    assert boss.made("/card-batches", batch) == {"batch_id": "march", "orders": 2}
    assert boss.post("/card-batches", batch | {"batch_id": "april"}).status_code == 409
    lines = read_batch(boss.get("/card-batches/march").content, DAY).lines
    assert [(line.holder, line.address, line.driver) for line in lines] == [
        ("Ana", ("Haulier", "Road 1", "4020 Linz"), driver),
        ("Haulier", ("Haulier", "Road 1", "4020 Linz"), None)]
    new = boss.made("/cards", {"account_id": number, "pan": number_of(32), "expiry": "3012"})
    rig.sql("INSERT INTO issue_batch VALUES ('march', 'CHIP', 'chip', decode(repeat('00', 32),"
            " 'hex'), 'x')")
    rig.sql("INSERT INTO issue_line (batch_id, line, state, card_id) VALUES ('march', 1, 'active',"
            " $1)", new["card_id"])
    assert boss.post("/card-batches/march/completion").json()["finished"] == 1
    assert boss.get(f"/cards/{old['card_id']}").json()["status"] == "closed"
    made = boss.get(f"/cards/{new['card_id']}").json()
    assert (made["replaces"], made["offline_max_minor"]) == (old["card_id"], 5_000)
    boss.patch(f"/cards/{new['card_id']}", {"offline_max_minor": 0})
    assert boss.post("/card-batches/march/completion").json()["finished"] == 0
    assert boss.get(f"/cards/{new['card_id']}").json()["offline_max_minor"] == 0


def test_the_examples_of_the_page_work(rig, boss):
    """Every block of commands in the order of the page, in one shell."""
    blocks = re.findall(r"```sh\n(.*?)```", DOCS.read_text(), re.DOTALL)
    text = "\n".join(block for block in blocks if "authhost " not in block)
    text = text.replace("http://127.0.0.1:8580", boss.office.url).replace(
        "curl -sS", "curl -sS --fail-with-body -w '\\n'")
    rig.sql("DELETE FROM product_group")
    rig.sql("DELETE FROM product")

    async def run():
        shell = await asyncio.create_subprocess_exec(
            "bash", "-euc", text, env=os.environ | {"TOKEN": boss.token},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
        said, _ = await shell.communicate()
        return shell.returncode, said.decode()
    code, said = rig.run(run())
    assert code == 0, said
    assert '"status":"lost"' in said
    assert '"state":"dry_run"' in said
