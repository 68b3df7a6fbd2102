"""Who may do what: every route in every role, scopes, tokens, certificates, planted bugs."""

import asyncio
import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from authhost.admin import access, desk
from authhost.admin.access import PERMISSIONS, Role
from authhost.doors import openapi_paying
from authhost.settings import TlsFiles
from terminals.pki import Authority, client_context
from tests.e2e.admin_night_routes import NIGHT
from tests.support.office import Person, number_of, opened
from tests.support.rig import running

# method, path, body, action; {x}: an id of the fleet's own
ROUTES = [
    ("GET", "/access", None, "access.read"),
    ("POST", "/access", {"name": "N{n}", "role": "analyst", "expires_at": "2099-01-01T00:00:00Z"},
     "access.add"),
    ("DELETE", "/access/nobody", None, "access.revoke"),
    ("GET", "/accounts", None, "account.read"), ("POST", "/accounts", {}, "account.create"),
    ("PATCH", "/accounts/{account}", {"prompts": []}, "account.change"),
    ("POST", "/accounts/{account}/blocking", None, "account.block"),
    ("POST", "/accounts/{account}/closing", None, "account.close"),
    ("POST", "/accounts/{account}/fundings", {}, "account.fund"),
    ("GET", "/subaccounts", None, "subaccount.read"),
    ("POST", "/subaccounts", {}, "subaccount.create"),
    ("PATCH", "/subaccounts/{subaccount}", {"limits": []}, "subaccount.change"),
    ("GET", "/vehicles", None, "vehicle.read"), ("POST", "/vehicles", {}, "vehicle.create"),
    ("PATCH", "/vehicles/{vehicle}", {"tank_ml": 5}, "vehicle.change"),
    ("POST", "/vehicles/{vehicle}/meter-reset", None, "vehicle.reset_meter"),
    ("GET", "/vehicles/{vehicle}/consumption", None, "vehicle.consumption"),
    ("GET", "/drivers", None, "driver.read"), ("POST", "/drivers", {}, "driver.create"),
    ("PATCH", "/drivers/{driver}", {"name": "B"}, "driver.change"),
    ("GET", "/cards", None, "card.read"), ("POST", "/cards", {}, "card.create"),
    ("PATCH", "/cards/{card}", {"limits": []}, "card.change"),
    ("POST", "/card-lookups", {"pan": number_of(1)}, "card.read"),
    ("POST", "/cards/{card}/activation", None, "card.activate"),
    ("POST", "/cards/{card}/blocking", {"reason": "fleet"}, "card.block"),
    ("POST", "/cards/{card}/unblocking", None, "card.unblock"),
    ("POST", "/cards/{card}/replacement", {}, "card.replace"),
    ("POST", "/cards/{card}/closing", None, "card.close"),
    ("POST", "/cards/{card}/pin-unlocking", None, "card.unlock_pin"),
    ("GET", "/products", None, "product.read"), ("POST", "/products", {}, "product.create"),
    ("PATCH", "/products/001", {"name": "A"}, "product.change"),
    ("GET", "/product-groups", None, "product_group.read"),
    ("POST", "/product-groups", {}, "product_group.create"),
    ("PATCH", "/product-groups/x", {"products": ["1"]}, "product_group.change"),
    ("GET", "/product-codes", None, "product_code.read"),
    ("PUT", "/product-codes/ifsf/17", {"product": "001"}, "product_code.change"),
    ("GET", "/programs", None, "program.read"), ("POST", "/programs", {}, "program.create"),
    ("PATCH", "/programs/x", {"cvv": True}, "program.change"),
    ("GET", "/merchants", None, "merchant.read"), ("POST", "/merchants", {}, "merchant.create"),
    ("PATCH", "/merchants/x", {"name": "A"}, "merchant.change"),
    ("GET", "/sites", None, "site.read"), ("POST", "/sites", {}, "site.create"),
    ("PATCH", "/sites/S1", {"name": "A"}, "site.change"),
    ("GET", "/terminals", None, "terminal.read"), ("POST", "/terminals", {}, "terminal.create"),
    ("PATCH", "/terminals/POS00001", {"status": "active"}, "terminal.change"),
    ("POST", "/imports", {}, "import.run"),
    ("GET", "/transactions", None, "transaction.read"), ("GET", "/totals", None, "total.read"),
    ("GET", "/exceptions", None, "exception.read"), ("GET", "/audit", None, "audit.read"),
    ("GET", "/card-orders", None, "card_order.read"),
    ("POST", "/card-orders", {}, "card_order.create"),
    ("POST", "/card-batches", {}, "card_order.batch"),
    ("GET", "/prices/contracts", None, "price.read"),
    ("POST", "/prices/contracts", {}, "price.change"), ("POST", "/prices/base", {}, "price.change"),
    ("GET", "/prices/vat-rates", None, "price.read"),
    ("POST", "/prices/vat-rates", {}, "price.change"),
    ("GET", "/banks", None, "bank.read"), ("POST", "/banks", {}, "bank.create"),
    ("PATCH", "/banks/B1", {"status": "down"}, "bank.change"),
    ("GET", "/couriers", None, "courier.read"), ("POST", "/couriers", {}, "courier.create"),
    ("PATCH", "/couriers/U1", {"address": {}}, "courier.change"),
    ("GET", "/safes", None, "safe.read"), ("POST", "/safes", {}, "safe.create"),
    ("PATCH", "/safes/SAFE0001", {"fill_percent": 70}, "safe.change"),
    ("GET", "/safe-status", None, "safe.read"), ("GET", "/safe-totals", None, "safe.total"),
    ("GET", "/safes/SAFE0001/clients", None, "safe_client.read"),
    ("PUT", "/safes/SAFE0001/clients/0", {}, "safe_client.change"),
    ("DELETE", "/safes/SAFE0001/clients/0", None, "safe_client.change"),
    ("GET", "/safe-alarms", None, "alarm.read"), ("GET", "/deposits", None, "deposit.read"),
    ("GET", "/deposits/x", None, "deposit.read"),
    ("GET", "/safe-fees", None, "safe_fee.read"), ("POST", "/safe-fees", {}, "safe_fee.change"),
    ("GET", "/depositors", None, "depositor.read"), ("POST", "/depositors", {}, "depositor.create"),
    ("PATCH", "/depositors/0", {"name": "A"}, "depositor.change"),
    ("GET", "/courier-fees", None, "courier_fee.read"),
    ("POST", "/courier-fees", {}, "courier_fee.change"),
    ("GET", "/note-categories", None, "note_category.read"),
    ("POST", "/note-categories", {}, "note_category.create"),
    ("PATCH", "/note-categories/0", {"kept": True}, "note_category.change"),
    ("GET", "/statements", None, "statement.read"), ("POST", "/statements", {}, "statement.tell"),
    ("GET", "/cassettes", None, "cassette.read"), ("POST", "/cassettes", {}, "cassette.create"),
    ("PATCH", "/cassettes/0", {"capacity": 1}, "cassette.change"),
    ("GET", "/certificates", None, "certificate.read"),
    ("GET", "/certificates/crl", None, "certificate.read"),
    ("GET", "/certificates/authority", None, "certificate.read"),
    ("POST", "/certificates", {}, "certificate.issue"),
    ("POST", "/certificates/adoptions", {}, "certificate.issue"),
    ("POST", "/certificates/renewals", {}, "certificate.renew"),
    ("POST", "/certificates/0/revocation", {}, "certificate.revoke"),
    *NIGHT,
]
# Of pay by phone: at the host's own door, which has the rooms of it.
PAYING = [
    ("GET", "/merchant-users", None, "merchant_user.read"),
    ("GET", "/merchant-users/x", None, "merchant_user.read"),
    ("POST", "/merchant-users", {"user_id": "x", "merchant_id": "NONE", "kind": "client",
                                 "name": "X"}, "merchant_user.create"),
    ("POST", "/merchant-users/x/secret", None, "merchant_user.change"),
    ("POST", "/merchant-users/x/blocking", None, "merchant_user.change"),
    ("POST", "/merchant-users/x/unblocking", None, "merchant_user.change"),
    ("POST", "/merchant-users/x/closing", None, "merchant_user.change"),
    ("POST", "/payers", {}, "payer.create"), ("GET", "/payers/+38640123456", None, "payer.read"),
    ("POST", "/payers/+38640123456/codes", None, "payer.enrol"),
    ("POST", "/payers/+38640123456/block", None, "payer.block"),
    ("POST", "/payers/+38640123456/unblock", None, "payer.block"),
    ("PUT", "/payers/+38640123456/refused-merchants", {"merchants": []}, "payer.change"),
    ("POST", "/payer-certificates/0/revocation", {}, "payer.revoke"),
    ("POST", "/payments/x/dispute", {}, "dispute.open"),
    ("POST", "/payments/x/dispute/resolution", {}, "dispute.resolve"),
    ("GET", "/merchant-plans/x", None, "merchant_plan.read"),
    ("PUT", "/merchant-plans/x", {}, "merchant_plan.change"),
    ("POST", "/banks/B1/credits", {}, "credit.tell"),
    ("GET", "/unmatched-credits", None, "credit.read"),
    ("POST", "/unmatched-credits/0/resolution", {}, "credit.resolve"),
    ("GET", "/collecting-accounts", None, "collecting_account.read"),
    ("PUT", "/collecting-accounts/X", {}, "collecting_account.change"),
]
# Of rooms that have their routes, and these tests, by themselves; fields and not routes.
ELSEWHERE = {
    "station.read", "station.permit", "parked.read", "parked.settle", "deposit.amounts",
    "deposit.names", "receipt.read", "receipt.print", "stay.read", "count.read", "count.tell",
    "case.read", "case.propose", "case.decide", "counterfeit.read", "counterfeit.report",
    "pickup.read", "pickup.change", "forecast.read"}


