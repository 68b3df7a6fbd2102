"""The merchant API of payments over HTTP: asked, read, searched, taken back, proved."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from authhost.certificates.authority import pem
from authhost.embedded import Servers
from authhost.payments.model import Asked
from tests.support.merchants import Shopfront, Till, wanted
from tests.support.payments import Root, Shop
from tests.support.rig import Rig, running


@pytest.fixture(scope="module")
def rig(servers: Servers, root: Root, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    path = tmp_path_factory.mktemp("payers") / "ca.pem"
    path.write_bytes(pem(root.certificate))
    with running(servers, http=True, payer_ca=(path,), phone_region="SI") as made:
        yield made


def asked_of(rig: Rig, payment_id: str) -> Asked:
    """The request behind an id."""
    return rig.run(rig.host.paying.payments.asked(payment_id))


def test_a_payment_is_asked_read_signed_and_proved(rig: Rig, front: Shopfront, till: Till,
                                                   shop: Shop) -> None:
    phone = shop.phone()
    answer = till.post("/v1/payments", wanted(payer_phone=phone.number, capture="manual"))
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["state"], made["amount_minor"], made["payer_phone"], made["capture"]) == (
        "CREATED", 1_250, phone.number, "manual")
    path = f"/v1/payments/{made['id']}"
    assert till.get(path).json() == made
    assert till.get(f"{path}/evidence").status_code == 404
    asked = asked_of(rig, made["id"])
    word = phone.word(asked.shown)
    rig.run(rig.host.paying.payments.word(asked.payment_id, word))
    assert front.bank.debits[-1].asked == asked
    assert till.get(path).json()["state"] == "SIGNED"
    changes = till.get(f"{path}/changes").json()["data"]
    assert [(one["event"], one["before"], one["after"], one["who"]) for one in changes] == [
        ("CREATE", "", "CREATED", asked.user_id),
        ("SIGN", "CREATED", "SIGNED", phone.number)]
    rig.run(rig.host.paying.payments.paid(asked, phone.account_id, "ACSC"))
    paid = till.get(path).json()
    assert (paid["state"], paid["payout_date"]) == ("PAID", None)  # nothing of it is captured yet
    proof = till.get(f"{path}/evidence").json()
    certificate = x509.load_pem_x509_certificate(proof["certificate"].encode())
    key = certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(base64.b64decode(proof["signature"]), proof["text"].encode(),
               ec.ECDSA(hashes.SHA256()))
    assert asked.nonce in proof["text"]


def test_a_paid_payment_says_when_it_is_paid_out(rig: Rig, till: Till, shop: Shop) -> None:
    phone = shop.phone()
    made = till.post("/v1/payments", wanted(payer_phone=phone.number, reference="out")).json()
    asked = asked_of(rig, made["id"])
    rig.run(rig.host.paying.payments.word(asked.payment_id, phone.word(asked.shown)))
    rig.run(rig.host.paying.payments.paid(asked, phone.account_id, "ACSC"))
    shown = till.get(f"/v1/payments/{made['id']}").json()
    assert (shown["state"], shown["payout_date"] > "2026-07-23") == ("CAPTURED", True)
    assert till.get("/v1/payments", reference="out").json()["data"] == [shown]


@pytest.mark.invariant(3)
@pytest.mark.invariant(4)
def test_the_same_key_is_the_same_payment(till: Till) -> None:
    first = till.post("/v1/payments", wanted(7), key="same")
    assert till.post("/v1/payments", wanted(7), key="same").json() == first.json()
    other = till.post("/v1/payments", wanted(8), key="same")
    assert (other.status_code, other.json()["where"]) == (422, "Idempotency-Key")
    assert len(till.get("/v1/payments", amount_minor=7).json()["data"]) == 1


@pytest.mark.parametrize(("number", "kept"), [
    ("040 123 456", "+38640123456"), ("+386 (40) 123-456", "+38640123456"),
    ("0043 664 1234567", "+436641234567")])
def test_numbers_in_every_form(till: Till, number: str, kept: str) -> None:
    made = till.post("/v1/payments", wanted(payer_phone=number)).json()
    assert made["payer_phone"] == kept
    found = till.get("/v1/payments", phone=number).json()["data"]
    assert made["id"] in [one["id"] for one in found]


def stored(rig: Rig) -> tuple[int, ...]:
    """How many rows there are of whatever a request might leave behind."""
    row = rig.sql("SELECT (SELECT count(*) FROM claim) AS c, (SELECT count(*) FROM journal) AS j,"
                  " (SELECT count(*) FROM payment) AS p, (SELECT count(*) FROM parked) AS k,"
                  " (SELECT count(*) FROM payment_change) AS h,"
                  " (SELECT count(*) FROM webhook) AS w")[0]
    return tuple(row.values())


BAD: list[tuple[dict[str, Any], str]] = [
    ({"amount_minor": 0}, "amount_minor"), ({"amount_minor": -1}, "amount_minor"),
    ({"amount_minor": 1.5}, "amount_minor"), ({"amount_minor": "1"}, "amount_minor"),
    ({"amount_minor": 10**13}, "amount_minor"), ({"currency": "eur"}, "currency"),
    ({"currency": "USD"}, "currency"), ({"purpose": ""}, "purpose"), ({"purpose": "  "}, "purpose"),
    ({"purpose": "x" * 10_000}, "purpose"), ({"purpose": "a\nb"}, "purpose"),
    ({"purpose": "a\x00b"}, "purpose"), ({"purpose": "a\u202eb"}, "purpose"),
    ({"purpose": "a\u2066b"}, "purpose"), ({"purpose": "a\u2028b"}, "purpose"),
    ({"purpose": "a\u200bb"}, "purpose"), ({"reference": "r" * 36}, "reference"),
    ({"reference": "r\t"}, "reference"), ({"payer_phone": "12"}, "payer_phone"),
    ({"payer_phone": "phone"}, "payer_phone"), ({"payer_phone": "+999 123 456 789"}, "payer_phone"),
    ({"expires_in_s": 29}, "expires_in_s"), ({"expires_in_s": 86_401}, "expires_in_s"),
    ({"callback_url": "http://shop.example/"}, "callback_url"),
    ({"callback_url": "https://127.0.0.1/"}, "callback_url"),
    ({"callback_url": "https://169.254.169.254/latest"}, "callback_url"),
    ({"callback_url": "https://2130706433/"}, "callback_url"),
    ({"kind": "cash"}, "kind"), ({"capture": "later"}, "capture"), ({"more": 1}, ""),
    ({"kind": "qr", "payer_phone": "+38640123456"}, "payer_phone"),
    *(({"payer_phone": number}, "payer_phone") for number in (
        "", " ", "+", "+386 40 12", "0" * 64, "9" * 65, "040 123 456\x00",
        "tel:", "+38640123456;ext=1" * 3, "040/ABC", "+1 555", "' OR 1=1 --")),
    *(({"callback_url": url}, "callback_url") for url in (
        "https://localhost/", "https://10.0.0.1/", "https://192.168.1.1:8443/x",
        "https://172.16.0.1/", "https://[::1]/", "https://[fd00::1]/", "https://[::ffff:10.0.0.1]/",
        "https://0x7f000001/", "https://0177.0.0.1/", "https://127.1/", "https://100.64.0.1/",
        "https://metadata.internal/", "https://printer.local/", "https://intranet/",
        "https://user:word@shop.example/", "https://shop.example:22/", "ftp://shop.example/",
        "https://shop.example/#x", "//shop.example/", "https://", "x" * 2_049)),
    *(({"purpose": f"a{sign}b"}, "purpose") for sign in (
        "\r", "\t", "\x1b[2J", "\x7f", "\x85", "\u2029", "\ufeff", "\ue000", "\u3164", "\u2800",
        "\u115f", "\ufe0f", "\u034f", "\uffa0", "\U000e0100", "\U0001d159"))]


@pytest.mark.parametrize(("more", "where"), BAD)
@pytest.mark.invariant(14)
def test_bad_input_is_a_clear_error_and_stores_nothing(rig: Rig, till: Till, more: dict[str, Any],
                                                       where: str) -> None:
    before = stored(rig)
    answer = till.post("/v1/payments", wanted(**more))
    problem = answer.json()
    assert (answer.status_code, problem["where"]) == (422, where), problem
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["detail"]
    assert stored(rig) == before


def test_what_is_no_json_and_what_has_no_key(front: Shopfront, till: Till) -> None:
    assert till.post("/v1/payments", b"{").status_code == 400
    assert till.post("/v1/payments", b'{"purpose": "\xff"}').status_code == 400
    assert front.send("POST", "/v1/payments", headers=till.headers,
                      json=wanted()).json()["where"] == "Idempotency-Key"


def test_a_purpose_is_kept_in_one_form(till: Till) -> None:
    made = till.post("/v1/payments", wanted(purpose="Cafe\u0301")).json()
    assert made["purpose"] == "Caf\u00e9"


@pytest.mark.parametrize("one_instant", [False, True])
def test_pages_are_newest_first_and_meet(rig: Rig, till: Till, one_instant: bool) -> None:
    reference = f"paged-{one_instant}"
    ids = [till.post("/v1/payments", wanted(100 + number, reference=reference)).json()["id"]
           for number in range(7)][::-1]
    if one_instant:
        rig.sql("UPDATE payment SET created_at = '2026-07-23T10:00:00.123456Z' "
                "WHERE reference = $1", reference)
        ids.sort()
    seen, after = [], ""
    for _ in range(4):
        page = till.get("/v1/payments", reference=reference, limit=3,
                        **({"after": after} if after else {})).json()
        seen += [one["id"] for one in page["data"]]
        after = page["next"]
        if after is None:
            break
    assert seen == ids


def test_the_archive_is_searched_by_each_part(till: Till) -> None:
    made = till.post("/v1/payments", wanted(4_321, reference="needle")).json()
    till.post(f"/v1/payments/{made['id']}/cancellation")
    for query in ({"state": "CANCELLED", "reference": "needle"}, {"amount_minor": 4_321},
                  {"reference": "needle"}, {"from": made["created_at"], "reference": "needle"},
                  {"state": "PAID,CANCELLED", "amount_minor": 4_321}):
        assert [one["id"] for one in till.get("/v1/payments", **query).json()["data"]] == [
            made["id"]], query
    for query in ({"state": "PAID", "reference": "needle"}, {"amount_minor": 4_322},
                  {"reference": "needl"}, {"to": made["created_at"][:19] + "Z",
                                           "reference": "needle"}):
        assert not till.get("/v1/payments", **query).json()["data"], query


@pytest.mark.parametrize(("query", "where"), [
    ({"state": "GONE"}, "state"), ({"from": "yesterday"}, "from"),
    ({"to": "2026-01-01T00:00:00"}, "to"), ({"amount_minor": "x"}, "amount_minor"),
    ({"limit": "0"}, "limit"), ({"limit": "1001"}, "limit"), ({"after": "!!"}, "after"),
    ({"after": "WzFd"}, "after"), ({"phone": "abc"}, "phone"), ({"sate": "PAID"}, "sate"),
    ({"reference": "a\0b"}, "reference")])
def test_a_bad_query_is_said(till: Till, query: dict[str, str], where: str) -> None:
    answer = till.get("/v1/payments", **query)
    assert (answer.status_code, answer.json()["where"]) == (422, where), answer.text


def test_a_payment_is_taken_back_once_and_the_loser_hears_the_truth(rig: Rig, till: Till,
                                                                    shop: Shop) -> None:
    phone = shop.phone()
    made = till.post("/v1/payments", wanted(payer_phone=phone.number)).json()
    path = f"/v1/payments/{made['id']}"
    first = till.post(f"{path}/cancellation")
    assert (first.status_code, first.json()["state"]) == (200, "CANCELLED")
    assert till.post(f"{path}/cancellation").json() == first.json()
    other = till.post("/v1/payments", wanted(payer_phone=phone.number)).json()
    rig.run(rig.host.paying.payments.word(other["id"],
                                          phone.word(asked_of(rig, other["id"]).shown)))
    late = till.post(f"/v1/payments/{other['id']}/cancellation")
    assert (late.status_code, "SIGNED" in late.json()["detail"]) == (409, True)


def test_anothers_payment_is_not_there(rig: Rig, front: Shopfront, till: Till) -> None:
    rig.sql("INSERT INTO merchant (merchant_id, name, status, account_id) VALUES "
            "('RIVAL', 'Rival', 'active', 900001) ON CONFLICT DO NOTHING")
    rival = front.till(merchant="RIVAL")
    made = till.post("/v1/payments", wanted(9_876)).json()
    path = f"/v1/payments/{made['id']}"
    for answer in (rival.get(path), rival.get(f"{path}/changes"), rival.get(f"{path}/evidence"),
                   rival.get(f"{path}/events"), rival.post(f"{path}/cancellation")):
        assert answer.status_code == 404
    assert not rival.get("/v1/payments", amount_minor=9_876).json()["data"]
    assert till.get(path).json()["state"] == "CREATED"
    for name in ("x", "a" * 26, "%00", "%ff", "A" * 26):
        assert till.get(f"/v1/payments/{name}").status_code == 404


def test_rights_are_held(front: Shopfront, till: Till) -> None:
    reader = front.till(rights=("report",))
    answer = reader.post("/v1/payments", wanted())
    assert (answer.status_code, answer.json()["where"]) == (403, "payment")
    code = f"/v1/payments/{till.post('/v1/payments', wanted(kind='qr')).json()['id']}/qr"
    for kind in ("txt", "svg", "png"):
        assert reader.get(f"{code}.{kind}").json()["where"] == "payment"
    clerk = front.till(rights=("payment",))
    path = f"/v1/payments/{clerk.post('/v1/payments', wanted()).json()['id']}"
    assert clerk.get(f"{path}/evidence").json()["where"] == "report"


def test_two_tills_that_count_alike_make_two_sales(front: Shopfront, till: Till) -> None:
    """A key is its user's: `1` of one till is not `1` of the other."""
    other = front.till()
    made = till.post("/v1/payments", wanted(), key="1").json()
    sold = other.post("/v1/payments", wanted(), key="1").json()
    assert made["id"] != sold["id"]
    assert other.post("/v1/payments", wanted(), key="1").json() == sold
    assert till.post("/v1/payments", wanted(77), key="1").status_code == 422


