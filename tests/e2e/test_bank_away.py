"""A bank that is away, or whom we cannot trust: nothing is lost, nothing is in both ways."""

from __future__ import annotations

import asyncio

import pytest

from authhost.settings import TlsFiles
from terminals.bank.conduct import Rule
from terminals.pki import Authority, client_context
from tests.support.bank_scene import hurried, play
from tests.support.databases import fresh


@pytest.fixture(scope="module")
def shared_url(servers):
    with fresh(servers, "bank") as url:
        yield url


@pytest.fixture(autouse=True)
def fast(monkeypatch):
    with hurried(monkeypatch, down_after_s=0.2):
        yield


@pytest.fixture
def at(tmp_path, shared_url, papers):
    """Plays a story before a bank of its own."""
    def run(story, **more):
        play(tmp_path, shared_url, papers, story, **more)
    return run


def test_a_bank_that_is_down_turns_to_the_night_and_comes_back(at):
    async def story(scene):
        async with scene.connector() as connector:
            await scene.deposit(3)
            await scene.until(lambda rows: all(row["credit"] == "accepted" for row in rows))
            await scene.shut(connector)
            keys = await scene.deposit(5)
            await scene.until(lambda rows: all(row["credit"] == "night" for row in rows[3:]))
            assert connector.down == 1
            assert {why for key in keys for _, why in await scene.changes(key)} == {"bank_down"}
            await scene.bank.open()
            async with asyncio.timeout(20):
                while connector.down:  # one credit now and then tries whether it is back
                    await scene.deposit()
                    await scene.until(lambda rows: rows[-1]["credit"] in {"accepted", "night"})
                    await asyncio.sleep(0.1)
            await scene.until(lambda rows: rows[-1]["credit"] == "accepted")
        assert len(scene.paid()) == 4

    at(story)


def test_what_is_unknown_stays_so_while_the_bank_is_down(at):
    async def story(scene):
        await scene.behave(Rule(do="lose"))
        async with scene.connector() as connector:
            (lost,) = await scene.deposit()
            await scene.until(lambda _: bool(scene.bank.payments()))
            await scene.bank.shut()
            await scene.until(lambda rows: rows[0]["credit"] == "unknown")
            (late,) = await scene.deposit()
            await scene.until(lambda rows: rows[1]["credit"] == "night")
            assert connector.down == 1
            assert await scene.credit(lost) == "unknown", "in no file, ever"
            await scene.bank.open()
            await scene.until(lambda rows: rows[0]["credit"] == "accepted", within_s=20)
        assert [event for event, _ in await scene.changes(late)] == ["give_up"]
        assert len(scene.paid()) == 1

    at(story)


def test_a_bank_that_only_listens_is_down_too(at):
    async def story(scene):
        await scene.behave(Rule(do="hang", on="both"))
        async with scene.connector() as connector:
            await scene.deposit(4)
            await scene.until(lambda rows: any(row["credit"] == "unknown" for row in rows))
            await scene.until(lambda _: connector.down == 1, within_s=15)
            await scene.deposit(10)
            await scene.until(lambda rows: sum(row["credit"] == "night" for row in rows) >= 9)
            await scene.behave()
            await scene.until(lambda rows: all(row["credit"] in {"accepted", "night"}
                                               for row in rows), within_s=20)
        booked = {payment.end_to_end_id for payment in scene.paid()}
        for row in await scene.deposits():
            assert (row["credit"] == "accepted") == (f"D261122{row['journal_id']:X}" in booked)

    at(story)


def test_without_a_certificate_nobody_is_credited(at, papers, tmp_path):
    async def story(scene):
        (key,) = await scene.deposit()
        none = client_context(papers.authority.certificate_path, None)
        async with scene.connector(none):
            await scene.until(lambda rows: rows[0]["credit"] in {"night", "unknown"})
        assert scene.bank.payments() == []
        if await scene.credit(key) == "unknown":  # TLS 1.3 says so after the request has left
            await scene.settle("accepted")

    at(story)


def test_a_bank_that_is_not_the_one_hears_nothing(at, papers, tmp_path):
    async def story(scene):
        stranger = Authority.create(tmp_path / "other")
        own = stranger.client("authhost")
        files = TlsFiles(stranger.certificate_path, own.certificate, own.key)
        await scene.deposit()
        async with scene.connector(files.client_context()):
            await scene.until(lambda rows: rows[0]["credit"] == "night")
        await scene.pool.execute("UPDATE bank SET server_name = 'another.example' "
                                 "WHERE bank_id = $1", scene.bank_id)
        await scene.deposit()
        async with scene.connector():
            await scene.until(lambda rows: rows[1]["credit"] == "night")
        assert scene.bank.payments() == []

    at(story)


def test_a_host_without_a_certificate_for_banks_waits_for_the_night(at):
    async def story(scene):
        await scene.deposit()
        async with scene.connector(secure=False):
            await scene.until(lambda rows: rows[0]["credit"] == "night")

    at(story)


def test_a_row_that_is_wrong_is_said_and_goes_by_night(at):
    async def story(scene):
        await scene.pool.execute("UPDATE bank SET endpoint = 'http://bank.example' "
                                 "WHERE bank_id = $1", scene.bank_id)
        (key,) = await scene.deposit()
        await scene.settle("night")
        ((_, why),) = await scene.changes(key)
        assert why == "bank_settings: http is for the own machine alone"

    at(story)
