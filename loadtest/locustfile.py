"""Fuel and cash as their users drive them: terminals and safes. Payments: loadtest/payments.py.

    pip install '.[load]'
    authhost up --data-dir /tmp/load &
    python -m loadtest.seed --data-dir /tmp/load
    locust -f loadtest/locustfile.py --host http://127.0.0.1:8580 --iso-port 8583

Knows the two doors from outside and the names that loadtest.seed has given. A decline is an answer;
a failure here is silence, an HTTP error, or an answer of the wrong kind.
"""

from __future__ import annotations

import itertools
import socket
import time
import uuid
from argparse import ArgumentParser
from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from typing import Any, Final
from urllib.parse import urlsplit

from locust import HttpUser, User, between, events, task

import iso
from iso import FRAMINGS, Framer, Message
from loadtest import channels, portfolio
from terminals import layout
from terminals.layout import Stamp
from terminals.purchase import Card, Item, Sale, Terminal

_ANSWER_TIMEOUT_S: Final = 9
_USERS_A_WORKER: Final = 100  # numbers of one locust process, so that two never share a device
_STANS: Final = 999_999
_PROFILE: Final = iso.get("ifsf")
_FRAMING: Final = FRAMINGS["binary2"]
_numbers: Final = {name: itertools.count() for name in ("pos", "safe")}


@events.init_command_line_parser.add_listener
def _arguments(parser: ArgumentParser, **_: object) -> None:
    parser.add_argument("--iso-port", type=int, default=8583)
    parser.add_argument("--accounts", type=int, default=10_000, help="as loadtest.seed was told")
    parser.add_argument("--terminals", type=int, default=1_000)
    parser.add_argument("--devices", type=int, default=500)


def number_of(user: User, kind: str, most: int) -> int:
    """A device's number from 0 on, another for each user."""
    worker = getattr(user.environment.runner, "worker_index", 0)
    return (next(_numbers[kind]) + max(worker, 0) * _USERS_A_WORKER) % most


def local_now() -> datetime:
    """The terminals' clock."""
    return datetime.now(UTC)


class WrongAnswerError(Exception):
    """An answer that this message cannot have."""


class Wire:
    """One blocking connection with one message on its way."""

    def __init__(self, host: str, port: int) -> None:
        self._socket = socket.create_connection((host, port), _ANSWER_TIMEOUT_S)
        self._framer = Framer(_FRAMING)

    def ask(self, message: Message) -> Message:
        """Send, wait, decode. OSError when the host is gone or silent."""
        self._socket.sendall(_FRAMING.wrap(_PROFILE.codec.encode(message)))
        while True:
            data = self._socket.recv(65_536)
            if not data:
                raise ConnectionResetError("closed by the host")
            for frame in self._framer.feed(data):
                return _PROFILE.codec.decode(frame.body)

    def close(self) -> None:
        self._socket.close()


