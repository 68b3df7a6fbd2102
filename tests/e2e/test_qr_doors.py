"""A payment's code over HTTP, and credits as banks and administrators see them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, cast

import msgspec
import pytest
import zxingcpp
from PIL import Image

from authhost.admin.access import Actor
from authhost.admin.refusals import Conflict, Forbidden, Invalid, Refused, Unknown
from authhost.doors.admin_call import AdminCall
from authhost.doors.admin_credits import CreditRoutes
from authhost.doors.call import Call
from authhost.doors.merchant_call import MerchantDoor
from authhost.doors.problems import ProblemError
from authhost.doors.qr import QrRoutes
from authhost.doors.response import Response
from authhost.embedded import Servers
from authhost.merchants.callers import Callers
from authhost.payments.life import State
from authhost.payments.model import Asked, Caller
from authhost.payments.qr_codes import epc_reference, nbs_reference
from authhost.qr import epc, nbs
from tests.support.payments import CALLER
from tests.support.qr_yard import ADMINISTRATOR, BANK_ACTOR, IBAN, Yard, camt054, credit_of
from tests.support.rig import running

URL = "https://pay.example"


class Known:
    """Callers by a token that is their merchant's name."""

    async def caller(self, authorization: str, certificate: str | None) -> Caller | None:
        """SHOP's till, another merchant's, or nobody."""
        other = Caller("OTHER", "x", CALLER.rights)
        return {"Bearer SHOP": CALLER, "Bearer OTHER": other}.get(authorization)


class Doors:
    """The routes of codes and of credits."""

    def __init__(self, yard: Yard, public_url: str = URL) -> None:
        self.yard = yard
        routes = QrRoutes(MerchantDoor(cast(Callers, Known())), yard.shop.payments.archive,
                          yard.matching, public_url)
        self._rows = {(row.method, row.path): row.handler for row in routes.endpoints()}
        self._admin = {(method, path): work
                       for method, path, work in CreditRoutes(yard.credits).routes()}

    def get(self, path: str, payment: str, query: str = "", who: str = "SHOP") -> Response:
        """A merchant's GET."""
        call = Call("GET", {"id": payment}, b"", headers={"authorization": f"Bearer {who}"},
                    query=query.encode())
        return self.yard.rig.run(self._rows["GET", path](call))  # type: ignore[arg-type]

    def refused(self, path: str, payment: str, query: str = "", who: str = "SHOP") -> ProblemError:
        """The problem of one that is not answered."""
        with pytest.raises(ProblemError) as found:
            self.get(path, payment, query, who)
        return found.value

    def admin(self, actor: Actor, method: str, path: str, body: bytes = b"", *,
              query: str = "", media: str = "application/xml", **names: str) -> Any:
        """What the admin API answers."""
        call = Call(method, names, body, headers={"content-type": media}, query=query.encode())
        response = self.yard.rig.run(self._admin[method, path](AdminCall(call, actor, b"s")))
        return msgspec.json.decode(response.body)


@pytest.fixture(scope="module")
def doors(servers: Servers) -> Iterator[Doors]:
    with running(servers) as rig:
        yard = Yard(rig)
        yield Doors(yard)
        yard.close()


TEXT, PNG, SVG = (f"/v1/payments/{{id}}/qr.{kind}" for kind in ("txt", "png", "svg"))
LINK = "/v1/links/{id}"
TELL = "/v1/admin/banks/{id}/credits"
KEPT = "/v1/admin/unmatched-credits"
RESOLVE = f"{KEPT}/{{id}}/resolution"
ACCOUNTS = "/v1/admin/collecting-accounts"


def in_dinars(asked: Asked, yard: Yard) -> None:
    """As a shop in Serbia would have asked."""
    yard.rig.sql("UPDATE payment SET currency = 'RSD' WHERE payment_id = $1", asked.payment_id)


def test_the_code_of_a_payment_in_euro(doors: Doors) -> None:
    asked = doors.yard.ask(purpose="Roses")
    code = epc.read(doors.get(TEXT, asked.payment_id).body)
    assert (code.iban, code.amount_minor, code.name, code.information) == (
        IBAN, 1_250, "Payments Ltd", "Flower shop: Roses")
    assert code.reference == epc_reference(asked.payment_id)
    png = doors.get(PNG, asked.payment_id)
    found = zxingcpp.read_barcode(Image.open(io.BytesIO(png.body)).convert("L"))
    assert found is not None
    assert epc.read(found.bytes) == code
    svg = doors.get(SVG, asked.payment_id)
    assert b"<svg" in svg.body
    assert [(one.media_type, one.headers["Cache-Control"]) for one in (png, svg)] == [
        ("image/png", "no-store"), ("image/svg+xml", "no-store")]


