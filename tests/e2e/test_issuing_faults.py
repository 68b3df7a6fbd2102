"""Stripes, refusals, keys and certificates: what issuing does besides a good batch of chips."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest

from authhost.embedded import Servers
from authhost.hsm_keys import KeyEntry
from authhost.model import Check, PinBlock
from chip import curve
from chip.certificates import Certificate, Role
from chip.dialogue import PinStatus
from chip.memory import LifeCycle
from hsm_sim.crypto.ciphers import tdes_encrypt
from hsm_sim.crypto.pin_blocks import account12, encode
from issuing import cli
from issuing.batch import read_batch
from issuing.issue import Issuing, IssuingFailed, Order, Summary
from issuing.keys import issuer_keys
from issuing.ledger import BatchRefused, ledger
from issuing.numbers import check_digit
from issuing.program import STRIPE, read_program
from issuing.stripe import EncoderError, VirtualEncoder
from tests.e2e.issuing_bench import PROGRAM, TODAY, ZPK, Fleet, command, issuing_fleet, row


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


def stripes(fleet: Fleet, encoder: Any, name: str = "S1", lines: int = 2,
            below: Any = None) -> Summary:
    """A batch of stripes before an encoder that the test has in its hands."""
    batch = read_batch(fleet.batch([row(one) for one in range(1, lines + 1)], name).read_bytes(),
                       TODAY)

    async def run() -> Summary:
        connection = await asyncpg.connect(fleet.database_url)
        try:
            async with fleet.session() as session, \
                    ledger(fleet.database_url, name, PROGRAM, "ana") as book:
                program = await read_program(connection, session.keys, PROGRAM, STRIPE)
                more = {"below": below} if below else {}
                issuing = Issuing(session.hsm, await session.pan_index(), book, program,
                                  Order(iin="704001", service_code="120"), encoder, TODAY, **more)
                return await issuing.run(batch)
        finally:
            await connection.close()

    return fleet.run(run())


def test_stripes_carry_their_card_verification_value(fleet: Fleet) -> None:
    encoder = VirtualEncoder()
    assert stripes(fleet, encoder).issued == 2
    assert len(set(encoder.cards)) == 2

    async def checks() -> list[Check]:
        async with fleet.session() as session:
            cvk = (await session.keys.at(f"program/{PROGRAM}/cvk")).block
            found = []
            for track in encoder.cards:
                pan, _, rest = track.partition("=")
                assert rest[:12] == "301212000000"
                assert check_digit(pan[:-1]) == pan[-1]
                found.append(await session.hsm.verify_cvv(cvk, pan, rest[:4], rest[4:7], rest[12:]))
            return found

    assert fleet.run(checks()) == [Check.GOOD, Check.GOOD]
    assert [one["status"] for one in fleet.sql("SELECT status FROM card")] == ["active"] * 2
    assert len(fleet.bureau.mailer("S1-00002")) == 4
    assert encoder.cards[0] not in repr(encoder)


def test_a_stripe_that_reads_otherwise_is_spoiled(fleet: Fleet) -> None:
    class Weak(VirtualEncoder):
        async def read(self) -> str:
            if len(self.cards) == 1:
                return self.cards[0][:-1] + "?"
            return await super().read()

    class Jammed(VirtualEncoder):
        async def write(self, track2: str) -> None:
            raise EncoderError("jammed")

    weak = Weak()
    summary = stripes(fleet, weak, lines=1)
    assert (summary.issued, len(summary.spoiled), len(weak.cards)) == (1, 1, 2)
    why, = fleet.sql("SELECT why FROM issue_spoiled")
    assert not any(track[:6] in why["why"] for track in weak.cards)
    assert sorted(one["status"] for one in fleet.sql("SELECT status FROM card")) \
        == ["active", "closed"]
    with pytest.raises(IssuingFailed, match="3 cards were spoiled"):
        stripes(fleet, Jammed(), "S2", lines=1)
    assert fleet.sql("SELECT count(*) AS n FROM card WHERE status = 'active'")[0]["n"] == 1


def test_a_number_that_is_taken_is_not_taken_twice(fleet: Fleet) -> None:
    drawn = iter([7, 0, 0, 1, 2, 2, 2, 3])  # the first is thrown: the run asks once whether it can
    encoder = VirtualEncoder()
    assert stripes(fleet, encoder, lines=4, below=lambda _: next(drawn)).issued == 4
    assert len({track[:18] for track in encoder.cards}) == 4
    with pytest.raises(IssuingFailed, match="IIN 704001 is full"):
        stripes(fleet, encoder, "S2", below=lambda _: 1)


def test_two_programs_do_not_work_on_one_batch(fleet: Fleet) -> None:
    batch = read_batch(fleet.batch([row(1)]).read_bytes(), TODAY)
    other = read_batch(fleet.batch([row(2)]).read_bytes(), TODAY)

    async def run() -> None:
        async with ledger(fleet.database_url, "B1", PROGRAM, "ana") as first:
            assert await first.open(batch, "chip")
            async with ledger(fleet.database_url, "B1", PROGRAM, "ben") as second:
                with pytest.raises(BatchRefused, match="somebody is working"):
                    await second.open(batch, "chip")
        async with ledger(fleet.database_url, "B1", PROGRAM, "ben") as third:
            assert not await third.open(batch, "chip")
            with pytest.raises(BatchRefused, match="another content"):
                await third.open(other, "chip")
            with pytest.raises(BatchRefused, match="program"):
                await third.open(batch, "stripe")

    fleet.run(run())


def test_a_batch_is_checked_whole_before_a_card_is_touched(
        fleet: Fleet, capsys: pytest.CaptureFixture[str]) -> None:
    path, = fleet.blanks(1)
    good = row(1)
    for line, says in (
            (good.replace("4001", "4009", 1), "account: there is none"),
            (good.replace("4001,11,21", "4002,,", 1), "account: is a merchant's, no fleet's"),
            (good.replace("4001,11,21", "4003,12,", 1), "account: is blocked"),
            (good.replace(",11,", ",12,", 1), "vehicle: is not of this account"),
            (good.replace(",21,", ",29,", 1), "driver: is not of this account"),
            (good.replace("3012", "2606", 1), "expiry: is over")):
        batch = fleet.batch([row(2), line])
        assert cli.main(command(fleet, batch, "--reader", f"virtual:{fleet.box}")) == 1
        assert f"line 3, {says}" in capsys.readouterr().err
    assert fleet.state(path).life_cycle is LifeCycle.BLANK
    assert fleet.sql("SELECT FROM issue_batch") == fleet.sql("SELECT FROM card") == []


def test_arguments_that_cannot_be(fleet: Fleet, capsys: pytest.CaptureFixture[str]) -> None:
    path, = fleet.blanks(1)
    for more, says in (
            (("--iin", "70"), "6 to 8 digits"), (("--length", "20"), "16 to 19"),
            (("--program", "NONE"), "no program NONE"),
            (("--batch-id", "a/b"), "no name of a batch"),
            (("--medium", "stripe"), "needs an --encoder"),
            (("--hsm", "http://x"), "expected hsm://"), (("--hsm-ca", "x"), "go together"),
            (("--reader", "virtual:nowhere"), "No such file")):
        arguments = command(fleet, fleet.batch([row(1)]), "--reader", f"virtual:{fleet.box}")
        assert cli.main([*arguments, *more]) == 1
        assert says in capsys.readouterr().err
    assert fleet.state(path).life_cycle is LifeCycle.BLANK
    assert fleet.sql("SELECT FROM card") == []


def test_a_chip_of_another_factory_is_not_taken(fleet: Fleet,
                                                capsys: pytest.CaptureFixture[str]) -> None:
    foreign, = fleet.blanks(1, master=bytes(16))
    fleet.blanks(1)
    batch = fleet.batch([row(1)])
    assert cli.main(command(fleet, batch, "--reader", f"virtual:{fleet.box}")) == 0
    assert "Not this card. This card is not genuine." in capsys.readouterr().err
    assert fleet.state(foreign).life_cycle is LifeCycle.BLANK
    assert fleet.sql("SELECT count(*) AS n FROM card")[0]["n"] == 1


def test_an_empty_box_stops_the_batch_and_a_full_one_goes_on(
        fleet: Fleet, capsys: pytest.CaptureFixture[str]) -> None:
    fleet.blanks(1)
    batch = fleet.batch([row(1), row(2)])
    arguments = command(fleet, batch, "--reader", f"virtual:{fleet.box}")
    assert cli.main(arguments) == 1
    assert "no more blank cards" in capsys.readouterr().err
    fleet.blanks(1)
    assert cli.main(arguments) == 0
    assert "issued 1, finished 0, active before 1" in capsys.readouterr().out


def test_keys_and_certificates(fleet: Fleet, capsys: pytest.CaptureFixture[str]) -> None:
    """A second issuer key: cards know both, terminals are signed by the newest."""
    common = ["--database-url", fleet.database_url, "--hsm", fleet.bureau.hsm.url]
    path, = fleet.blanks(1)
    assert cli.main(["keys", *common, "--program", PROGRAM, "--new-issuer-key"]) == 0
    out = capsys.readouterr().out
    assert "chip/transport\nchip/auth\nchip/pin\nprogram/FLEET/mk_ac\nchip/issuer" in out
    assert "issuer key 2 04" in out
    assert "issuer key 1 04" in out
    key = curve.point(curve.new_key()).hex()
    assert cli.main(["certify", *common, "--terminal", "POS1", "--point", key,
                     "--today", "2026-07-23"]) == 0
    made = Certificate.parse(bytes.fromhex(capsys.readouterr().out))
    assert (made.role, made.holder, made.issuer_key) == (Role.TERMINAL, b"POS1    ", 2)
    assert cli.main(["certify", *common, "--terminal", "POS000001", "--point", key]) == 1

    async def points() -> dict[int, bytes]:
        connection = await asyncpg.connect(fleet.database_url)
        try:
            async with fleet.session() as session:
                return (await issuer_keys(session.keys, connection)).points
        finally:
            await connection.close()

    made.check(fleet.run(points()), Role.TERMINAL, TODAY)
    batch = fleet.batch([row(1)])
    assert cli.main(command(fleet, batch, "--reader", f"virtual:{fleet.box}")) == 0
    assert sorted(fleet.state(path).issuer_keys) == [1, 2]
    private = fleet.sql("SELECT block FROM hsm_key WHERE name = 'chip/issuer'")
    assert all(one["block"].startswith("S") for one in private)


def test_a_program_with_offsets(fleet: Fleet) -> None:
    """IBM 3624 instead of a PVV: the card's value is the offset of its PIN."""
    fleet.sql("UPDATE program SET pin_method = 'ibm3624'")

    async def other_key() -> None:
        async with fleet.session() as session:
            made = await session.hsm.generate("V1", "T2", "C")
            await session.keys.put(KeyEntry(f"program/{PROGRAM}/pvk", 2, "V1", "T", made.block,
                                            made.kcv))

    fleet.run(other_key())
    encoder = VirtualEncoder()
    stripes(fleet, encoder, lines=1)
    account = account12(encoder.cards[0].partition("=")[0])
    pin = fleet.bureau.mailer("S1-00002")
    value, = fleet.sql("SELECT pin_value, decimalization FROM card JOIN program USING (program_id)")

    async def check(tried: str) -> Check:
        block = PinBlock(tdes_encrypt(ZPK, encode("01", tried, account, bytes)), "01", "zone")
        async with fleet.session() as session:
            pvk = await session.keys.at(f"program/{PROGRAM}/pvk")
            return Check(await session.hsm.verify_pin(
                fleet.bureau.zpk[0], block, account, method="ibm3624", pvk=pvk.block, pvki=1,
                value=value["pin_value"], decimalization=value["decimalization"]))

    wrong = pin[:-1] + str((int(pin[-1]) + 1) % 10)
    assert (fleet.run(check(pin)), fleet.run(check(wrong))) == (Check.GOOD, Check.WRONG)


