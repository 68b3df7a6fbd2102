"""What the JSON door says when it cannot take a request: problem+json (RFC 9457)."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from authhost.doors.response import Response
from authhost.translate.bodies import Problem

_PATH: Final = re.compile(r" - at `\$?\.?(?P<path>[^`]*)`$")


class ProblemError(Exception):
    """A request that ends with a problem instead of a decision. Nothing of it is kept."""

    def __init__(self, status: int, title: str, detail: str, where: str = "",
                 retry_after_s: int | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title
        self.detail = detail
        self.where = where
        self.retry_after_s = retry_after_s

    def response(self) -> Response:
        """The problem as a response."""
        name = self.title.lower().replace(" ", "-")
        body = msgspec.json.encode(Problem(
            type=f"urn:authhost:problem:{name}", title=self.title, status=self.status,
            detail=self.detail, where=self.where))
        headers = {"Retry-After": str(self.retry_after_s)} if self.retry_after_s else None
        return Response(body, self.status, headers, "application/problem+json")


def failed() -> ProblemError:
    """A bug: its inside is in the log alone."""
    return ProblemError(500, "Failed", "this is our fault; it is logged")


def not_identified(why: str) -> Response:
    """Nobody whom we know, who is told how to prove who it is (RFC 6750, 3)."""
    response = ProblemError(401, "Not identified", why, "Authorization").response()
    response.headers["WWW-Authenticate"] = "Bearer"
    return response


def from_validation(error: msgspec.ValidationError) -> ProblemError:
    """A body of the wrong shape: which part, and what was expected there."""
    text = str(error)
    found = _PATH.search(text)
    where = found["path"] if found else ""
    return ProblemError(422, "Invalid body", _PATH.sub("", text), where)