def test_the_code_of_a_payment_in_dinars(doors: Doors) -> None:
    asked = doors.yard.ask(purpose="Ruže 日本 | 3")
    in_dinars(asked, doors.yard)
    bill = nbs.read(doors.get(TEXT, asked.payment_id).body)
    assert (bill.kind, bill.account, bill.amount_minor, bill.model, bill.purpose) == (
        "PR", "260005601001611379", 1_250, "97", "Flower shop Ruže 3")
    assert bill.reference == nbs_reference(asked.payment_id)
    shop = nbs.read(doors.get(TEXT, asked.payment_id, "category=5411").body)
    assert (shop.kind, shop.category) == ("PT", "5411")


def test_what_has_no_code(doors: Doors) -> None:
    yard = doors.yard
    asked, ended, other = yard.ask(), yard.ask(), yard.ask()
    yard.rig.run(yard.shop.payments.cancel(CALLER, ended.payment_id))
    yard.rig.sql("UPDATE payment SET currency = 'HUF' WHERE payment_id = $1", other.payment_id)
    named = yard.shop.ask(yard.shop.phone())
    for payment, query, who, status, where in (
            ("a" * 26, "", "SHOP", 404, "id"), ("x'", "", "SHOP", 404, "id"),
            (asked.payment_id, "", "OTHER", 404, "id"),
            (ended.payment_id, "", "SHOP", 409, "id"),
            (named.payment_id, "", "SHOP", 422, "id"),
            (other.payment_id, "", "SHOP", 422, "currency"),
            (asked.payment_id, "category=54", "SHOP", 422, "category"),
            (asked.payment_id, "shape=round", "SHOP", 422, "shape")):
        problem = doors.refused(PNG, payment, query, who)
        assert (problem.status, problem.where) == (status, where), payment
    assert doors.get(PNG, asked.payment_id, who="nobody").status_code == 401


def test_a_link_tells_whoever_has_it_what_to_sign(doors: Doors) -> None:
    yard = doors.yard
    asked = yard.shop.ask()
    assert doors.get(TEXT, asked.payment_id).body.decode() == f"{URL}/v1/links/{asked.payment_id}"
    shown = msgspec.json.decode(doors.get(LINK, asked.payment_id, who="nobody").body)
    assert (shown["payee"], shown["purpose"], shown["amount_minor"], shown["nonce"]) == (
        "Flower shop", "Roses", 1_250, asked.nonce)
    phone = yard.shop.phone()
    assert yard.shop.say(asked, phone.word(asked.shown))["state"] == "SIGNED"
    for payment in (asked, yard.ask(), yard.shop.ask(phone)):
        assert doors.refused(LINK, payment.payment_id).status == 404
    no_address = Doors(yard, "")
    assert no_address.refused(TEXT, yard.shop.ask().payment_id).title == "No link"


def test_a_bank_tells_a_file_twice(doors: Doors) -> None:
    yard = doors.yard
    first, second = yard.ask(), yard.ask(700)
    credits_ = [credit_of(first), credit_of(second, amount_minor=701)]
    content = camt054(*credits_)
    answers = [doors.admin(BANK_ACTOR, "POST", TELL, content, id="NLB") for _ in range(2)]
    assert answers[0] == answers[1] == {"credits": [
        {"entry_reference": credits_[0].entry_reference, "state": "matched", "why": "",
         "payment_id": first.payment_id},
        {"entry_reference": credits_[1].entry_reference, "state": "unmatched", "why": "amount",
         "payment_id": second.payment_id}]}
    assert yard.shop.now(first).now.state is State.CAPTURED
    assert len(yard.shop.changes(first)) == 2


def test_the_same_as_json_and_told_otherwise(doors: Doors) -> None:
    asked = doors.yard.ask()
    credit = credit_of(asked)
    body = msgspec.json.encode({"credits": [credit]})
    for _ in range(2):
        [told] = doors.admin(BANK_ACTOR, "POST", TELL, body, media="application/json",
                             id="NLB")["credits"]
        assert told["state"] == "matched"
    other = msgspec.json.encode({"credits": [
        msgspec.structs.replace(credit, amount_minor=5), credit_of(asked)]})
    found = doors.admin(ADMINISTRATOR, "POST", TELL, other, media="application/json",
                        id="NLB")["credits"]
    assert [(one["state"], one["why"].split()[0]) for one in found] == [
        ("refused", "the"), ("unmatched", "second_credit")]


def test_a_file_that_cannot_be_believed_counts_nothing(doors: Doors) -> None:
    yard = doors.yard
    asked = yard.ask()
    credit = credit_of(asked)
    with pytest.raises(Invalid, match="come to 1250, it is 99"):
        doors.admin(BANK_ACTOR, "POST", TELL, camt054(credit, amount="0.99"), id="NLB")
    for bad in ({"entry_reference": ""}, {"amount_minor": 0}, {"sender_name": "a\0"},
                {"references": ("x" * 141,)}, {"references": ("x",) * 21}):
        body = msgspec.json.encode({"credits": [
            credit, msgspec.structs.replace(credit_of(asked), **bad)]})
        with pytest.raises(Invalid) as refused:
            doors.admin(BANK_ACTOR, "POST", TELL, body, media="application/json", id="NLB")
        assert refused.value.where == f"credits[1].{next(iter(bad))}"
    with pytest.raises(Invalid, match="comes twice"):
        doors.admin(BANK_ACTOR, "POST", TELL, msgspec.json.encode({"credits": [credit, credit]}),
                    media="application/json", id="NLB")
    assert yard.shop.now(asked).now.state is State.CREATED
    assert yard.rig.sql("SELECT FROM payment_credit WHERE payment_id = $1", asked.payment_id) == []