# Written down here a second time: who reads, who changes. A administrator, N analyst, F a fleet's
# client, S a station's manager, C a safe's client, K his cashier, B bank, U courier, M monitoring.
EXPECTED = {
    "A": "access.read access.add access.revoke account.create account.block account.close"
         " account.fund subaccount.create card.create card.activate card.replace card.close"
         " card.unlock_pin card_order.create card_order.batch product.create product.change"
         " product_group.create product_group.change product_code.change program.create"
         " program.change merchant.create merchant.change site.create site.change terminal.create"
         " terminal.change import.run price.change parked.settle"
         " station.permit bank.create courier.create safe.create safe.change safe_client.change"
         " cassette.create cassette.change safe_fee.change courier_fee.change"
         " note_category.create note_category.change case.propose case.decide"
         " counterfeit.report dispute.open dispute.resolve merchant_plan.change"
         " merchant_user.create merchant_user.change payer.create payer.enrol payer.change"
         " payer.block payer.revoke credit.resolve collecting_account.change"
         " booking_logic.change supplier_terms.change station_terms.change"
         " run.approve delivery_route.change day_schedule.change invoice.ask invoicing.change"
         " exchange_rate.tell ksef_number.tell"
         " clearing_exception.work clearing_exception.decide"
         " mandate.create mandate.change payee_verification.create payee_verification.change"
         " certificate.issue certificate.renew certificate.revoke",
    "AN": "card_order.read product_code.read program.read merchant.read price.read parked.read"
          " audit.read certificate.read merchant_plan.read merchant_user.read payer.read"
          " credit.read collecting_account.read station_terms.read run.read clearing_file.read"
          " day_schedule.read ledger.read exchange_rate.read"
          " delivery_route.read payee_verification.read clearing_exception.read",
    "AF": "subaccount.change vehicle.create vehicle.change vehicle.reset_meter"
          " driver.create driver.change card.change card.block card.unblock",
    "AFC": "account.change", "ANFCB": "account.read",
    "ANF": "subaccount.read vehicle.read vehicle.consumption driver.read card.read"
           " exception.read mandate.read invoice.read invoicing.read",
    "ANS": "site.read terminal.read total.read station.read",
    "ANFS": "product.read product_group.read transaction.read",
    "AB": "bank.change statement.tell credit.tell bank_answer.tell",
    "ANB": "bank.read counterfeit.read statement.read",
    "AU": "courier.change", "ANU": "courier.read courier_fee.read supplier_terms.read",
    "ANFC": "booking_logic.read",
    "AC": "depositor.read depositor.create depositor.change", "ANC": "safe_fee.read",
    "ANCB": "safe_client.read case.read",
    "ANCKBUM": "safe.read", "ANCKB": "safe.total deposit.amounts receipt.read",
    "ANCKBM": "deposit.read", "ACK": "deposit.names receipt.print",
    "ANUM": "cassette.read", "ANCUM": "alarm.read pickup.read forecast.read",
    "ANCBUM": "stay.read note_category.read", "ANCBU": "count.read", "ABU": "count.tell",
    "ACUM": "pickup.change"}
