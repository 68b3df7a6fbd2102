"""Routes of phones: a payer's phone enrols, renews, gives up, says where it is told; and the bank's
people make payers, open codes, block, revoke.

Knows paths and bodies; what is signed, refused or raised is phones'. A phone proves what it says by
its signature; over mutual TLS its certificate names it besides.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Final

import msgspec

from authhost.admin.access import allow
from authhost.admin.refusal_log import NOBODY, Refusal, RefusalLog
from authhost.admin.refusals import Invalid
from authhost.certificates.requests import MOST_BYTES
from authhost.doors.admin_call import AdminCall, Work
from authhost.doors.admission import Admission
from authhost.doors.call import Call, Endpoint, encoded
from authhost.doors.merchant_call import in_words
from authhost.doors.problems import ProblemError
from authhost.doors.response import Response
from authhost.payments.signing import SignedAt
from authhost.phone_numbers import MOST, e164
from authhost.phones.desk import PAYER, Phones, Proof
from authhost.phones.subscriptions import Subscription
from authhost.translate.bodies import Body

_PHONE: Final = "/v1/phones/{phone}"
_ADMIN: Final = "/v1/admin"
_END: Final = r"$(?!\n)"
PhoneNumber = Annotated[str, msgspec.Meta(
    min_length=1, max_length=MOST, description="As people write it; kept as E.164.")]
Request = Annotated[str, msgspec.Meta(max_length=MOST_BYTES, description="PKCS#10, PEM.")]
Serial = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{1,40}" + _END)]
Signature = Annotated[str, msgspec.Meta(max_length=200, description="base64.")]
Key = Annotated[str, msgspec.Meta(max_length=200, description="base64url.")]


class Enrolment(Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A new phone: its number, the code that the bank gave, and a request made on it."""

    phone: PhoneNumber
    code: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
    request: Request

    def __repr__(self) -> str:
        return "Enrolment(hidden)"


