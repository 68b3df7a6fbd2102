"""Issuing is killed at each step and gone on with: one active card a line, none lost, none
double."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from authhost.embedded import Servers
from authhost.hsm.pool import HsmPool
from chip.dialogue import PinStatus
from chip.memory import CardFile, LifeCycle
from chip.reader import InProcessReader
from chip.virtual import Card
from issuing import cli
from issuing.feeders import FolderFeeder
from issuing.ledger import Ledger
from tests.e2e.issuing_bench import Fleet, command, issuing_fleet, row

ROOT = Path(__file__).parents[2]
WRITTEN = frozenset({"ledger", "mailer", "activate the chip"})
STEPS = ("open", "number", "move", "activate", "spoil")
# A session's own commands are many and all alike: they are counted as the APDUs that they make.
INNER = frozenset({b"M0", b"M2", b"M6", b"NC"})


class Killed(BaseException):
    """As little is done after it as after kill -9: nobody catches it."""


class Death:
    """Notes what goes out of the process, and ends it before or after the nth."""

    def __init__(self, at: int) -> None:
        self.steps: list[str] = []
        self._at = at

    def step(self, what: str) -> None:
        """One more thing is about to happen, or has."""
        self.steps.append(what)
        if len(self.steps) == self._at:
            raise Killed

    def worth(self) -> list[int]:
        """Where to die: at all that is written down, and at every twentieth of the rest."""
        rest = [at for at, what in enumerate(self.steps, 1) if what not in WRITTEN]
        return sorted({at for at, what in enumerate(self.steps, 1) if what in WRITTEN}
                      | set(rest[::20]))


@pytest.fixture(scope="module")
def made(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """A fleet before an HSM that may print."""
    with issuing_fleet(servers, tmp_path_factory.mktemp("issuing")) as fleet:
        yield fleet


@pytest.fixture
def fleet(made: Fleet) -> Fleet:
    """The module's, as new."""
    made.clean()
    return made


def deadly(patch: pytest.MonkeyPatch, death: Death) -> None:
    """Before each command to the HSM, around each APDU and each transaction."""
    call, printing, transmit = HsmPool.call, HsmPool.call_printing, InProcessReader.transmit

    async def dying_call(self: HsmPool, letters: bytes, **more: Any) -> bytes:
        if letters[:2] not in INNER:
            death.step("command")
        return await call(self, letters, **more)

    async def dying_printing(self: HsmPool, *args: Any) -> tuple[bytes, bytes]:
        death.step("mailer")
        answers = await printing(self, *args)
        death.step("mailer")
        return answers

    def dying_transmit(self: InProcessReader, apdu: bytes) -> tuple[bytes, int]:
        answer = transmit(self, apdu)
        death.step("activate the chip" if apdu[1] == 0x44 else "APDU")
        return answer

    patch.setattr(HsmPool, "call", dying_call)
    patch.setattr(HsmPool, "call_printing", dying_printing)
    patch.setattr(InProcessReader, "transmit", dying_transmit)
    for name in STEPS:
        patch.setattr(Ledger, name, around(getattr(Ledger, name), death))


def around(method: Callable[..., Awaitable[Any]], death: Death) -> Callable[..., Awaitable[Any]]:
    """The method, with a death before it and one after its commit."""
    async def dying(*args: Any) -> Any:
        death.step("ledger")
        result = await method(*args)
        death.step("ledger")
        return result
    return dying


def run(fleet: Fleet, batch: Path, death: Death | None = None) -> bool:
    """One run of the batch in this process; False when it was killed in it."""
    with pytest.MonkeyPatch.context() as patch:
        if death is not None:
            deadly(patch, death)
        try:
            assert cli.main(command(fleet, batch, "--reader", f"virtual:{fleet.box}")) == 0
        except Killed:
            return False
    return True


def new_box(fleet: Fleet) -> None:
    """Two blank chips, and no other."""
    for path in fleet.box.glob("*.card"):
        path.unlink()
    fleet.blanks(2)


def judge(fleet: Fleet, batch_id: str, lines: int) -> None:
    """Each line has one active card, which is a chip that opens with the PIN of its mailer."""
    rows = fleet.sql(
        "SELECT l.line, l.state, l.card_serial, c.status FROM issue_line l LEFT JOIN card c"
        " USING (card_id) WHERE l.batch_id = $1", batch_id)
    assert [(one["state"], one["status"]) for one in rows] == [("active", "active")] * lines
    spoiled = fleet.sql("SELECT c.status FROM issue_spoiled s JOIN card c USING (card_id)"
                        " WHERE s.batch_id = $1", batch_id)
    assert {one["status"] for one in spoiled} <= {"closed"}
    stray = fleet.sql(
        "SELECT card_id FROM card WHERE card_id NOT IN (SELECT card_id FROM issue_line WHERE"
        " card_id IS NOT NULL UNION ALL SELECT card_id FROM issue_spoiled)")
    assert stray == []
    chips = {fleet.state(path).serial.hex().upper(): path for path in fleet.box.glob("*.card")}
    for one in rows:
        pin = fleet.bureau.mailer(f"{batch_id}-{one['line']:05d}")
        dialogue = fleet.terminal(chips[one["card_serial"]])
        assert dialogue.verify_pin(pin).status is PinStatus.VERIFIED