LETTERS = {"administrator": "A", "analyst": "N", "fleet": "F", "station": "S", "client": "C",
           "cashier": "K", "bank": "B", "courier": "U", "monitoring": "M"}
ROLES = {action: letters for letters, actions in EXPECTED.items() for action in actions.split()}


@pytest.fixture(scope="module")
def rig(servers):
    with running(servers, http=True) as made:
        yield made


@pytest.fixture(scope="module")
def fleets(boss):
    """Two fleets with one of everything each: what a test names by {noun}."""
    boss.made("/products", {"product": "001", "name": "Regular"})
    found = []
    for number in (1, 2):
        account = boss.made("/accounts", {"kind": "fleet", "name": "F", "currency": "EUR",
                                          "limits": [limit(50_000)]})["account_id"]
        own = {"account": account}
        for noun, body in (("subaccount", {"name": "S"}), ("vehicle", {"plate": "P"}),
                           ("driver", {"name": "D"}),
                           ("card", {"pan": number_of(number), "expiry": "3012"})):
            own[noun] = boss.made(f"/{noun}s", {"account_id": account, **body})[f"{noun}_id"]
        found.append(own)
    return found


@pytest.fixture(scope="module")
def people(office, boss, fleets):
    boss.made("/banks", {"bank_id": "B1", "name": "Bank"})
    boss.made("/couriers", {"courier_id": "U1", "name": "Courier"})
    boss.made("/safes", {"terminal_id": "SAFE0001", "courier_id": "U1"})
    baker = boss.send("PUT", "/safes/SAFE0001/clients/900002")
    assert baker.status_code == 200, baker.text
    assert boss.patch("/accounts/900002", {"bank_id": "B1"}).status_code == 200
    return {"administrator": office.person("administrator"), "analyst": office.person("analyst"),
            "fleet": office.person("fleet", account_id=fleets[0]["account"]),
            "station": office.person("station", site_id="S1"),
            "client": office.person("client", account_id=900_002),
            "cashier": office.person("cashier", account_id=900_002),
            "bank": office.person("bank", bank_id="B1"),
            "courier": office.person("courier", courier_id="U1"),
            "monitoring": office.person("monitoring")}