class Signed(Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a phone proves by the key of one of its certificates."""

    signed_at: SignedAt
    signature: Signature


class Renewal(Signed, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A request for the next certificate, signed by the key in force."""

    serial: Serial
    request: Request


class Push(Signed, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where the phone is told besides its events (RFC 8030, RFC 8291)."""

    serial: Serial
    endpoint: Annotated[str, msgspec.Meta(max_length=2_048)]
    p256dh: Key
    auth: Key


class NoPush(Signed, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """By its events alone."""

    serial: Serial


class NewPayer(Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A payer: a phone, and an account of kind 'payer'."""

    phone: PhoneNumber
    account_id: Annotated[int, msgspec.Meta(ge=1, le=2**62)]
    name: Annotated[str, msgspec.Meta(max_length=70, pattern=r"^[^\x00-\x1f\x7f]*" + _END)] = ""


class RefusedMerchants(Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All merchants that a payer refuses; none of them: an empty list."""

    merchants: Annotated[tuple[Annotated[str, msgspec.Meta(pattern=r"^[!-~]{1,64}" + _END)], ...],
                         msgspec.Meta(max_length=1_000)]


class PayerRevocation(Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Why."""

    reason: Annotated[str, msgspec.Meta(max_length=32)] = "unspecified"


class PhoneRoutes:
    """For phones and for offices. region: ISO 3166, of numbers without a country code, '' for none.
    """

    def __init__(self, phones: Phones, admission: Admission, refusals: RefusalLog,
                 region: str = "") -> None:
        self._phones = phones
        self._region = region
        self._admission = admission
        self._refusals = refusals

    def endpoints(self) -> list[Endpoint]:
        """What phones may reach. A repeat is known by its key: none needs an Idempotency-Key."""
        return [self._told(*row) for row in (
            ("POST", "/v1/phones/enrolments", self._enrol),
            ("POST", f"{_PHONE}/certificates", self._renew),
            ("POST", f"{_PHONE}/certificates/{{serial}}/revocation", self._give_up),
            ("PUT", f"{_PHONE}/push", self._subscribe),
            ("DELETE", f"{_PHONE}/push", self._unsubscribe))]

    def office_endpoints(self) -> list[Endpoint]:
        """What offices may reach. A second code takes the place of the first, and a block again is
        a block: they need no Idempotency-Key."""
        return [self._admin(*row) for row in (
            ("POST", f"{_ADMIN}/payers", self._add, True),
            ("GET", f"{_ADMIN}/payers/{{phone}}", self._read, False),
            ("POST", f"{_ADMIN}/payers/{{phone}}/codes", self._open_code, False),
            ("POST", f"{_ADMIN}/payers/{{phone}}/block", self._block, False),
            ("POST", f"{_ADMIN}/payers/{{phone}}/unblock", self._unblock, False),
            ("PUT", f"{_ADMIN}/payers/{{phone}}/refused-merchants", self._refuse, False),
            ("POST", f"{_ADMIN}/payer-certificates/{{serial}}/revocation", self._revoke, False))]

    def _told(self, method: str, path: str,
              work: Callable[[Call], Awaitable[Response]]) -> Endpoint:
        """What a phone sends; a refusal is in the audit trail."""
        async def handler(call: Call) -> Response:
            try:
                return await in_words(work(call))
            except ProblemError as problem:
                if problem.status in {403, 409}:
                    await self._refusals.note(_refusal(call, f"{method} {path}", problem))
                raise

        return Endpoint(method, path, handler, keyed=False)

    def _admin(self, method: str, path: str, work: Work, keyed: bool) -> Endpoint:
        return self._admission.endpoint(method, path, work, keyed=keyed)

    async def _enrol(self, call: Call) -> Response:
        body = call.decode(Enrolment)
        made = await self._phones.enrol(_number(body.phone, self._region), body.code, body.request)
        return encoded(made, 201)

    async def _renew(self, call: Call) -> Response:
        phone = _speaker(call)
        body = call.decode(Renewal)
        made = await self._phones.renew(phone, body.request, _proof(body.serial, body))
        return encoded(made, 201)

    async def _give_up(self, call: Call) -> Response:
        phone = _speaker(call)
        body = call.decode(Signed)
        await self._phones.revoke_own(phone, _proof(call.path["serial"], body))
        return Response(b"", 204)

    async def _subscribe(self, call: Call) -> Response:
        phone = _speaker(call)
        body = call.decode(Push)
        await self._phones.subscribe(
            phone, Subscription(endpoint=body.endpoint, p256dh=body.p256dh, auth=body.auth),
            _proof(body.serial, body))
        return Response(b"", 204)

    async def _unsubscribe(self, call: Call) -> Response:
        phone = _speaker(call)
        body = call.decode(NoPush)
        await self._phones.unsubscribe(phone, _proof(body.serial, body))
        return Response(b"", 204)

    async def _add(self, call: AdminCall) -> Response:
        allow(call.actor, "payer.create")
        body = call.call.decode(NewPayer)
        phone = _admins_number(body.phone, self._region)
        row = await self._phones.add_payer(call.actor, phone, body.account_id, body.name,
                                           call.asked("payers"))
        response = encoded(row, 201)
        response.headers["Location"] = f"{_ADMIN}/payers/{phone}"
        return response

    async def _read(self, call: AdminCall) -> Response:
        call.query()
        return encoded(await self._phones.read(call.actor, _admins_path(call)))

    async def _open_code(self, call: AdminCall) -> Response:
        phone = _admins_path(call)
        code = await self._phones.open_code(call.actor, phone)
        return encoded({"phone": phone, "code": code}, 201).uncached()

    async def _block(self, call: AdminCall) -> Response:
        return encoded(await self._phones.block(call.actor, _admins_path(call)))

    async def _unblock(self, call: AdminCall) -> Response:
        return encoded(await self._phones.unblock(call.actor, _admins_path(call)))

    async def _refuse(self, call: AdminCall) -> Response:
        allow(call.actor, "payer.change")
        body = call.call.decode(RefusedMerchants)
        return encoded(await self._phones.refuse(call.actor, _admins_path(call), body.merchants))

    async def _revoke(self, call: AdminCall) -> Response:
        allow(call.actor, "payer.revoke")
        body = call.call.decode(PayerRevocation) if call.call.body else PayerRevocation()
        return encoded(await self._phones.revoke(call.actor, call.call.path["serial"], body.reason))


def _refusal(call: Call, route: str, problem: ProblemError) -> Refusal:
    """As the audit trail has it: under a phone's number where its certificate names it. Whatever
    else names a number is a stranger's word, and a stranger's place in the trail."""
    name, said = call.certificate or NOBODY, call.path.get("phone", "")[:MOST]
    why = f"{problem.status} {problem.where}".rstrip()
    if said not in {"", name}:
        why += f", of {said}"
    return Refusal(name, PAYER if name.startswith("+") else NOBODY, route, why)


def _speaker(call: Call) -> str:
    """The phone of the path; over mutual TLS nobody speaks for another."""
    phone = _number(call.path["phone"], "")
    call.is_from(phone)
    return phone


def _number(text: str, region: str) -> str:
    try:
        return e164(text, region)
    except ValueError as error:
        raise ProblemError(422, "Invalid", str(error), "phone") from None


def _admins_number(text: str, region: str) -> str:
    try:
        return e164(text, region)
    except ValueError as error:
        raise Invalid(str(error), "phone") from None


def _admins_path(call: AdminCall) -> str:
    return _admins_number(call.call.path["phone"], "")


def _proof(serial: str, body: Signed) -> Proof:
    return Proof(serial, body.signed_at, body.signature)