class FuelTerminal(User):
    """A pump's terminal: sales, holds with their completion, a reversal now and then."""

    weight = 10
    wait_time = between(0.05, 0.2)

    def on_start(self) -> None:
        options = self.environment.parsed_options
        self._host = urlsplit(self.host or "http://127.0.0.1").hostname or "127.0.0.1"
        self._port = options.iso_port
        name = portfolio.terminal_name(number_of(self, "pos", options.terminals))
        self._terminal = Terminal(name, "M1", "280131", outdoor=True)
        now = local_now()
        first = now.hour * 36_000 + now.minute * 600 + now.second * 10
        self._stans = itertools.count(first)
        self._random = Random(name)
        self._cards = portfolio.parties(options.accounts)
        self._wire: Wire | None = None

    def on_stop(self) -> None:
        if self._wire is not None:
            self._wire.close()

    @task(20)
    def sale(self) -> None:
        self._ask("sale", layout.request("1200", "200", self._terminal, self._stamp(),
                                         self._sale(self._random.randrange(1_000, 60_000))))

    @task(5)
    def hold_and_complete(self) -> None:
        held = self._sale(8_000, items=False)
        message = layout.request("1100", "101", self._terminal, self._stamp(), held)
        answer = self._ask("preauthorization", message)
        if answer is None or answer.text(39) != "000":
            return
        sold = self._sale(self._random.randrange(1_000, 9_000), held.card)
        advice = layout.request("1220", "201", self._terminal, self._stamp(), sold)
        fields = dict(advice.fields) | {56: layout.original_elements(message)}
        self._ask("completion", layout.ordered("1220", fields))

    @task(2)
    def sale_and_reverse(self) -> None:
        message = layout.request("1200", "200", self._terminal, self._stamp(), self._sale(4_135))
        if self._ask("sale", message) is not None:
            self._ask("reversal", layout.reversal(self._terminal, self._stamp(), message,
                                                  layout.REASON_CUSTOMER))

    @task(1)
    def repeat(self) -> None:
        """The same answer twice, or it is a failure."""
        message = layout.request("1200", "200", self._terminal, self._stamp(), self._sale(2_000))
        first = self._ask("sale", message)
        if first is not None:
            self._ask("repeat", layout.repeat_of(message), first)

    def _stamp(self) -> Stamp:
        return Stamp(f"{next(self._stans) % _STANS + 1:06d}", local_now())

    def _sale(self, amount_minor: int, card: Card | None = None, *, items: bool = True) -> Sale:
        if card is None:
            card = Card(self._random.choice(self._cards).pan, "3012")
        amount = Decimal(amount_minor).scaleb(-2)
        item = Item("012", "L", Decimal(1), amount, amount_minor)
        return Sale(card, amount_minor, "EUR", (item,) if items else ())

    def _ask(self, name: str, message: Message, same_as: Message | None = None) -> Message | None:
        """One exchange, told to locust; None when it failed."""
        began = time.perf_counter()
        answer, error = None, None
        try:
            if self._wire is None:
                self._wire = Wire(self._host, self._port)
            answer = self._wire.ask(message)
            if answer.text(11) != message.text(11) or answer.text(39) in {None, "904", "913"}:
                raise WrongAnswerError(f"{answer.mti} {answer.text(39)} {answer.text(44)}")
            if same_as is not None and answer != same_as:
                raise WrongAnswerError("a repeat with another answer")
        except (OSError, iso.IsoError, WrongAnswerError) as failed:
            error = failed
            if self._wire is not None and not isinstance(failed, WrongAnswerError):
                self._wire.close()
                self._wire = None
        self.environment.events.request.fire(
            request_type="ISO", name=name, response_time=(time.perf_counter() - began) * 1000,
            response_length=0, exception=error, context={})
        return answer if error is None else None


class SafeUser(HttpUser):
    """A smart safe: a deposit, and the same one again."""

    weight = 2
    wait_time = between(0.2, 1)

    def on_start(self) -> None:
        devices = self.environment.parsed_options.devices
        self._name = channels.safe_name(1 + number_of(self, "safe", devices))

    @task(9)
    def deposit(self) -> None:
        self._post(self._body(), uuid.uuid4().hex)

    @task(1)
    def deposit_again(self) -> None:
        body, key = self._body(), uuid.uuid4().hex
        first = self._post(body, key)
        with self.client.post("/v1/deposits", json=body, headers={"Idempotency-Key": key},
                              name="deposit, again", catch_response=True) as again:
            if again.ok and again.content != first:
                again.failure("a repeat with another answer")

    def _body(self) -> dict[str, Any]:
        return {
            "terminal_id": self._name, "sequence": uuid.uuid4().hex[:12],
            "local_time": local_now().strftime("%Y-%m-%dT%H:%M:%S"), "amount_minor": 20_300,
            "currency": "EUR", "depositor": "Ana", "cassette": "C1",
            "denominations": [{"value_minor": 5_000, "kind": "note", "count": 4},
                              {"value_minor": 100, "kind": "coin", "count": 3}]}

    def _post(self, body: dict[str, Any], key: str) -> bytes:
        content: bytes = self.client.post("/v1/deposits", json=body, name="deposit",
                                          headers={"Idempotency-Key": key}).content
        return content