def test_a_card_at_the_issuers_desk(fleet: Fleet, capsys: pytest.CaptureFixture[str]) -> None:
    """Three wrong PINs, unblocked: the old PIN is good. Blocked: nothing is."""
    path, = fleet.blanks(1)
    assert cli.main(command(fleet, fleet.batch([row(1)]), "--reader", f"virtual:{fleet.box}")) == 0
    pin = fleet.bureau.mailer("B1-00002")
    wrong = pin[:-1] + str((int(pin[-1]) + 1) % 10)
    dialogue = fleet.terminal(path)
    assert [dialogue.verify_pin(wrong).tries_left for _ in range(3)] == [2, 1, 0]
    assert dialogue.verify_pin(pin).status is PinStatus.BLOCKED
    common = ["--database-url", fleet.database_url, "--hsm", fleet.bureau.hsm.url,
              "--reader", f"virtual:{path}"]
    capsys.readouterr()
    assert cli.main(["card", "unblock-pin", *common]) == 0
    assert "PIN tries: 3" in capsys.readouterr().out
    assert fleet.terminal(path).verify_pin(pin).status is PinStatus.VERIFIED
    assert cli.main(["card", "block", *common]) == 0
    assert fleet.state(path).life_cycle is LifeCycle.BLOCKED
    assert cli.main(["card", "unblock-pin", *common]) == 1
    assert "This card is blocked." in capsys.readouterr().err