def test_a_bank_tells_of_itself_alone(doors: Doors) -> None:
    content = camt054(credit_of(doors.yard.ask()))
    refusals: list[tuple[Actor, str, type[Refused]]] = [
        (BANK_ACTOR, "OTHER", Unknown), (ADMINISTRATOR, "NONE", Unknown),
        (Actor("eva", "analyst", 3), "NLB", Forbidden)]
    for actor, bank, refusal in refusals:
        with pytest.raises(refusal):
            doors.admin(actor, "POST", TELL, content, id=bank)


def test_an_administrator_decides_once(doors: Doors) -> None:
    yard = doors.yard
    outcome = yard.tell(credit_of(yard.ask(), amount_minor=3))
    page = doors.admin(ADMINISTRATOR, "GET", KEPT, query="state=unmatched&bank=NLB")
    [row] = [one for one in page["data"] if one["entry_reference"] == outcome.entry_reference]
    assert (row["why"], row["sender_name"]) == ("amount", "Maja Novak")
    number = str(row["credit_id"])
    body = msgspec.json.encode({"state": "to_return", "note": "the payer asked"})
    for _ in range(2):
        decided = doors.admin(ADMINISTRATOR, "POST", RESOLVE, body, id=number)
        assert (decided["state"], decided["resolved_by"]) == ("to_return", "ana")
    with pytest.raises(Conflict, match="to_return already"):
        doors.admin(ADMINISTRATOR, "POST", RESOLVE,
                    msgspec.json.encode({"state": "settled", "note": "booked"}), id=number)
    with pytest.raises(Invalid, match="3 to 500"):
        doors.admin(ADMINISTRATOR, "POST", RESOLVE,
                    msgspec.json.encode({"state": "settled", "note": " "}), id=number)
    with pytest.raises(Unknown):
        doors.admin(ADMINISTRATOR, "POST", RESOLVE, body, id="x")
    with pytest.raises(Forbidden):
        doors.admin(BANK_ACTOR, "POST", RESOLVE, body, id=number)
    assert len(yard.rig.sql("SELECT FROM audit WHERE subject = $1", f"credit/{number}")) == 1
    assert yard.tell(credit_of(yard.ask(), entry_reference=outcome.entry_reference,
                               amount_minor=3)).state == "to_return"


def test_pages_of_what_is_kept(doors: Doors) -> None:
    yard = doors.yard
    for _ in range(3):
        yard.tell(credit_of(yard.ask(), amount_minor=2))
    seen: list[int] = []
    query = "limit=2"
    while True:
        page = doors.admin(ADMINISTRATOR, "GET", KEPT, query=query)
        seen += [one["credit_id"] for one in page["data"]]
        if page["next"] is None:
            break
        query = f"limit=2&after={page['next']}"
    assert seen == [row["credit_id"] for row in yard.rig.sql(
        "SELECT credit_id FROM payment_credit WHERE state <> 'matched' ORDER BY credit_id")]
    assert len(seen) >= 3


def test_collecting_accounts(doors: Doors) -> None:
    def put(iban: str, **more: str) -> Any:
        body = {"bank_id": "OTHER", "currency": "CHF", "name": "Payments Ltd", **more}
        return doors.admin(ADMINISTRATOR, "PUT", f"{ACCOUNTS}/{{iban}}",
                           msgspec.json.encode(body), iban=iban)

    iban = "CH9300762011623852957"
    assert put(iban)["status"] == "active"
    assert put(iban, name="Payments AG")["name"] == "Payments AG"
    assert {"iban": iban, "bank_id": "OTHER", "currency": "CHF", "name": "Payments AG", "bic": "",
            "status": "active"} in doors.admin(ADMINISTRATOR, "GET", ACCOUNTS)["data"]
    with pytest.raises(Conflict, match="stay as they are"):
        put(iban, currency="EUR")
    with pytest.raises(Conflict, match="there is one already"):
        put("LI21088100002324013AA")
    for bad, where in ((lambda: put("CH9300762011623852958"), "iban"),
                       (lambda: put("CH93 0076 2011 6238 5295 7"), "iban"),
                       (lambda: put(iban, name=""), "name"),
                       (lambda: put("DE71110220330123456789", currency="RSD"), "currency")):
        with pytest.raises(Invalid) as refused:
            bad()
        assert refused.value.where == where
    with pytest.raises(Invalid, match="names what is not there"):
        put("DE71110220330123456789", bank_id="NONE", currency="GBP")
    assert len(doors.yard.rig.sql("SELECT FROM audit WHERE subject = $1",
                                  f"collecting_account/{iban}")) == 2