def limit(maximum, **more):
    return {"window": "day", "measure": "money", "maximum": maximum, **more}


def ask(person, fleet, method, path, body):
    if isinstance(body, dict) and "{n}" in str(body.get("name")):
        body = body | {"name": f"N{id(person)}"}
    return person.send(method, path.format(**fleet), body, seen="*")


@pytest.mark.parametrize("role", list(Role))
def test_every_route_in_every_role(people, fleets, role):
    wrong = []
    for method, path, body, action in ROUTES:
        answer = ask(people[role], fleets[0], method, path, body)
        allowed = LETTERS[role] in ROLES[action]
        refused = answer.status_code == 403 and answer.json()["where"] == action
        if allowed == refused or answer.status_code in {401, 405, 500} or (
                answer.status_code == 404 and "nothing at this path" in answer.text):
            wrong.append((method, path, answer.status_code, answer.text))
        if path.endswith(("blocking", "closing")) and answer.status_code == 200:
            undo(people["administrator"], fleets[0])
    assert wrong == []


@pytest.mark.parametrize("role", list(Role))
def test_every_route_of_pay_by_phone_in_every_role(rig, people, role):
    person = people[role]
    wrong = []
    for method, path, body, action in PAYING:
        with httpx.Client(trust_env=False) as client:
            answer = rig.run(asyncio.to_thread(
                client.request, method, f"http://127.0.0.1:{rig.ports['http']}/v1/admin{path}",
                json=body, headers={"Authorization": f"Bearer {person.token}",
                                    "Idempotency-Key": f"{role}{path}"[:64]}))
        allowed = LETTERS[role] in ROLES[action]
        refused = answer.status_code == 403 and answer.json()["where"] == action
        if allowed == refused or answer.status_code in {401, 405, 500} or (
                answer.status_code == 404 and "nothing at this path" in answer.text):
            wrong.append((method, path, answer.status_code, answer.text))
    assert wrong == []


