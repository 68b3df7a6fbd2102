"""Routes of certificates: for people who issue and revoke, and for a device that renews its own.

Knows paths and bodies; what is signed is for certificates to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final

import msgspec

from authhost.admin.access import allow
from authhost.admin.refusal_log import DEVICE, Refusal, RefusalLog
from authhost.admin.refusals import Conflict, Refused
from authhost.certificates.authority import pem
from authhost.certificates.desk import (
    DAYS,
    MOST_DAYS,
    OVERLAP_DAYS,
    Certificates,
    Wanted,
    device,
)
from authhost.certificates.requests import MOST_BYTES
from authhost.doors.admin_call import AdminCall, Route, page_response
from authhost.doors.call import Call, Endpoint, encoded
from authhost.doors.problems import ProblemError
from authhost.doors.response import Response
from authhost.translate.bodies import Body

_ROOT: Final = "/v1/admin/certificates"
_OWN: Final = "/v1/terminals/{terminal_id}/certificates"
_PEM: Final = "application/x-pem-file"
Pem = Annotated[str, msgspec.Meta(max_length=MOST_BYTES)]
Terminal = Annotated[str, msgspec.Meta(pattern=r"^[!-~]{1,32}$(?!\n)")]


class CertificateRequest(Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A request (PKCS#10 in PEM) of a terminal; days that its certificate is to be good for."""

    terminal_id: Terminal
    request: Pem
    days: Annotated[int, msgspec.Meta(ge=1, le=MOST_DAYS)] = DAYS


class Renewal(CertificateRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The same in place of the one in force, which ends after so many days."""

    overlap_days: Annotated[int, msgspec.Meta(ge=0, le=90)] = OVERLAP_DAYS


class Adoption(Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A certificate (PEM) that another authority has issued to a terminal."""

    terminal_id: Terminal
    certificate: Pem


class Revocation(Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Why."""

    reason: Annotated[str, msgspec.Meta(max_length=32)] = "unspecified"


class OwnRenewal(Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a device sends: a request for its own next certificate."""

    request: Pem


class CertificateRoutes:
    """For people."""

    def __init__(self, certificates: Certificates) -> None:
        self._certificates = certificates

    def routes(self) -> list[Route]:
        """(method, path, work)."""
        return [("GET", _ROOT, self._list), ("POST", _ROOT, self._issue),
                ("POST", f"{_ROOT}/renewals", self._renew),
                ("POST", f"{_ROOT}/adoptions", self._adopt),
                ("GET", f"{_ROOT}/crl", self._crl), ("GET", f"{_ROOT}/authority", self._chain),
                ("POST", f"{_ROOT}/{{serial}}/revocation", self._revoke)]

    async def _list(self, call: AdminCall) -> Response:
        query = call.query("terminal", "ending_before", "after", "limit")
        rows, following = await self._certificates.page(
            call.actor, query.get("terminal", ""), call.instant("ending_before"),
            query.get("after", ""), call.limit())
        return page_response(rows, following)

    async def _issue(self, call: AdminCall) -> Response:
        allow(call.actor, "certificate.issue")
        body = call.call.decode(CertificateRequest)
        row = await self._certificates.issue(call.actor, _wanted(body), call.asked("certificates"))
        return encoded(row, 201)

    async def _renew(self, call: AdminCall) -> Response:
        allow(call.actor, "certificate.renew")
        body = call.call.decode(Renewal)
        row = await self._certificates.renew(
            call.actor, _wanted(body), call.asked("certificates", "renewals"),
            overlap_days=body.overlap_days)
        return encoded(row, 201)

    async def _adopt(self, call: AdminCall) -> Response:
        allow(call.actor, "certificate.issue")
        body = call.call.decode(Adoption)
        row = await self._certificates.adopt(call.actor, body.terminal_id, body.certificate,
                                             call.asked("certificates", "adoptions"))
        return encoded(row, 201)

    async def _revoke(self, call: AdminCall) -> Response:
        allow(call.actor, "certificate.revoke")
        body = call.call.decode(Revocation) if call.call.body else Revocation()
        row = await self._certificates.revoke(call.actor, call.call.path["serial"], body.reason)
        return encoded(row)

    async def _crl(self, call: AdminCall) -> Response:
        call.query()
        found = await self._certificates.revoked(call.actor)
        return Response(pem(found), media_type=_PEM)

    async def _chain(self, call: AdminCall) -> Response:
        allow(call.actor, "certificate.read")
        return Response(self._certificates.chain(), media_type=_PEM)


class DeviceCertificateRoutes:
    """For devices: who has shown a certificate in force renews it."""

    def __init__(self, certificates: Certificates, refusals: RefusalLog) -> None:
        self._certificates = certificates
        self._refusals = refusals

    def endpoints(self) -> Sequence[Endpoint]:
        """Rows for the route table of the HTTP door. A repeat is known by its key pair."""
        return [Endpoint("POST", _OWN, self._renew, keyed=False)]

    async def _renew(self, call: Call) -> Response:
        terminal_id = call.path["terminal_id"]
        if not call.certificate:
            raise ProblemError(403, "Certificate", "only over mutual TLS", "certificate")
        call.is_from(terminal_id)
        body = call.decode(OwnRenewal)
        try:
            row = await self._certificates.renew(
                device(terminal_id), Wanted(terminal_id=terminal_id, request=body.request), None)
            row["authority"] = self._certificates.chain()
        except Refused as refused:
            status, title = (409, "Conflict") if isinstance(refused, Conflict) else (422, "Invalid")
            await self._refusals.note(Refusal(terminal_id, DEVICE, "POST /v1/terminals/"
                                              f"{terminal_id}/certificates",
                                              f"{status} {refused.where}"))
            raise ProblemError(status, title, refused.detail, refused.where) from None
        return encoded(row, 201)


def _wanted(body: CertificateRequest) -> Wanted:
    return Wanted(terminal_id=body.terminal_id, request=body.request, days=body.days)
