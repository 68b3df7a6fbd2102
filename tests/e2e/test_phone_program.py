"""The program of a phone against the host's own doors: from its code to its revocation."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from authhost.payments.life import State
from authhost.payments.model import Asked, NewPayment
from terminals.by_hand import phone_main
from terminals.json_door import NoAnswer, Problem
from terminals.phone.door import explained
from terminals.phone.faults import Fault
from terminals.phone.keystore import Keystore, Locked, WrongPin
from terminals.phone.shown import Login, Waiting
from tests.support.payments import CALLER
from tests.support.phones import BOSS, PIN, Bureau

ROOT = Path(__file__).parents[2]
SESSION = "INSERT INTO merchant_user (user_id, merchant_id, kind, name, phone, created_by)"


class Held:
    """A phone that is enrolled, and its payer."""

    def __init__(self, bureau: Bureau) -> None:
        self.bureau = bureau
        self.number = bureau.payer()
        self.home = bureau.directory / self.number
        self.phone = bureau.phone(self.number)
        bureau.rig.run(self.phone.enrol(bureau.code(self.number), PIN))

    def ask(self, amount: int = 1_250) -> Asked:
        """A payment that waits for it."""
        return self.bureau.shop.ask(_named(self.number), amount)

    def shown(self, asked: Asked) -> Waiting:
        """As the phone has it."""
        found = self.bureau.rig.run(self.phone.find(asked.payment_id))
        assert isinstance(found, Waiting)
        return found

    def answer(self, asked: Asked, decision: Any = "approve", **more: Any) -> list[str]:
        """The states that the word came to."""
        said = self.bureau.rig.run(self.phone.answer(self.shown(asked), decision, PIN, **more))
        return [one.state for one in said]


class _Named:
    """Whom a request names: its number is all that is asked of it."""

    def __init__(self, number: str) -> None:
        self.number = number


def _named(number: str) -> Any:
    return _Named(number)


def test_a_payment_is_shown_and_signed(bureau: Bureau) -> None:
    held = Held(bureau)
    asked = held.ask()
    shown = held.shown(asked)
    assert (shown.amount_minor, shown.payee, shown.purpose) == (1_250, asked.payee, "Roses")
    bureau.rig.run(held.phone.opened(shown))
    assert held.answer(asked) == ["SIGNED"]
    other = held.ask()
    assert held.answer(other, "refuse") == ["DECLINED_BY_PAYER"]
    with pytest.raises(NoAnswer, match="does not wait"):
        held.shown(other)


def test_what_comes_is_heard_and_what_was_missed_is_fetched(bureau: Bureau) -> None:
    held = Held(bureau)
    missed = held.ask()

    async def listen() -> list[tuple[str, str]]:
        heard: list[tuple[str, str]] = []
        async with asyncio.timeout(20), aclosing(held.phone.news()) as news:
            heard.append(await _next(news, missed.payment_id))
            second = await _asked(bureau, held.number)
            heard.append(await _next(news, second))
            shown = await held.phone.find(second)
            await held.phone.answer(shown, "approve", PIN)
            while heard[-1][1] != "SIGNED":
                heard.append(await _next(news, second))
        return heard

    heard = bureau.rig.run(listen())
    assert heard[0][0] == missed.payment_id
    assert heard[-1][1] == "SIGNED"


async def _next(news: AsyncGenerator[Waiting, None], name: str) -> tuple[str, str]:
    """(id, state) of the next that is heard of a payment."""
    async for one in news:
        if one.id == name:
            return one.id, one.state
    raise AssertionError("the stream has an end")


async def _asked(bureau: Bureau, number: str) -> str:
    """The id of a new request."""
    body = await bureau.shop.payments.ask(CALLER, NewPayment(
        kind="phone", payer_phone=number, amount_minor=700, currency="EUR", purpose="Tulips",
        reference="R-2", expires_in_s=180), f"news-{number}")
    return str(msgspec.json.decode(body)["id"])


@pytest.mark.parametrize(("fault", "where"), [
    (Fault.WRONG_NONCE, "signature"), (Fault.ALTERED_AMOUNT, "signature"),
    (Fault.REPLAY, "signature"), (Fault.EXPIRED, "signed_at"),
    (Fault.SOMEONE_ELSES, "signature")])
def test_what_goes_wrong_on_purpose_proves_nothing(bureau: Bureau, fault: Fault,
                                                   where: str) -> None:
    held = Held(bureau)
    held.answer(held.ask())
    asked = held.ask()
    with pytest.raises(Problem) as refused:
        held.answer(asked, fault=fault)
    assert refused.value.status == 403
    assert f"({where})" in explained(refused.value)
    assert bureau.shop.now(asked).now.state in {State.CREATED, State.SENT}
    assert held.answer(asked) == ["SIGNED"]


def test_two_answers_and_none(bureau: Bureau) -> None:
    held = Held(bureau)
    asked = held.ask()
    assert held.answer(asked, fault=Fault.SILENT) == []
    assert bureau.shop.now(asked).now.state in {State.CREATED, State.SENT}
    with pytest.raises(Problem, match="SIGNED"):
        held.answer(asked, fault=Fault.TWICE)
    assert bureau.shop.now(asked).now.state is State.SIGNED


def test_an_answer_that_is_late(bureau: Bureau) -> None:
    held = Held(bureau)
    asked = bureau.shop.ask(_named(held.number), expires_in_s=1)
    with pytest.raises(Problem, match="EXPIRED"):
        held.answer(asked, fault=Fault.LATE)


def test_a_certificate_is_renewed_and_given_up(bureau: Bureau) -> None:
    held = Held(bureau)
    first = Keystore(held.home).identity
    fresh = bureau.rig.run(held.phone.renew(PIN))
    assert first is not None
    assert fresh.serial != first.serial
    assert held.answer(held.ask()) == ["SIGNED"]
    assert bureau.rig.run(held.phone.revoke(PIN)) == fresh.serial
    with pytest.raises(Problem, match="revoked"):
        held.answer(held.ask())


def test_answers_that_are_lost(bureau: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    """The host has done it, and the phone has not heard: the same key, the same certificate."""
    number = bureau.payer()
    phone, code = bureau.phone(number), bureau.code(number)

    def lose(keystore: Keystore, *parts: str) -> Any:
        raise OSError("killed")

    with monkeypatch.context() as broken:
        broken.setattr(Keystore, "keep", lose)
        with pytest.raises(OSError, match="killed"):
            bureau.rig.run(phone.enrol(code, PIN))
    [row] = bureau.kept(number)
    assert bureau.rig.run(bureau.phone(number).enrol(code, PIN)).serial == row["serial"]
    with monkeypatch.context() as broken:
        broken.setattr(Keystore, "keep", lose)
        with pytest.raises(OSError, match="killed"):
            bureau.rig.run(phone.renew(PIN))
    _, row = bureau.kept(number)
    assert bureau.rig.run(bureau.phone(number).renew(PIN)).serial == row["serial"]
    assert len(bureau.kept(number)) == 2


def test_a_key_that_the_host_will_never_take_is_dropped(bureau: Bureau) -> None:
    held = Held(bureau)
    waiting = Keystore(held.home, cost=2).begin(held.number, PIN)
    made = bureau.enrol(held.number, waiting)
    bureau.rig.run(bureau.phones.revoke(BOSS, made.serial, "key_compromise"))
    with pytest.raises(Problem, match="make a new one"):
        bureau.rig.run(held.phone.renew(PIN))
    assert bureau.rig.run(held.phone.renew(PIN)).serial != made.serial


def test_wrong_pins_reach_no_host(bureau: Bureau) -> None:
    held = Held(bureau)
    asked = held.ask()
    shown = held.shown(asked)
    for error in (WrongPin, WrongPin, Locked, Locked):
        with pytest.raises(error):
            bureau.rig.run(held.phone.answer(shown, "approve", "1111"))
    with pytest.raises(Locked):
        bureau.rig.run(held.phone.answer(shown, "approve", PIN))
    assert bureau.shop.now(asked).now.state in {State.CREATED, State.SENT}


def test_an_agent_logs_in(bureau: Bureau) -> None:
    held = Held(bureau)
    bureau.rig.sql(f"{SESSION} VALUES ($1, 'SHOP', 'agent', 'Ana', $2, 'test')",
                   f"agent{held.number}", held.number)
    begun = bureau.send("POST", "/v1/logins", {"phone": held.number, "browser": "Office"}).json()
    [login] = bureau.rig.run(held.phone.logins())
    assert isinstance(login, Login)
    assert (login.code, login.browser) == (begun["code"], "Office")
    [said] = bureau.rig.run(held.phone.answer(login, "approve", PIN))
    assert said.state == "CONFIRMED"
    assert bureau.send("GET", f"/v1/logins/{begun['id']}").json()["state"] == "CONFIRMED"


# By hand.


class Hand:
    """Somebody at the command line; the host runs meanwhile."""

    def __init__(self, bureau: Bureau, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
        self.bureau = bureau
        self.number = bureau.payer()
        self.home = home
        self.pins: list[str] = []
        monkeypatch.setattr("getpass.getpass", lambda prompt: self.pins.pop(0))

    def types(self, *words: str, pins: tuple[str, ...] = (PIN,)) -> int:
        """The exit code of a command."""
        self.pins[:] = pins
        return self.bureau.rig.run(asyncio.to_thread(phone_main, [
            "--url", self.bureau.url, "--phone", self.number, "--home", str(self.home), *words]))


def test_by_hand(bureau: Bureau, monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
                 capsys: pytest.CaptureFixture[str]) -> None:
    hand = Hand(bureau, monkeypatch, tmp_path / "home")
    code = bureau.code(hand.number)
    assert hand.types("--code", code, "enrol", pins=(PIN, "1357")) == 1
    assert "not the same" in capsys.readouterr().err
    assert hand.types("--code", "0" * 10, "enrol", pins=(PIN, PIN)) == 1
    assert "ask your bank" in capsys.readouterr().err
    assert hand.types("--code", code, "enrol") == 0
    asked = bureau.shop.ask(_named(hand.number))
    assert hand.types("list") == 0
    assert f"{asked.payment_id}  12.50 EUR to" in capsys.readouterr().out
    assert hand.types("pay", asked.payment_id, pins=("1111",)) == 1
    assert "2 tries left" in capsys.readouterr().err
    assert hand.types("--fault", "wrong_nonce", "pay", asked.payment_id) == 1
    assert "Signature differs" in capsys.readouterr().err
    assert hand.types("pay", asked.payment_id) == 0
    assert f"{asked.payment_id}  SIGNED" in capsys.readouterr().out
    assert hand.types("pay", asked.payment_id) == 1
    assert "does not wait" in capsys.readouterr().err
    other = bureau.shop.ask(_named(hand.number))
    assert hand.types("refuse", other.payment_id) == 0
    assert hand.types("renew") == 0
    assert hand.types("revoke") == 0
    last = bureau.shop.ask(_named(hand.number))
    capsys.readouterr()
    assert hand.types("pay", last.payment_id) == 1
    said = capsys.readouterr()
    assert "Certificate: the certificate is" in said.err
    assert PIN not in said.out + said.err


def test_who_watches_sees_what_comes(bureau: Bureau) -> None:
    number = bureau.payer()
    missed = bureau.shop.ask(_named(number))

    async def watch() -> tuple[list[str], int | None, bytes]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "terminals.phone", "--url", bureau.url, "--phone", number,
            "--home", str(bureau.directory / "watch"), "watch", stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, cwd=ROOT,
            # Whoever runs the tests in the background has had interrupts ignored, and so we.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        assert process.stdout is not None
        lines = [(await process.stdout.readline()).decode()]
        name = await _asked(bureau, number)
        lines.append((await process.stdout.readline()).decode())
        await bureau.shop.payments.cancel(CALLER, name)
        while "CANCELLED" not in lines[-1]:
            lines.append((await process.stdout.readline()).decode())
        process.send_signal(signal.SIGINT)
        _, errors = await process.communicate()
        return lines, process.returncode, errors

    lines, code, errors = bureau.rig.run(watch())
    assert lines[0].startswith(f"{missed.payment_id}  12.50 EUR to")
    assert "7.00 EUR to" in lines[1]
    assert (code, errors) == (0, b"")


@pytest.mark.parametrize("words", [
    ("--phone", "040123456", "list"), ("pay",), ("dance",), ("--fault", "rain", "list")])
def test_a_command_that_cannot_be_meant(words: tuple[str, ...], tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as left:
        phone_main(["--phone", "+38640123456", "--home", str(tmp_path), *words])
    assert left.value.code == 2


def test_a_host_that_is_away_is_said_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                           capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("getpass.getpass", lambda prompt: PIN)
    assert phone_main(["--url", "http://127.0.0.1:9", "--phone", "+38640123456", "--home",
                       str(tmp_path), "--code", "0" * 10, "enrol"]) == 1
    assert "does not answer" in capsys.readouterr().err
    assert phone_main(["--url", "http://127.0.0.1:9", "--phone", "+38640123456", "--home",
                       str(tmp_path / "bare"), "renew"]) == 1
    assert "not enrolled" in capsys.readouterr().err