def test_every_route_of_pay_by_phone_is_tried():
    left = [(method, f"/v1/admin{path}") for method, path, *_ in PAYING]
    for one in openapi_paying.PAYING:
        fits = re.compile(re.sub(r"\{\w+\}", "[^/]+", one.path))
        [found] = [row for row in left if row[0] == one.method and fits.fullmatch(row[1])]
        left.remove(found)
    assert left == []


def undo(boss, fleet):
    """As it was, for the routes that follow."""
    boss.office.rig.sql("UPDATE account SET status = 'active' WHERE account_id = $1",
                        fleet["account"])
    boss.office.rig.sql("UPDATE card SET status = 'active', block_reason = ''"
                        " WHERE card_id = $1", fleet["card"])


def test_every_action_has_a_route_in_the_table():
    assert {action for *_, action in ROUTES + PAYING} | ELSEWHERE == PERMISSIONS.keys()
    assert ROLES.keys() == PERMISSIONS.keys()


def others(fleets):
    """What a fleet's client may do with its own, tried on another's."""
    return [(method, path, body) for method, path, body, action in ROUTES
            if "{" in path and "F" in ROLES[action]]


def test_anothers_is_not_there(people, fleets):
    seen = {(method, path): ask(people["fleet"], fleets[1], method, path, body).status_code
            for method, path, body in others(fleets)}
    assert set(seen.values()) == {404}, seen
    for noun in ("account", "subaccount", "vehicle", "driver", "card"):
        path = f"/{noun}s"
        own = people["fleet"].get(path).json()["data"]
        assert {row["account_id"] for row in own} == {fleets[0]["account"]}
        assert people["fleet"].get(f"{path}/{fleets[1][noun]}").status_code == 404
        assert people["fleet"].get(path, account=fleets[1]["account"]).json()["data"] == []
        assert len(people["analyst"].get(path).json()["data"]) >= 2
    found = people["fleet"].post("/card-lookups", {"pan": number_of(2)})
    assert found.status_code == 404
    assert people["fleet"].get("/transactions", account=fleets[1]["account"]).status_code == 404
    made = people["fleet"].post("/vehicles", {"account_id": fleets[1]["account"], "plate": "X"})
    assert made.status_code == 404
    assert people["station"].get("/sites/S2").status_code == 404
    assert people["station"].get("/transactions", site="S2").status_code == 404
    assert [row["site_id"] for row in people["station"].get("/sites").json()["data"]] == ["S1"]
    assert {row["site_id"] for row in people["station"].get("/terminals").json()["data"]} == {"S1"}


@pytest.mark.parametrize("bug", ["scope", "table"])
def test_a_planted_bug_is_seen(people, fleets, monkeypatch, bug):
    if bug == "scope":
        monkeypatch.setattr(desk, "scope", lambda actor, noun: None)
        with pytest.raises(AssertionError):
            test_anothers_is_not_there(people, fleets)
    else:
        monkeypatch.setitem(access.PERMISSIONS, "site.read", frozenset(Role))
        with pytest.raises(AssertionError):
            test_every_route_in_every_role(people, fleets, Role.FLEET)