def test_two_agents_are_two_persons(rig: Rig, front: Shopfront) -> None:
    (one, first), (two, second) = front.user(), front.user()
    made = Till(front, front.token(one, first)).post("/v1/payments", wanted()).json()
    path = f"/v1/payments/{made['id']}"
    Till(front, front.token(two, second)).post(f"{path}/cancellation")
    assert [row["who"] for row in rig.sql(
        "SELECT who FROM payment_change WHERE payment_id = $1 ORDER BY version", made["id"])] == [
        one, two]


def test_a_developers_merchant_asks_no_bank(rig: Rig, front: Shopfront) -> None:
    rig.sql("INSERT INTO merchant (merchant_id, name, status, account_id, sandbox) VALUES "
            "('SANDBOX', 'Developer', 'active', 900001, true)")
    assert front.till(merchant="SANDBOX").post("/v1/payments", wanted()).json()["sandbox"] is True


def test_nobody_answers_in_time(rig: Rig, till: Till) -> None:
    made = till.post("/v1/payments", wanted()).json()
    rig.sql("UPDATE payment SET expires_at = now() WHERE payment_id = $1", made["id"])
    rig.run(rig.host.paying.payments.sweep())
    assert till.get(f"/v1/payments/{made['id']}").json()["state"] == "EXPIRED"


@pytest.mark.invariant(2)
def test_a_restarted_host_knows_it_all(rig: Rig, front: Shopfront, till: Till) -> None:
    made = till.post("/v1/payments", wanted(55), key="kept").json()
    rig.restart()
    front.url = f"http://127.0.0.1:{rig.ports['http']}"
    assert till.post("/v1/payments", wanted(55), key="kept").json() == made
    assert till.get(f"/v1/payments/{made['id']}").json() == made
