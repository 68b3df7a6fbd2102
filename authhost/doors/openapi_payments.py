"""The OpenAPI 3.1 description of pay by phone: every route, its answers and its problems.

Knows paths, summaries and the types that check bodies and make answers. A test holds that every
route of the public door is in the table.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from authhost.doors import merchant_people, oauth, payment_actions, phone_enrolment, phone_payments
from authhost.doors.blocked_phones import DESCRIBED as BLOCKED
from authhost.doors.described import Described, document_of
from authhost.doors.payments import ROOT, SEARCH, Changes, EvidenceBody, PaymentPage
from authhost.doors.webhooks import DESCRIBED as WEBHOOKS
from authhost.merchants.logins import Begun, Polled
from authhost.payments import after, bodies, refunds, settled
from authhost.payments.life import State
from authhost.payments.requests import PaymentBody
from authhost.phones.issuing import Enrolled

_ONE: Final = f"{ROOT}/{{id}}"
_PHONE: Final = "/v1/phones/{phone}"
_NONE: Final = "204"


def _many(name: str) -> dict[str, Any]:
    """A list of what is described under a name."""
    return {"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}}


_STREAM: Final = {"type": "string", "description": "Server-sent events; `data` is JSON."}
PAYMENTS: Final = (
    Described("POST", ROOT, "Ask a payer for money", PaymentBody, bodies.Body, status="201"),
    Described("GET", ROOT, "The archive, newest first", answer=PaymentPage, query=SEARCH),
    Described("GET", _ONE, "A payment as it is now", answer=bodies.Body),
    Described("POST", f"{_ONE}/cancellation", "Take a request back", answer=bodies.Said),
    Described("GET", f"{_ONE}/changes", "All that became of it, and through whom", answer=Changes),
    Described("GET", f"{_ONE}/evidence", "What the payer has signed", answer=EvidenceBody),
    Described("GET", f"{ROOT}/events", "Every change of the merchant's payments", answer=_STREAM),
    Described("GET", f"{_ONE}/events", "Every change of one payment", answer=_STREAM),
    Described("POST", f"{_ONE}/captures", "The goods went out, for all or a part",
              payment_actions.Capture, after.Captured, status="201"),
    Described("POST", f"{_ONE}/refunds", "Give money back", payment_actions.Refund,
              refunds.RefundBody, status="201"),
    Described("GET", f"{_ONE}/refunds", "What was given back", answer=refunds.RefundList),
    Described("GET", "/v1/refunds/{id}", "A refund as it is now", answer=refunds.RefundBody),
    Described("GET", "/v1/settlements", "Settlements, newest first", answer=settled.SettlementPage,
              query=("from", "to", "after", "limit")),
    Described("GET", "/v1/settlements/{number}", "A settlement and what is in it",
              answer=settled.Whole, query=("after", "limit")),
    *(Described("GET", f"{_ONE}/qr.{kind}", f"The code to be shown, as {kind}", query=("category",))
      for kind in ("txt", "svg", "png")),
    Described("GET", "/v1/links/{id}", "What whoever has the link may pay",
              answer=bodies.Waiting))
PEOPLE: Final = (
    Described("POST", oauth.TOKEN, "An access token (RFC 6749, 4.4)", answer=oauth.TokenBody),
    Described("POST", oauth.REVOCATION, "A token ends (RFC 7009)"),
    Described("POST", "/v1/logins", "Begin a login by phone", merchant_people.LoginBody, Begun,
              status="201"),
    Described("GET", "/v1/logins/{id}", "What became of it; the token, once", answer=Polled),
    Described("POST", "/v1/logins/{id}/word", "The agent's word",
              merchant_people.LoginWordBody, merchant_people.LoginState),
    Described("GET", "/v1/session", "Who speaks, and what that one may",
              answer=merchant_people.Session),
    Described("DELETE", "/v1/session", "The token that is shown ends", status=_NONE))
PHONES: Final = (
    Described("GET", f"{_PHONE}/logins", "Logins that wait for this phone",
              answer=_many("LoginShown")),
    Described("POST", f"{_ONE}/word", "The payer's word", phone_payments.SaidWord, bodies.Said),
    Described("POST", f"{_ONE}/opened", "The phone shows it", phone_payments.Opened,
              status=_NONE),
    Described("GET", f"{_PHONE}/payments", "What waits, and the results of a day",
              answer=_many("Waiting")),
    Described("GET", f"{_PHONE}/events", "What waits, and what becomes of it", answer=_STREAM),
    Described("POST", "/v1/phones/enrolments", "A phone's first certificate",
              phone_enrolment.Enrolment, Enrolled, status="201"),
    Described("POST", f"{_PHONE}/certificates", "Its next one", phone_enrolment.Renewal, Enrolled,
              status="201"),
    Described("POST", f"{_PHONE}/certificates/{{serial}}/revocation", "It gives its own up",
              phone_enrolment.Signed, status=_NONE),
    Described("PUT", f"{_PHONE}/push", "Where it is told (RFC 8030)", phone_enrolment.Push,
              status=_NONE),
    Described("DELETE", f"{_PHONE}/push", "It is told by its stream alone",
              phone_enrolment.NoPush, status=_NONE))
TABLE: Final = (*PAYMENTS, *PEOPLE, *PHONES, *WEBHOOKS, *BLOCKED)

# By status: what every route may answer besides its own. What is no HTTP is refused before any
# route (400, 408, 431, 501).
_PROBLEMS: Final = {
    "400": "Not JSON, or no Idempotency-Key", "401": "Nobody whom we know",
    "403": "Not permitted, or the certificate or signature is another's",
    "404": "It is not there, or another's", "405": "The path takes another method",
    "409": "Decided already, or one too many: see the detail", "413": "The body is too large",
    "422": "A value is wrong: `where` says which; or the key stands for other content",
    "429": "Too many tries", "503": "Busy: nothing was done, try again",
    "504": "The outcome is not known: repeat with the same key"}
_KEYLESS: Final = frozenset({"/v1/logins", "/v1/logins/{id}/word", f"{_ONE}/word",
                             f"{_ONE}/opened", "/v1/webhooks/test"})
_OPEN: Final = frozenset({"/v1/logins", "/v1/logins/{id}", "/v1/links/{id}"})
_MEDIA: Final = {"/events": "text/event-stream", "/qr.svg": "image/svg+xml",
                 "/qr.png": "image/png", "/qr.txt": "text/plain"}
_QUERY: Final[dict[str, dict[str, Any]]] = {
    "limit": {"type": "integer", "minimum": 1, "maximum": 1_000},
    "amount_minor": {"type": "integer", "minimum": 1},
    "from": {"type": "string", "format": "date-time"},
    "to": {"type": "string", "format": "date-time"},
    "state": {"type": "string", "description": "One or more, joined by commas.",
              "examples": [state.upper() for state in State]}}
_DAYS: Final = {"type": "string", "format": "date"}
_FORM: Final[dict[str, Any]] = {"type": "object", "properties": {
    name: {"type": "string"} for name in ("grant_type", "scope", "client_id", "client_secret",
                                          "token")}}


def payments_document() -> dict[str, Any]:
    """The description, ready to be served as JSON."""
    made = document_of("authhost: pay by phone", TABLE, keyed=True)
    made["components"]["securitySchemes"] = {
        "token": {"type": "oauth2", "flows": {"clientCredentials": {
            "tokenUrl": oauth.TOKEN, "scopes": {
                "payment": "ask and take back", "refund": "give back", "report": "read reports",
                "webhook": "keys and dead letters"}}}},
        "session": {"type": "http", "scheme": "bearer"}, "certificate": {"type": "mutualTLS"}}
    _, more = msgspec.json.schema_components(
        [oauth.ErrorBody, merchant_people.LoginShown],
        ref_template="#/components/schemas/{name}")
    made["components"]["schemas"] |= more
    for path, operations in made["paths"].items():
        for operation in operations.values():
            _complete(path, operation)
    return made


def _complete(path: str, operation: dict[str, Any]) -> None:
    """What the table leaves out: problems, media types, who may ask, parameters' types."""
    answers = operation["responses"]
    problem = answers.pop("default")["content"]
    if path.startswith("/v1/oauth/"):
        problem |= {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorBody"}}}
        operation["requestBody"] = {"required": True,
                                    "content": {oauth.FORM: {"schema": _FORM}}}
    for status, text in _PROBLEMS.items():
        answers.setdefault(status, {"description": text, "content": problem})
    for ending, media in _MEDIA.items():
        if path.endswith(ending):
            answers["200"]["content"] = {media: {"schema": {"type": "string"}}}
    is_phones = path.startswith("/v1/phones/") or path in {f"{_ONE}/word", f"{_ONE}/opened"}
    if is_phones or path in {*_OPEN, "/v1/logins/{id}/word"}:
        operation["security"] = [{}, {"certificate": []}]
    elif not path.startswith("/v1/oauth/"):
        operation["security"] = [{"token": []}, {"session": []}, {"certificate": []}]
    keyless = path in _KEYLESS or is_phones or path.startswith("/v1/oauth/")
    operation["parameters"] = [
        one for one in operation["parameters"]
        if not (keyless and one["name"] == "Idempotency-Key")]
    for one in operation["parameters"]:
        if one["name"] == "Idempotency-Key":
            one["schema"] = {"type": "string", "minLength": 1, "maxLength": 64,
                             "pattern": "^[ -~]+$"}
        elif one["in"] == "query":
            one["schema"] = _DAYS if "settlements" in path and one["name"] in {"from", "to"} \
                else _QUERY.get(one["name"], one["schema"])

