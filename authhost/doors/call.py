"""One HTTP request as a handler sees it, and the row of a route table that names the handler.

Knows bodies, headers and certificates; must not know what a request means.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import cached_property
from typing import TypeVar
from urllib.parse import parse_qsl

import msgspec

from authhost import limits
from authhost.doors.problems import ProblemError, from_validation
from authhost.doors.response import Response

T = TypeVar("T")
Handler = Callable[["Call"], Awaitable[Response]]


class Call:
    """One HTTP request: its body, its key, and who sends it.

    headers: by name in lower case; of one that comes twice all, joined by commas, where it may.
    certificate: the common name of the peer's; None: a plain door, '': a certificate without one.
    """

    def __init__(self, method: str, path: Mapping[str, str], body: bytes, *,
                 headers: Mapping[str, str], query: bytes = b"",
                 certificate: str | None = None) -> None:
        self.method = method
        self.path = path
        self.body = body
        self.headers = headers
        self.certificate = certificate
        self.idempotency_key = headers.get("idempotency-key", "")
        self._query = query

    @cached_property
    def query(self) -> Mapping[str, str]:
        """What follows the question mark; of a name that comes twice the last."""
        return dict(parse_qsl(self._query.decode("latin-1"), keep_blank_values=True))

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

    def is_from(self, *names: str, plain: bool = True) -> None:
        """Over mutual TLS nobody speaks for another. plain: a door without TLS believes whom the
        request names, for it proves itself otherwise, or somebody before us has looked."""
        if self.certificate is None and not plain:
            raise ProblemError(403, "Certificate needed", "this is told over mutual TLS alone")
        if self.certificate is not None and self.certificate not in names:
            raise ProblemError(403, "Certificate differs",
                               "the certificate does not name whom the request speaks for")


class Endpoint(msgspec.Struct, frozen=True):
    """A row of a route table. A POST names an Idempotency-Key where `keyed`. A GET that is `safe`
    changes nothing, and answers HEAD too (RFC 9110, 9.2.1)."""

    method: str
    path: str
    handler: Handler
    most_bytes: int = limits.HTTP_BODY_BYTES
    keyed: bool = True
    safe: bool = True


def json_response(body: bytes, status: int = 200) -> Response:
    """A JSON answer of bytes that are encoded already."""
    return Response(body, status, media_type="application/json")


def encoded(value: object, status: int = 200) -> Response:
    """A JSON answer."""
    return json_response(msgspec.json.encode(value), status)