def test_a_fleet_chooses_no_ids(people, fleets):
    for path, noun, name in (("/vehicles", "vehicle", "plate"), ("/drivers", "driver", "name")):
        body = {name: "X", f"{noun}_id": 2_000_000_999}
        answer = people["fleet"].post(path, body)
        assert (answer.status_code, answer.json()["where"]) == (403, f"{noun}.create")


def test_a_fleet_moves_limits_towards_less(people, fleets):
    boss, client, path = people["administrator"], people["fleet"], f"/cards/{fleets[0]['card']}"

    def put(person, *limits):
        answer = person.patch(path, {"limits": list(limits)})
        return answer.status_code, answer.json().get("where", "")
    forbidden = 403, "card.change.limits"
    assert put(boss, limit(10_000))[0] == 200
    assert put(client, limit(9_000))[0] == 200
    assert put(client, limit(50_000))[0] == 200, "the fleet's own limit stands behind it"
    assert put(client, limit(50_001)) == forbidden
    assert put(client, limit(60_000, watch=True))[0] == 200, "as good as none: the fleet's counts"
    assert put(boss, limit(1, group="x"), limit(9_000))[0] == 422
    assert put(boss, {"window": "week", "measure": "count", "maximum": 3})[0] == 200
    assert put(client) == forbidden
    assert put(client, {"window": "week", "measure": "count", "maximum": 3},
               {"window": "gap", "measure": "count", "maximum": 1, "minutes": 60})[0] == 200
    assert put(client, {"window": "week", "measure": "count", "maximum": 3},
               {"window": "gap", "measure": "count", "maximum": 1, "minutes": 59}) == forbidden
    assert client.patch(path, {"products": None}).json()["where"] == "card.change.products"
    assert client.patch(f"/accounts/{fleets[0]['account']}",
                        {"credit_line": None}).status_code == 403


def test_a_fleet_lifts_its_own_block_alone(people, fleets):
    boss, client, path = people["administrator"], people["fleet"], f"/cards/{fleets[0]['card']}"
    undo(boss, fleets[0])

    def do(person, what, reason=""):
        answer = person.post(f"{path}/{what}", {"reason": reason} if reason else None)
        body = answer.json()
        return answer.status_code, body.get("status") if answer.status_code == 200 else ""
    assert do(client, "blocking", "administrator") == (403, "")
    assert do(client, "blocking", "fleet") == (200, "blocked")
    assert do(client, "unblocking") == (200, "active")
    assert do(client, "blocking", "fleet") == (200, "blocked")
    assert do(boss, "blocking", "administrator") == (200, "blocked")
    assert do(client, "unblocking") == (403, "")
    assert do(client, "blocking", "fleet") == (403, ""), "or it would be its own to lift"
    assert do(boss, "blocking", "stolen") == (200, "stolen")
    assert do(client, "unblocking") == (403, "")
    assert do(boss, "unblocking") == (200, "active")
    assert do(client, "blocking", "lost") == (200, "lost")
    assert do(client, "unblocking") == (403, "")
    assert do(client, "blocking", "fleet") == (403, ""), "or it would be its own to lift"
    assert do(client, "blocking", "stolen") == (200, "stolen")
    assert do(boss, "unblocking") == (200, "active")
    assert do(boss, "unblocking")[0] == 409
    vehicle = f"/vehicles/{fleets[0]['vehicle']}"
    assert boss.patch(vehicle, {"status": "blocked"}).status_code == 200
    assert client.patch(vehicle, {"status": "active"}).status_code == 403
    assert boss.patch(vehicle, {"status": "active"}).status_code == 200
    assert client.patch(vehicle, {"status": "blocked"}).status_code == 200
    assert client.patch(vehicle, {"status": "active"}).status_code == 200


