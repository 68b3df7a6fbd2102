"""One HTTP request as a handler sees it, and the row of a route table that names the handler.

Knows bodies, headers and certificates; must not know what a request means.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from authhost import limits
from authhost.doors.problems import ProblemError, from_validation

T = TypeVar("T")
Handler = Callable[["Call"], Awaitable[Response]]


class Call:
    """One HTTP request: its body, its key, and who sends it."""

    def __init__(self, request: Request, body: bytes) -> None:
        self.method = request.method
        self.path: Mapping[str, str] = request.path_params
        self.query: Mapping[str, str] = request.query_params
        self.headers: Mapping[str, str] = request.headers  # names in any case
        self.body = body
        extensions = request.scope.get("extensions", {})
        # None: a plain door. '': a certificate without a name.
        self.certificate: str | None = extensions.get("tls", {}).get("client_cert_name")
        self.idempotency_key = request.headers.get("idempotency-key", "")

    def decode(self, kind: type[T]) -> T:
        """The body as its type; a problem names the part that is wrong."""
        try:
            return msgspec.json.decode(self.body, type=kind)
        except msgspec.ValidationError as error:
            raise from_validation(error) from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ProblemError(400, "Not JSON", str(error)) from None
        except RecursionError:
            raise ProblemError(400, "Not JSON", "nested too deep") from None

    def is_from(self, *names: str) -> None:
        """Over mutual TLS nobody speaks for another."""
        if self.certificate is not None and self.certificate not in names:
            raise ProblemError(403, "Certificate differs",
                               "the certificate does not name whom the request speaks for")


class Endpoint(msgspec.Struct, frozen=True):
    """A row of a route table. A POST names an Idempotency-Key where `keyed`."""

    method: str
    path: str
    handler: Handler
    most_bytes: int = limits.HTTP_BODY_BYTES
    keyed: bool = True


def json_response(body: bytes, status: int = 200) -> Response:
    """A JSON answer of bytes that are encoded already."""
    return Response(body, status, media_type="application/json")
