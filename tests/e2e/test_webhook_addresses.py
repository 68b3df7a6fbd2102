"""Where webhooks go, and where not: names that lead to us, redirects, certificates, answers."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from authhost.webhooks import bounds
from authhost.webhooks.addresses import Unwelcome, target_of
from authhost.webhooks.outgoing import LookUp, Names, Outgoing, Unreachable, resolved
from tests.support.hearing import Heard, Hearing, Reply
from tests.support.rig import Rig
from tests.support.webhook_shop import WebhookShop


@pytest.fixture
def shop(rig: Rig, tmp_path: Path) -> Iterator[WebhookShop]:
    made = WebhookShop(rig, tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize("addresses", [
    ["127.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["::ffff:127.0.0.1"], ["169.254.169.254"], []])
def test_a_name_that_leads_to_us_is_not_called(shop: WebhookShop, addresses: list[str]) -> None:
    outgoing = shop.way_out(allow_private=False)
    shop.addresses["shop.example"] = addresses
    webhook, _ = shop.due()
    row = shop.told(webhook, shop.another(outgoing))
    assert (row["state"], row["last_said"]) == (
        "waiting", "the name leads to no address that is called")
    assert (shop.server.connections, shop.asked) == (0, ["shop.example"])
    shop.rig.run(outgoing.close())


def test_a_name_that_changes_its_mind_is_judged_at_every_connection(shop: WebhookShop) -> None:
    """What was good when the merchant named it, or a moment ago, is asked for again."""
    shop.told(shop.due()[0])
    assert shop.asked == ["shop.example"]
    shop.told(shop.due()[0])
    assert shop.asked == ["shop.example"], "the connection is used again"
    shop.addresses["shop.example"] = ["0.0.0.0"]
    shop.addresses["other.example"] = ["224.0.0.1"]
    other, _ = shop.due(url=shop.url("other.example"))
    assert shop.told(other)["last_said"] == "the name leads to no address that is called"
    assert shop.asked == ["shop.example", "other.example"]
    assert shop.server.connections == 1


def test_a_url_that_is_not_called_is_dead_at_once(shop: WebhookShop) -> None:
    webhook, _ = shop.due(url="https://user@shop.example/")
    row = shop.told(webhook)
    assert (row["state"], row["last_said"]) == ("dead", "refused: it has user information")


def test_a_redirect_is_an_answer(shop: WebhookShop) -> None:
    async def reply(heard: Heard) -> Reply:
        return Reply(307 if heard.path == "/hook" else 200, (("Location", "/secret"),))

    shop.server.reply = reply
    assert shop.told(shop.due()[0])["last_said"] == "307"
    assert [heard.path for heard in shop.server.heard] == ["/hook"]


def test_a_certificate_of_another_name_or_authority_is_refused(
        shop: WebhookShop, tmp_path: Path) -> None:
    expected = "the certificate is not trusted, or has another name"
    assert shop.told(shop.due(url=shop.url("unknown.example"))[0])["last_said"] == expected
    stranger = Hearing(tmp_path / "stranger", ["shop.example"])
    shop.rig.run(stranger.listen())
    url = f"https://shop.example:{stranger.port}/"
    assert shop.told(shop.due(url=url)[0])["last_said"] == expected
    assert (stranger.heard, shop.server.heard) == ([], [])
    shop.rig.run(stranger.close())


@pytest.mark.parametrize(("raw", "said"), [
    (b"HTTP/1.1 200 OK\r\ncontent-length: 9999999\r\n\r\n" + b"x" * 100_000, "200"),
    (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 500_000, "no connection: RemoteProtocolError"),
    (b"SSH-2.0-nobody\r\n\r\n", "no connection: RemoteProtocolError")])
def test_an_endless_or_strange_answer_is_read_so_far_and_no_further(
        shop: WebhookShop, raw: bytes, said: str) -> None:
    async def reply(_: Heard) -> Reply:
        return Reply(raw=raw)

    shop.server.reply = reply
    assert shop.told(shop.due()[0])["last_said"] == said
    assert shop.outgoing._pool.connections == []


def test_an_answer_that_trickles_ends_in_time(
        shop: WebhookShop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "ANSWER_S", 0.5)

    async def reply(_: Heard) -> Reply:
        await asyncio.sleep(20)
        return Reply()

    shop.server.reply = reply
    with pytest.raises(Unreachable, match=r"within 0\.5 s"):
        shop.rig.run(shop.outgoing.post(target_of(shop.url(), allow_private=True), {}, b"", 0.5))


def test_plain_http_is_for_the_own_machine(rig: Rig, tmp_path: Path) -> None:
    plain = Hearing(tmp_path, [], tls=False)
    rig.run(plain.listen())
    url = f"http://localhost:{plain.port}/?order=7"
    with pytest.raises(Unwelcome, match="not https"):
        target_of(url)
    outgoing = Outgoing(allow_private=True)
    assert rig.run(outgoing.post(target_of(url, allow_private=True), {}, b"{}")).status == 204
    [heard] = plain.heard
    assert (heard.path, heard.headers["host"]) == ("/?order=7", f"localhost:{plain.port}")
    rig.run(outgoing.close())
    rig.run(plain.close())


def test_names_are_asked_for_once_and_slow_ones_are_left_alone(
        rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def addresses(host: str, _: int) -> list[str]:
        asked.append(host)
        if host == "slow.example":
            time.sleep(0.5)
        return ["198.51.100.1"]

    monkeypatch.setattr("authhost.webhooks.outgoing._addresses", addresses)
    monkeypatch.setattr(bounds, "RESOLVING", 2)
    monkeypatch.setattr(bounds, "LOOKUP_S", 0.05)
    names = Names()
    for _ in range(2):
        assert rig.run(names.look_up("shop.example", 443)) == ["198.51.100.1"]
    assert asked == ["shop.example"]
    for _ in range(2):
        with pytest.raises(TimeoutError):
            rig.run(names.look_up("slow.example", 443))
    with pytest.raises(OSError, match="too many"):
        rig.run(names.look_up("third.example", 443))
    rig.run(asyncio.sleep(0.6))
    assert rig.run(names.look_up("third.example", 443)) == ["198.51.100.1"]
    names.close()


async def no_names(host: str, port: int) -> list[str]:
    raise OSError("the server of names is away")


async def none_of_it(host: str, port: int) -> list[str]:
    return []


async def our_own(host: str, port: int) -> list[str]:
    return ["8.8.8.8", "127.0.0.1"]


@pytest.mark.parametrize(("look_up", "refused"), [
    (no_names, Unreachable), (none_of_it, Unreachable), (our_own, Unwelcome)])
def test_a_name_that_is_not_found_is_tried_again_and_one_that_leads_to_us_is_not(
        rig: Rig, look_up: LookUp, refused: type[Exception]) -> None:
    """In the same words: nobody asks us which names our network has."""
    with pytest.raises(refused, match=r"^the name leads to no address that is called$"):
        rig.run(resolved("shop.example", 443, look_up))


def test_one_merchants_slow_names_are_its_own(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """All threads but its share are there for others."""
    freed = threading.Event()
    asked: list[str] = []

    def addresses(host: str, _: int) -> list[str]:
        asked.append(host)
        if host.startswith("slow"):
            freed.wait(20)
        return ["127.0.0.1"]

    monkeypatch.setattr("authhost.webhooks.outgoing._addresses", addresses)
    monkeypatch.setattr(bounds, "RESOLVING", 4)
    monkeypatch.setattr(bounds, "RESOLVING_PER_MERCHANT", 2)
    outgoing = Outgoing()  # what was found is not called: it is this machine

    async def came(host: str, whose: str) -> type[Exception]:
        with pytest.raises((Unreachable, Unwelcome)) as found:
            await outgoing.post(target_of(f"https://{host}.example.com/"), {}, b"", whose=whose)
        return found.type

    async def work() -> None:
        slow = [asyncio.create_task(came(f"slow{number}", "A")) for number in range(6)]
        await asyncio.sleep(0.1)
        assert sum(one.startswith("slow") for one in asked) == 2
        assert await came("good", "A") is Unreachable, "it has no thread left"
        assert await came("good", "B") is Unwelcome, "it was asked for"
        freed.set()
        await asyncio.gather(*slow)
        assert await came("other", "A") is Unwelcome, "its threads are back"
        await outgoing.close()

    rig.run(work())
