"""One request to the admin API: who asks, his query, and what is answered.

Knows HTTP; decides nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from authhost.admin.access import Actor
from authhost.admin.desk import tag_of
from authhost.admin.once import Asked, asked
from authhost.admin.refusals import Invalid
from authhost.doors import queries
from authhost.doors.call import Call, encoded
from authhost.doors.problems import ProblemError
from authhost.doors.response import Response

DAYS: Final = 31  # looked at where no day is named
Work = Callable[["AdminCall"], Awaitable[Response]]
Route = tuple[str, str, Work]  # method, path


class AdminCall:
    """A request whose sender is known."""

    def __init__(self, call: Call, actor: Actor, secret: bytes) -> None:
        self.call = call
        self.actor = actor
        self._secret = secret

    def asked(self, *what: str) -> Asked:
        """What a creating request is known by. what: the path, in parts."""
        head = [self.call.method.encode(), *(part.encode() for part in what)]
        return asked(self.call.idempotency_key, self._secret, *head, self.call.body)

    def query(self, *names: str) -> Mapping[str, str]:
        """The query, which must have no other names: a filter misspelt is no filter."""
        return queries.query_of(self.call, *names)

    def one_of(self, name: str, known: Collection[str]) -> str:
        """A filter of the query, '' where it is not given."""
        value = self.call.query.get(name, "")
        if value and value not in known:
            raise Invalid(f"one of {', '.join(known)}", name)
        return value

    def number(self, name: str, least: int = 1, most: int = 2**62) -> int | None:
        """A whole number of the query; None where it is not given."""
        return queries.number_of(self.call, name, least, most)

    def limit(self) -> int:
        """How many rows a page has."""
        return queries.limit_of(self.call)

    def day(self, name: str) -> date | None:
        """A date of the query."""
        return queries.day_of(self.call, name)

    def days(self, today: date, most: int = DAYS) -> tuple[date, date]:
        """From and until; until today and a day more, for a business day may be ahead."""
        last = self.day("until") or today + timedelta(days=1)
        first = self.day("from")
        try:
            return first or last - timedelta(days=most - 1), last
        except OverflowError:
            raise Invalid("so early there is nothing", "until") from None

    def instant(self, name: str) -> datetime | None:
        """An instant of the query, with its offset."""
        return queries.instant_of(self.call, name)

    def yes(self, name: str) -> bool:
        """A switch of the query: 1 or 0."""
        text = self.call.query.get(name, "0")
        if text not in {"0", "1"}:
            raise Invalid("0 or 1", name)
        return text == "1"

    def tag(self) -> str:
        """What names the state that a change is of (RFC 9110, If-Match). ProblemError: nothing."""
        tag = self.call.headers.get("if-match", "")
        if not tag:
            raise ProblemError(428, "If-Match needed",
                               "name the ETag of the state that you change, or *", "If-Match")
        return tag

    def id_of(self, name: str = "id") -> int | None:
        """A number in the path; None for what cannot be one, and so is not there."""
        text = self.call.path[name]
        is_id = text.isascii() and text.isdecimal() and len(text) <= 18
        return int(text) if is_id else None


def row_response(row: Mapping[str, Any], status: int = 200, location: str = "") -> Response:
    """A row and its tag."""
    response = encoded(row, status)
    response.headers["ETag"] = tag_of(row)
    if location:
        response.headers["Location"] = location
    return response


def page_response(rows: Sequence[Any], following: str | None, **more: Any) -> Response:
    """A page. following: the cursor of the next one, None at the end."""
    return encoded({"data": rows, "next": following, **more})
