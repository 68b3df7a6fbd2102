"""The terminal's end of a message's life, against a host that follows a script."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from scripted_host import SALE, answer_to, scripted

from iso import Message
from terminals.link import Received
from terminals.pos import Unanswered
from terminals.record import Record, unanswered
from terminals.store import OfflineStore


def test_a_sale_is_answered() -> None:
    async def run() -> None:
        async with scripted(lambda message: [answer_to(message)]) as (pos, host):
            exchange = await pos.sale(SALE)
            assert exchange.reply is not None
            assert (exchange.reply.action, exchange.approved_minor) == ("000", 4_135)
            assert exchange.reply.approval_code == "ABC123"
            assert (exchange.sent, exchange.reversal) == (1, None)
            assert [message.mti for message in host.seen] == ["1200"]

    asyncio.run(run())


def test_who_is_stopped_in_the_instant_of_the_answer_stops() -> None:
    async def run() -> None:
        async with scripted(lambda message: [answer_to(message)]) as (pos, _):
            await pos.sale(SALE)
            link = pos._link
            assert link is not None
            ask = link.ask

            def stopping(message: Message) -> asyncio.Future[Received]:
                answer = ask(message)
                answer.add_done_callback(lambda _: task.cancel())
                return answer

            link.ask = stopping  # type: ignore[method-assign]
            task = asyncio.create_task(pos.sale(SALE))
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(run())


def test_answers_in_another_order_find_their_questions() -> None:
    held: list[Message] = []

    def last_first(message: Message) -> list[Message]:
        held.append(message)
        if len(held) < 3:
            return []
        return [answer_to(one, field37=f"{one.text(11)}000000") for one in reversed(held)]

    async def run() -> None:
        async with scripted(last_first) as (pos, _):
            exchanges = await asyncio.gather(*(pos.sale(SALE) for _ in range(3)))
        for exchange in exchanges:
            assert exchange.reply is not None
            assert exchange.reply.reference == f"{exchange.request.text(11)}000000"
            assert exchange.sent == 1

    asyncio.run(run())


def test_silence_is_repeated_with_the_raised_digit_and_then_reversed() -> None:
    def only_reversals(message: Message) -> list[Message]:
        return [answer_to(message, "400")] if message.mti == "1421" else []

    async def run() -> None:
        async with scripted(only_reversals) as (pos, host):
            exchange = await pos.sale(SALE)
        assert [message.mti for message in host.seen] == ["1200", "1201", "1420", "1421"]
        first, repeat, reversal, _ = host.seen
        assert repeat.fields == first.fields
        assert reversal.text(56) == f"1200{first.text(11)}{first.text(12)}06280131"
        assert reversal.text(25) == "4021"
        assert exchange.reply is None
        assert exchange.reversal is not None
        assert exchange.reversal.reply is not None
        assert exchange.reversal.reply.action == "400"

    asyncio.run(run())


def test_a_lost_connection_is_opened_again_and_the_message_repeated() -> None:
    async def run() -> None:
        answers = iter([None, [0]])

        def hang_up_once(message: Message) -> list[Message] | None:
            return None if next(answers) is None else [answer_to(message)]

        async with scripted(hang_up_once) as (pos, host):
            exchange = await pos.sale(SALE)
        assert [message.mti for message in host.seen] == ["1200", "1201"]
        assert exchange.approved_minor == 4_135
        assert exchange.request.mti == "1200"

    asyncio.run(run())


def test_an_advice_without_answer_waits_in_the_store_and_goes_up_later() -> None:
    async def run() -> None:
        store = OfflineStore()
        async with scripted(lambda message: [answer_to(message)], store=store) as (pos, host):
            hold = await pos.preauthorize(SALE)
            host.answering = lambda _: []
            silent = await pos.complete(hold, SALE)
            assert silent.reply is None
            assert len(store) == 1
            host.answering = lambda message: [answer_to(message)]
            (uploaded,) = await pos.upload()
        assert len(store) == 0
        assert uploaded.approved_minor == 4_135
        completions = [message for message in host.seen if message.mti.startswith("122")]
        assert [message.mti for message in completions] == ["1220", "1221", "1221", "1221"]
        assert all(message.fields == completions[0].fields for message in completions)

    asyncio.run(run())


def test_an_advice_without_answer_and_without_store_is_an_error() -> None:
    async def run() -> None:
        async with scripted(lambda _: []) as (pos, _):
            with pytest.raises(Unanswered, match="reversal 000002 of T0101"):
                await pos.reverse(pos.build_sale(SALE))

    asyncio.run(run())


def test_off_line_sales_keep_their_own_time_and_order() -> None:
    async def run() -> None:
        async with scripted(lambda message: [answer_to(message)],
                            store=OfflineStore()) as (pos, host):
            kept = [pos.sell_offline(SALE) for _ in range(3)]
            assert host.seen == []
            done = await pos.upload()
        assert [message.text(11) for message in host.seen] == ["000001", "000002", "000003"]
        assert [message.fields for message in host.seen] == [one.fields for one in kept]
        assert {exchange.kind for exchange in done} == {"offline_sale"}

    asyncio.run(run())


def test_two_uploads_at_once_send_each_advice_once() -> None:
    async def run() -> None:
        async with scripted(lambda message: [answer_to(message)],
                            store=OfflineStore()) as (pos, host):
            for _ in range(4):
                pos.sell_offline(SALE)
            both = await asyncio.gather(pos.upload(), pos.upload())
        assert len(host.seen) == 4
        assert sum(map(len, both)) == 4

    asyncio.run(run())


def test_a_deliberate_repeat_returns_the_bytes_to_compare() -> None:
    async def run() -> None:
        async with scripted(lambda message: [answer_to(message)]) as (pos, host):
            first = await pos.sale(SALE)
            again = await pos.repeat(first)
        assert host.seen[1].mti == "1201"
        assert first.reply is not None
        assert again.reply is not None
        assert first.reply.raw == again.reply.raw

    asyncio.run(run())


def test_the_record_has_each_transmission_and_the_answer_that_came_too_late(
        tmp_path: Path) -> None:
    late: list[Message] = []

    def second_time_both(message: Message) -> list[Message]:
        late.append(message)
        return [] if len(late) == 1 else [answer_to(late[0]), answer_to(message)]

    async def run() -> None:
        record = Record(tmp_path / "record.jsonl")
        async with scripted(second_time_both, record=record) as (pos, _):
            await pos.sale(SALE)
            await asyncio.sleep(0.02)
        record.close()

    asyncio.run(run())
    entries = Record.read(tmp_path / "record.jsonl")
    assert [(entry.direction, entry.mti) for entry in entries[:2]] == [
        ("sent", "1200"), ("sent", "1201")]
    assert {(entry.direction, entry.mti) for entry in entries[2:]} == {
        ("answered", "1210"), ("unexpected", "1210")}
    assert entries[2].raw == entries[3].raw
    assert entries[2].approval_code == "ABC123"
    assert list(unanswered(entries)) == []
    assert SALE.card.pan not in (tmp_path / "record.jsonl").read_text()


def test_nobody_listening_is_no_answer_and_nothing_sent() -> None:
    async def run() -> None:
        async with scripted(lambda message: [answer_to(message)], store=OfflineStore()) as (pos, _):
            pass
        exchange = await pos.sale(SALE)
        assert (exchange.reply, exchange.sent) == (None, 0)
        assert pos.record.entries[-1].direction == "kept"  # its reversal
        assert pos.record.entries[-1].kind == "reversal"

    asyncio.run(run())
