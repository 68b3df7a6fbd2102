"""OAuth 2 for merchants' programs: client credentials, and the end of a token.

Knows forms and the words of the standards; who a client is, sessions say. Sources: RFC 6749 (2.3.1,
4.4, 5.1, 5.2), RFC 7009, RFC 6750. Rights are the scope. A wrong secret is answered alike for a
client that there is not.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, unquote_plus

import msgspec

from authhost.doors.call import Call, Endpoint, encoded, json_response
from authhost.doors.response import Response
from authhost.merchants.callers import RIGHTS
from authhost.merchants.sessions import Client, Sessions, Slow

TOKEN: Final = "/v1/oauth/token"
REVOCATION: Final = "/v1/oauth/revocation"
FORM: Final = "application/x-www-form-urlencoded"
_FORM_BYTES: Final = 8 * 1024
_FIELDS: Final = 16
_LONGEST: Final = 64


class TokenBody(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An access token (RFC 6749, 5.1), told once."""

    access_token: str
    token_type: str
    expires_in: int
    scope: str


class ErrorBody(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What is wrong (RFC 6749, 5.2). error: invalid_request, invalid_client, invalid_scope,
    unsupported_grant_type; slow_down after many wrong secrets."""

    error: str
    error_description: str


class _Wrong(Exception):
    """An answer of RFC 6749, 5.2."""

    def __init__(self, error: str, why: str, status: int = 400,
                 headers: Mapping[str, str] | None = None) -> None:
        super().__init__(why)
        self.error = error
        self.why = why
        self.status = status
        self.headers = headers or {}


class OauthRoutes:
    """Over one host's sessions."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def endpoints(self) -> list[Endpoint]:
        """Rows for the route table of the HTTP door. A token that is asked for twice is two."""
        return [Endpoint("POST", TOKEN, self._token, _FORM_BYTES, keyed=False),
                Endpoint("POST", REVOCATION, self._revoke, _FORM_BYTES, keyed=False)]

    async def _token(self, call: Call) -> Response:
        try:
            form = _form(call)
            client = await self._client(call, form)
            if "grant_type" not in form:
                raise _Wrong("invalid_request", "grant_type is missing")
            if form["grant_type"] != "client_credentials":
                raise _Wrong("unsupported_grant_type", "client_credentials alone")
            token = await self._sessions.issue(client, _scope(form.get("scope"), client))
        except _Wrong as wrong:
            return _refusal(wrong)
        return encoded(TokenBody(
            access_token=token.token, token_type="Bearer",
            expires_in=token.expires_in_s, scope=" ".join(token.rights))).uncached()

    async def _revoke(self, call: Call) -> Response:
        """RFC 7009: a token that nobody knows, or another's, is revoked as well."""
        try:
            form = _form(call)
            client = await self._client(call, form)
            if "token" not in form:
                raise _Wrong("invalid_request", "token is missing")
            token = form["token"]
            if token.isascii() and len(token) <= _LONGEST:
                await self._sessions.end(client.user_id, token)
        except _Wrong as wrong:
            return _refusal(wrong)
        return json_response(b"{}").uncached()

    async def _client(self, call: Call, form: Mapping[str, str]) -> Client:
        """Who asks, by one of both ways (RFC 6749, 2.3.1)."""
        basic = call.headers.get("authorization", "")
        if basic and "client_secret" in form:
            raise _Wrong("invalid_request", "one way to prove who it is, not two")
        name, secret = _basic(basic) if basic else (form.get("client_id", ""),
                                                    form.get("client_secret", ""))
        if basic and form.get("client_id", name) != name:
            raise _Wrong("invalid_request", "two clients are named")
        try:
            client = await self._sessions.client(name, secret, call.certificate)
        except Slow as slow:
            raise _Wrong("slow_down", str(slow), 429,
                         {"Retry-After": str(slow.wait_s)}) from None
        if client is None:
            raise _unknown()
        return client


def _form(call: Call) -> Mapping[str, str]:
    """The body's fields, each once."""
    if call.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise _Wrong("invalid_request", f"the body is {FORM}")
    try:
        pairs = parse_qsl(call.body.decode("ascii"), keep_blank_values=True, strict_parsing=True,
                          errors="strict", max_num_fields=_FIELDS) if call.body else []
    except ValueError:
        raise _Wrong("invalid_request", "the body is no form") from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise _Wrong("invalid_request", "a field comes twice")
    # A field without a value counts as left out (RFC 6749, 3.2).
    return {name: value for name, value in form.items() if value}


def _basic(header: str) -> tuple[str, str]:
    """client_secret_basic: both parts are form-encoded before they are joined."""
    scheme, _, text = header.partition(" ")
    try:
        if scheme.lower() != "basic":
            raise ValueError
        name, colon, secret = base64.b64decode(text.strip(), validate=True).decode().partition(":")
        if not colon:
            raise ValueError
    except (binascii.Error, ValueError):
        raise _unknown() from None
    return unquote_plus(name), unquote_plus(secret)


def _scope(text: str | None, client: Client) -> tuple[str, ...]:
    """The rights that are asked for; all that the client has where none are named."""
    if text is None:
        return tuple(right for right in RIGHTS if right in client.rights)
    asked = dict.fromkeys(text.split(" "))
    if not client.rights.issuperset(asked):
        raise _Wrong("invalid_scope", f"this client has {' '.join(sorted(client.rights))}")
    return tuple(asked)


def _unknown() -> _Wrong:
    # Whoever may try again with Basic is told so (RFC 6749, 5.2).
    return _Wrong("invalid_client", "no such client, or not with this secret", 401,
                  {"WWW-Authenticate": 'Basic realm="authhost"'})


def _refusal(wrong: _Wrong) -> Response:
    response = encoded(ErrorBody(error=wrong.error, error_description=wrong.why), wrong.status)
    response.headers.update(wrong.headers)
    return response.uncached()
