"""What the bank does with one HTTP request: books, statements, status, and how it is to behave.

Knows paths and documents; must not know sockets. Everything is decided at once; an answer leaves
after the commit of what it says.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import msgspec

from terminals.bank import camt053, reports
from terminals.bank.books import Account, Books
from terminals.bank.conduct import Choosing, Conduct, Rule
from terminals.bank.orders import BadOrder, read_orders

_XML = "application/xml"
_JSON = "application/json"
_DUPLICATE_FILE = "DU01"  # DuplicateMessageID


class Told(msgspec.Struct, frozen=True, gc=False):
    """An answer. rule: how it is given; lost and hung ones are not."""

    status: int
    body: bytes = b""
    kind: str = _XML
    rule: Rule = Rule()


class Desk:
    """One bank. now_us: microseconds since 1970. change: told when its conduct is another."""

    def __init__(self, books: Books, now_us: Callable[[], int],
                 change: Callable[[Conduct], None]) -> None:
        self.books = books
        self._now_us = now_us
        self._change = change
        self._choosing = Choosing(Conduct())

    @property
    def conduct(self) -> Conduct:
        """How it behaves now."""
        return self._choosing.conduct

    def behave(self, conduct: Conduct) -> None:
        """From now on; counters begin anew."""
        self._choosing = Choosing(conduct)

    def answer(self, method: str, target: str, body: bytes) -> Told:
        """The answer to a request."""
        parts = urlsplit(target)
        path = parts.path.rstrip("/")
        place, _, rest = path.removeprefix("/").partition("/")
        match (method, place):
            case ("POST", "payments") if not rest:
                return self._payment(body)
            case ("GET", "payments") if rest:
                return self._status(rest)
            case ("POST", "files") if not rest:
                return self._file(body)
            case ("GET", "statements") if rest:
                return self._statement(rest, parse_qs(parts.query))
            case ("PUT", "accounts") if not rest:
                return self._watch(body)
            case ("GET", "accounts") if rest:
                return self._account(rest, parse_qs(parts.query))
            case ("GET", "books"):
                return Told(200, msgspec.json.encode(self.books.payments()), _JSON)
            case ("GET", "conduct"):
                return Told(200, msgspec.json.encode(self.conduct), _JSON)
            case ("PUT", "conduct"):
                return self._told_to(body)
            case ("GET", "health"):
                return Told(200, b"{}", _JSON)
            case _:
                return Told(404, b'{"title":"No such place"}', _JSON)

    def _payment(self, body: bytes) -> Told:
        """One credit transfer, answered at once."""
        created = self._created()
        try:
            orders = read_orders(body)
            if len(orders) != 1:
                raise BadOrder("one transaction a message here; files go to /files", "AM18",
                               orders[0].message_id if orders else "")
        except BadOrder as bad:
            return Told(400, reports.refused_whole(bad.message_id, bad.reason, str(bad), created))
        order = orders[0]
        rule = self._choosing.rule("payment", order)
        if rule.do == "swallow":
            return Told(0, rule=rule)
        if rule.do == "busy":
            return Told(503, b'{"title":"Busy"}', _JSON, rule)
        outcome = self.books.order(order, "online", rule, self.conduct.repeats, self._now_us())
        return Told(200, reports.report(order.message_id, [outcome], created), rule=rule)

    def _status(self, end_to_end_id: str) -> Told:
        created, known = self._created(), self.books.payment(end_to_end_id)
        rule = self._choosing.rule("status", None)
        if rule.do == "busy":
            return Told(503, b'{"title":"Busy"}', _JSON, rule)
        outcome = self.books.status(end_to_end_id, self._now_us())
        if outcome is None or known is None:
            return Told(404, reports.unheard(end_to_end_id, created), rule=rule)
        return Told(200, reports.report(known.message_id, [outcome], created), rule=rule)

    def _file(self, body: bytes) -> Told:
        """A night's file: all of it is read and checked before the first order is booked."""
        created = self._created()
        try:
            orders = read_orders(body)
            if not orders:
                raise BadOrder("no transaction", "AM18")
            if self.books.file_known(orders[0].message_id):
                raise BadOrder("this file was imported already", _DUPLICATE_FILE,
                               orders[0].message_id)
        except BadOrder as bad:
            return Told(400, reports.refused_whole(bad.message_id, bad.reason, str(bad), created))
        now_us = self._now_us()
        outcomes = []
        for order in orders:
            rule = self._choosing.rule("payment", order)
            rule = rule if rule.do in {"accept", "refuse"} else Rule()
            outcomes.append(self.books.order(order, "file", rule, self.conduct.repeats, now_us))
        self.books.file(orders, outcomes, now_us)
        return Told(200, reports.report(orders[0].message_id, outcomes, created))

    def _statement(self, iban: str, query: dict[str, list[str]]) -> Told:
        day = query.get("day", [self._created()[:10]])[0]
        currencies = query.get("currency") or self.books.currencies(iban)
        if len(currencies) != 1:
            return Told(404 if not currencies else 400,
                        b'{"title":"Name one currency of the account"}', _JSON)
        before_minor, entries = self.books.account(iban, currencies[0], day)
        return Told(200, camt053.statement(iban, currencies[0], day, before_minor, entries,
                                           self._created()))

    def _watch(self, body: bytes) -> Told:
        """From now on these accounts have so much, and no more than that is paid from them."""
        try:
            accounts = msgspec.json.decode(body, type=list[Account])
        except msgspec.DecodeError as error:
            return Told(400, msgspec.json.encode({"title": "No accounts", "detail": str(error)}),
                        _JSON)
        for account in accounts:
            self.books.watch(account)
        return Told(200, msgspec.json.encode(accounts), _JSON)

    def _account(self, iban: str, query: dict[str, list[str]]) -> Told:
        account = self.books.watched(iban, query.get("currency", ["EUR"])[0])
        if account is None:
            return Told(404, b'{"title":"This account is not watched"}', _JSON)
        return Told(200, msgspec.json.encode(account), _JSON)

    def _told_to(self, body: bytes) -> Told:
        try:
            conduct = msgspec.json.decode(body, type=Conduct)
        except msgspec.DecodeError as error:
            return Told(400, msgspec.json.encode({"title": "No conduct", "detail": str(error)}),
                        _JSON)
        self._change(conduct)
        return Told(200, msgspec.json.encode(conduct), _JSON)

    def _created(self) -> str:
        now = datetime.fromtimestamp(self._now_us() // 1_000_000, UTC)
        return now.strftime("%Y-%m-%dT%H:%M:%SZ")


def bring(books: Books, file: bytes, now_us: Callable[[], int]) -> Told:
    """An operator brings a night's file: what the bank says to it, once it is in its books."""
    told = Desk(books, now_us, lambda _: None).answer("POST", "/files", file)
    books.commit()
    return told
