"""A till against a host that answers, hangs up, forgets and races."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

import pytest

from terminals.json_door import NoAnswer, Problem
from terminals.till import Host, Payment, Till
from tests.support.till_host import CLIENT, CODE, SECRET, TillHost, till_host

T = TypeVar("T")


@pytest.fixture
def host() -> Iterator[TillHost]:
    with till_host() as made:
        yield made


def at(host: TillHost, work: Callable[[Till], Awaitable[T]], *, secret: str = SECRET,
       look_s: float = 10.0, now: Callable[[], float] = lambda: 0.0) -> T:
    """Work with a till."""
    numbers = itertools.count(1)

    async def whole() -> T:
        link = Host(host.url, client_id=CLIENT, secret=secret, pause_s=0.01, repeats=2, now=now)
        till = Till(link, new_key=lambda: f"k{next(numbers)}", chance=lambda: 0.0, poll_s=0.02,
                    look_s=look_s)
        try:
            return await till_work(till)
        finally:
            await link.close()

    async def till_work(till: Till) -> T:
        async with asyncio.timeout(10):
            return await work(till)

    return asyncio.run(whole())


async def ask(till: Till, **more: str) -> Payment:
    """A request for 12.50 euro."""
    return await till.request(1_250, "EUR", "Roses", **more)  # type: ignore[arg-type]


def test_a_request_and_its_end_by_events(host: TillHost) -> None:
    async def work(till: Till) -> list[str]:
        asked = await ask(till, phone="+38640123456", reference="R-1")
        seen = []
        async for payment in till.watch(asked.id):
            seen.append(payment.state)
            if payment.state == "CREATED":
                assert await asyncio.to_thread(host.listened)
                host.move(asked.id, "SIGNED")
            elif payment.state == "SIGNED":
                host.move(asked.id, "CAPTURED")
        return seen

    assert at(host, work) == ["CREATED", "SIGNED", "CAPTURED"]
    assert host.done == [("/v1/payments", {
        "amount_minor": 1_250, "currency": "EUR", "purpose": "Roses", "kind": "phone",
        "reference": "R-1", "expires_in_s": 180, "capture": "", "payer_phone": "+38640123456"})]
    assert host.tokens == 1


@pytest.mark.parametrize("streams", [False, True])
def test_what_no_event_tells_is_found_by_a_look(host: TillHost, *, streams: bool) -> None:
    host.streams = streams

    async def work(till: Till) -> Payment:
        asked = await ask(till)
        waiting = asyncio.create_task(till.wait(asked.id, 5))
        await asyncio.sleep(0.05)
        host.move(asked.id, "DECLINED_BY_PAYER", told=False)
        return await waiting

    found = at(host, work, look_s=0.05)
    assert (found.state, found.paid, found.waits) == ("DECLINED_BY_PAYER", False, False)


def test_a_stream_that_ends_is_begun_again(host: TillHost) -> None:
    async def work(till: Till) -> Payment:
        asked = await ask(till)
        waiting = asyncio.create_task(till.wait(asked.id, 8))
        assert await asyncio.to_thread(host.listened)
        host.hang_up()
        assert await asyncio.to_thread(host.listened, 2)
        host.move(asked.id, "CAPTURED")
        return await waiting

    assert at(host, work).state == "CAPTURED"


def test_a_wait_has_an_end(host: TillHost) -> None:
    async def work(till: Till) -> Payment:
        return await till.wait((await ask(till)).id, 0.2)

    assert at(host, work).state == "CREATED"


def test_an_answer_that_is_lost_is_asked_again_and_done_once(host: TillHost) -> None:
    host.fails = [0, 503]
    assert at(host, ask).state == "CREATED"
    assert len(host.done) == 1


def test_what_goes_unanswered_is_kept_and_sent_under_its_key(host: TillHost) -> None:
    async def work(till: Till) -> object:
        asked = await ask(till)
        host.move(asked.id, "CAPTURED")
        host.fails = [0, 0, 0]
        with pytest.raises(NoAnswer):
            await till.refund(asked.id, 500, reason="wilted")
        assert till.unsent is not None
        found = await till.again()
        assert till.unsent is None
        assert await till.again() is None
        return found

    found = at(host, work)
    assert getattr(found, "amount_minor", 0) == 500
    assert [path for path, _ in host.done] == ["/v1/payments", "/v1/payments/p1/refunds"]


def test_a_refusal_is_no_unanswered_write(host: TillHost) -> None:
    async def work(till: Till) -> None:
        host.fails = [422]
        with pytest.raises(Problem, match="422"):
            await ask(till)
        assert till.unsent is None

    at(host, work)


def test_a_cancel_that_loses_the_race_hears_the_truth(host: TillHost) -> None:
    async def work(till: Till) -> tuple[str, str]:
        first, second = await ask(till), await ask(till)
        host.move(second.id, "CAPTURED")
        return (await till.cancel(first.id)).state, (await till.cancel(second.id)).state

    assert at(host, work) == ("CANCELLED", "CAPTURED")


def test_tokens_end_and_are_revoked(host: TillHost) -> None:
    seconds = iter([0.0, 0.0, 1_000.0, 3_571.0, 3_571.0])

    async def work(till: Till) -> None:
        await ask(till)  # the first token
        await ask(till)  # still good
        await ask(till)  # half a minute before its end
        host.revoked.add("Bearer t2")
        await ask(till)

    at(host, work, now=lambda: next(seconds, 3_572.0))
    assert host.tokens == 3
    assert len(host.done) == 4


def test_a_wrong_secret_is_told_once(host: TillHost) -> None:
    with pytest.raises(Problem, match="401"):
        at(host, ask, secret="wrong")
    assert len(host.asked) == 1


def test_captures_settlements_archive_and_code(host: TillHost) -> None:
    async def work(till: Till) -> None:
        asked = await ask(till, kind="qr")
        assert await till.code(asked.id, "5411") == CODE.encode()
        assert ("GET", f"/v1/payments/{asked.id}/qr.txt?category=5411") in host.asked
        assert (await till.capture(asked.id, 1_000, final=True)).captured_minor == 1_000
        assert host.done[-1][1] == {"amount_minor": 1_000, "final": True}
        await till.capture(asked.id)
        assert host.done[-1][1] == {"final": False}
        page = await till.payments(limit="1", state="CAPTURED")
        assert ([one.id for one in page.data], page.next) == ([asked.id], "c2")
        [settlement] = (await till.settlements()).data
        assert await till.settlement("S-1") == settlement
        assert settlement.lines == ("S-1 of 2026-07-23, paid out 2026-07-24",
                                    "  gross              12.50 EUR",
                                    "  fees                0.25 EUR",
                                    "  payout             12.25 EUR")

    at(host, work)


def test_an_answer_that_cannot_be_read(host: TillHost, monkeypatch: pytest.MonkeyPatch) -> None:
    host.payments["px"] = {"id": 1}
    with pytest.raises(NoAnswer, match="cannot be read"):
        at(host, lambda till: till.payment("px"))
    monkeypatch.setattr("terminals.till.host.MOST_BYTES", 100)
    with pytest.raises(NoAnswer, match="longer than 100"):
        at(host, ask)