def test_a_replacement_inherits_and_the_old_card_ends(rig, boss, fleets):
    account = fleets[1]["account"]
    first = boss.made("/cards", {
        "account_id": account, "pan": number_of(11), "expiry": "3012", "limits": [limit(7)],
        "vehicle_id": fleets[1]["vehicle"], "driver_id": fleets[1]["driver"]})
    path = f"/cards/{first['card_id']}"
    second = boss.made(f"{path}/replacement", {"pan": number_of(12), "expiry": "3112"})
    assert second["status"] == "not_effective"
    assert (second["replaces"], second["limits"], second["vehicle_id"], second["driver_id"]) == (
        first["card_id"], first["limits"], first["vehicle_id"], first["driver_id"])
    assert boss.get(path).json()["status"] == "active"
    body = {"pan": number_of(13), "expiry": "3112", "when": "now"}
    assert boss.post(f"{path}/replacement", body).status_code == 409
    assert boss.post(f"/cards/{second['card_id']}/unblocking").status_code == 409
    fence = rig.sql("SELECT fence FROM fence WHERE account_id = $1", account)[0][0]
    assert boss.post(f"/cards/{second['card_id']}/activation").json()["status"] == "active"
    assert boss.get(path).json()["status"] == "closed"
    assert rig.sql("SELECT fence FROM fence WHERE account_id = $1", account)[0][0] > fence
    boss.post(f"/cards/{second['card_id']}/blocking", {"reason": "lost"})
    third = boss.made(f"/cards/{second['card_id']}/replacement", body)
    assert third["status"] == "active"
    assert boss.get(f"/cards/{second['card_id']}").json()["status"] == "lost"
    assert boss.post(f"{path}/unblocking").status_code == 409, "closed is for ever"
    rig.sql("UPDATE card SET pin_reset_fence = 0 WHERE card_id = $1", third["card_id"])
    assert boss.post(f"/cards/{third['card_id']}/pin-unlocking").status_code == 200
    row = rig.sql("SELECT c.pin_reset_fence = f.fence AS same FROM card c JOIN fence f"
                  " USING (account_id) WHERE card_id = $1", third["card_id"])
    assert row[0]["same"]


def test_who_is_let_in_and_who_not(rig, office):
    def code(token, office=office):
        answer = Person(office, token).get("/accounts")
        assert answer.status_code == 200 or answer.headers["www-authenticate"] == "Bearer"
        return answer.status_code
    name, token = office.access("analyst")
    _, over = office.access("analyst", expires_at=datetime.now(UTC) - timedelta(seconds=1))
    _, bound = office.access("analyst", certificate="someone")
    assert [code(token), code(over), code(bound), code(""), code("ah_x"), code(token[:-1])] == [
        200, 401, 401, 401, 401, 401]
    kept = rig.sql("SELECT token_hash::text, a.* FROM access a")
    assert all(token not in str(dict(row.items())) for row in kept)
    boss = office.person("administrator")
    assert token not in boss.get("/access").text
    assert boss.send("DELETE", f"/access/{name}").status_code == 204
    assert code(token) == 401
    assert boss.send("DELETE", f"/access/{name}").status_code == 404
    made = boss.post("/access", {"name": "robot", "role": "fleet",
                                 "expires_at": "2099-01-01T00:00:00Z"})
    assert (made.status_code, made.json()["where"]) == (422, "account_id")
    made = boss.made("/access", {"name": "robot", "role": "analyst",
                                 "expires_at": "2099-01-01T00:00:00Z"})
    assert code(made["token"]) == 200


def test_over_mutual_tls_certificate_and_token_go_together(rig, tmp_path_factory):
    authority = Authority.create(tmp_path_factory.mktemp("pki"))
    server = authority.server()
    files = TlsFiles(authority.certificate_path, server.certificate, server.key)
    contexts = {name: client_context(authority.certificate_path, authority.client(name))
                for name in ("erp", "other")}
    with opened(rig, files) as office:
        tokens = {"": "", **{kind: office.access("analyst", **more)[1] for kind, more in {
            "plain": {}, "both": {"certificate": "erp"}}.items()}}

        def code(name, token):
            return Person(office, tokens[token], contexts[name]).get("/accounts").status_code
        assert {(name, token): code(name, token) for name in contexts for token in tokens} == {
            ("erp", ""): 401, ("erp", "plain"): 401, ("erp", "both"): 200,
            ("other", ""): 401, ("other", "plain"): 401, ("other", "both"): 401}
        office.access("analyst", "alone", certificate="erp", with_token=False)
        assert (code("erp", ""), code("other", "")) == (200, 401)