def test_killed_at_every_step(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """One card, and a death at each of its steps. The box is a pile: a card is taken once."""
    new_box(fleet)
    assert run(fleet, fleet.batch([row(1)], "first"))  # makes the keys of the card index
    whole = Death(0)
    new_box(fleet)
    assert run(fleet, fleet.batch([row(1)], "whole"), whole)
    judge(fleet, "whole", 1)
    assert len(whole.steps) > 45
    for at in whole.worth():
        new_box(fleet)
        batch = fleet.batch([row(1)], f"at{at}")
        assert not run(fleet, batch, Death(at)), at
        assert run(fleet, batch), at
        judge(fleet, f"at{at}", 1)
    spoiled = fleet.sql("SELECT state, count(*) AS n FROM issue_spoiled GROUP BY state")
    assert {one["state"] for one in spoiled} == {"numbered", "loaded"}


def test_a_second_death_while_the_first_is_mended(fleet: Fleet) -> None:
    """Dead after the card is loaded, then dead while it is spoiled, before and after."""
    fleet.blanks(4)
    batch = fleet.batch([row(1)], "twice")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Ledger, "move", around(Ledger.move, Death(2)))
        with pytest.raises(Killed):
            cli.main(command(fleet, batch, "--reader", f"virtual:{fleet.box}"))
    assert fleet.sql("SELECT state FROM issue_line WHERE batch_id = 'twice'")[0][0] == "loaded"
    for at in (1, 2):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Ledger, "spoil", around(Ledger.spoil, Death(at)))
            with pytest.raises(Killed):
                cli.main(command(fleet, batch, "--reader", f"virtual:{fleet.box}"))
    assert run(fleet, batch)
    judge(fleet, "twice", 1)


def test_kill_9(fleet: Fleet) -> None:
    """The process itself, in the midst of five cards, again and again."""
    fleet.blanks(12)
    batch = fleet.batch([row(one) for one in range(1, 6)], "nine")
    arguments = command(fleet, batch, "--reader", f"virtual:{fleet.box}")
    for wanted in ("numbered", "active"):
        process = subprocess.Popen([sys.executable, "-m", "issuing", *arguments], cwd=ROOT,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        seen = len(fleet.sql("SELECT FROM issue_line WHERE state = $1", wanted))
        until = time.monotonic() + 30
        while len(fleet.sql("SELECT FROM issue_line WHERE state = $1", wanted)) <= seen:
            assert time.monotonic() < until
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert run(fleet, batch)
    judge(fleet, "nine", 5)
    assert run(fleet, batch)
    judge(fleet, "nine", 5)


def test_a_locked_chip_is_not_begun_again(fleet: Fleet) -> None:
    """Spoiled when it was locked: it stays locked, and is passed over."""
    first, second = fleet.blanks(2)
    batch = fleet.batch([row(1)], "locked")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Ledger, "move", around(Ledger.move, Death(1)))
        with pytest.raises(Killed):
            cli.main(command(fleet, batch, "--reader", f"virtual:{fleet.box}"))
    assert fleet.state(first).life_cycle is LifeCycle.ACTIVE
    assert run(fleet, batch)
    judge(fleet, "locked", 1)
    assert fleet.sql("SELECT card_serial FROM issue_line WHERE batch_id = 'locked'")[0][0] \
        == fleet.state(second).serial.hex().upper()


def test_a_half_written_chip_is_begun_again(fleet: Fleet) -> None:
    """Not locked yet: the same body becomes another card, with other number and keys."""
    path, = fleet.blanks(1)
    batch = fleet.batch([row(1)], "half")
    count = 0
    transmit = InProcessReader.transmit

    def dying(self: InProcessReader, apdu: bytes) -> tuple[bytes, int]:
        nonlocal count
        count += 1
        if count == 16:
            raise Killed
        return transmit(self, apdu)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(InProcessReader, "transmit", dying)
        with pytest.raises(Killed):
            cli.main(command(fleet, batch, "--reader", f"virtual:{fleet.box}"))
    assert fleet.state(path).life_cycle is LifeCycle.PERSONALIZING
    assert run(fleet, batch)
    judge(fleet, "half", 1)


def test_a_pulled_card_is_replaced_in_the_same_run(fleet: Fleet,
                                                   capsys: pytest.CaptureFixture[str]) -> None:
    """The chip is gone in the middle: spoiled, said, and the next one is taken."""
    fleet.blanks(2)
    count = 0

    class Slot(InProcessReader):
        def transmit(self, apdu: bytes) -> tuple[bytes, int]:
            nonlocal count
            count += 1
            if count == 14:
                self.remove()
            return super().transmit(apdu)

    async def pulled(self: FolderFeeder) -> InProcessReader:
        return Slot(Card(CardFile(next(self._files), self._key)))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FolderFeeder, "next", pulled)
        assert cli.main(command(fleet, fleet.batch([row(1)], "pulled"), "--reader",
                                f"virtual:{fleet.box}")) == 0
    said = capsys.readouterr()
    assert "spoiled 1\ndestroy card" in said.out
    assert "pulled out" in said.err
    judge(fleet, "pulled", 1)
    assert fleet.sql("SELECT why FROM issue_spoiled")[0]["why"].startswith("The card was pulled")
