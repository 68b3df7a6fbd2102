"""Deliveries to a folder and to a real SFTP server: once, whole, checked, after any death."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

import asyncssh
import msgspec
import pytest

from authhost.admin.statements import statement
from clearing.queries import connect
from clearing.release import bringing, deliver
from clearing.release.deliver import Delivered, deliver_due
from clearing.release.people import approve, note_started
from clearing.release.targets import SftpTarget
from clearing.release.to_folder import ToFolder
from tests.e2e.clearing_day import sql, wait
from tests.support.release_scene import FILES, NOW, RUN, add_route, make_run
from tests.support.sftp_server import Bank

PREFIX = "2026-07-23-cash-1-"
NAMES = {PREFIX + path.replace("/", "-"): content for path, content in FILES.items()}
XML = PREFIX + "bank-deposits-EUR.xml"
LATER = timedelta(hours=2)


@pytest.fixture
def bank(tmp_path: Path) -> Bank:
    """A bank's server."""
    return Bank(tmp_path / "bank-of-test")


def brought(folder: Path) -> dict[str, bytes]:
    """What is in the folder of whoever receives."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def to_folder(database_url: str, tmp_path: Path, **columns: Any) -> Path:
    """A route to a folder."""
    there = tmp_path / "there"
    there.mkdir()
    wait(add_route(database_url, {"type": "folder", "folder": str(there)}, **columns))
    return there


async def route_to(database_url: str, target: SftpTarget, **columns: Any) -> None:
    """The route to a server; its port is new each time that it is started."""
    text = msgspec.json.encode(target).decode()
    try:
        await add_route(database_url, json.loads(text), **columns)
    except Exception:
        connection = await connect(database_url)
        await connection.execute("UPDATE delivery_route SET target = $1", text)
        await connection.close()


def by_sftp(database_url: str, out: Path, bank: Bank, now: datetime = NOW) -> Delivered:
    """One turn of the route `bank` to the server."""
    async def run() -> tuple[Delivered, ...]:
        async with bank.serving() as target:
            await route_to(database_url, target)
            return await deliver_due(database_url, out, now)
    only, = wait(run())
    return only


def test_a_folder_has_every_file_once(database_url: str, tmp_path: Path) -> None:
    wait(make_run(database_url, tmp_path))
    there = to_folder(database_url, tmp_path)
    assert wait(deliver_due(database_url, tmp_path, NOW)) == (Delivered("bank", 3),)
    assert brought(there) == NAMES
    assert [row[:] for row in sql(database_url, "SELECT DISTINCT state FROM file_state")] == [
        ("delivered",)]
    # What was taken is not brought again.
    for path in there.iterdir():
        path.unlink()
    assert wait(deliver_due(database_url, tmp_path, NOW + LATER)) == (Delivered("bank"),)
    assert brought(there) == {}


def test_a_server_has_every_file_once(database_url: str, tmp_path: Path, bank: Bank) -> None:
    wait(make_run(database_url, tmp_path))
    assert by_sftp(database_url, tmp_path, bank) == Delivered("bank", 3)
    assert bank.files() == NAMES
    receipt = json.loads(sql(database_url, "SELECT receipt FROM delivery ORDER BY path")[0][0])
    assert receipt == {"place": XML, "size": 11, "taken": False, "number": "",
                       "sha256": hashlib.sha256(b"<Document/>").hexdigest()}
    assert by_sftp(database_url, tmp_path, bank) == Delivered("bank")


@pytest.mark.parametrize(("columns", "names"), [
    ({"recipient": "bank/NLB"}, {"bank-deposits-EUR.xml"}),
    ({"recipient": "account/*"}, {"bookings-10-EUR.xml"}),
    ({"kinds": ["*_xml"]}, {"bank-deposits-EUR.xml", "bookings-10-EUR.xml"}),
    ({"kinds": ["_ases_json", "booking%"]}, set()),
    ({"paths": ["cases.*"]}, {"cases.json"}),
    ({"recipient": ""}, {"cases.json"}),
    ({"status": "paused"}, set()),
    ({"valid_from": NOW.date()}, set()),
])
def test_a_route_takes_what_it_says(columns: dict[str, Any], names: set[str], database_url: str,
                                    tmp_path: Path) -> None:
    wait(make_run(database_url, tmp_path))
    there = to_folder(database_url, tmp_path, **columns)
    wait(deliver_due(database_url, tmp_path, NOW))
    assert {name.removeprefix(PREFIX) for name in brought(there)} == names


def test_a_file_waits_for_its_hour(database_url: str, tmp_path: Path) -> None:
    """Not before six in Ljubljana, which in July is four in Greenwich."""
    wait(make_run(database_url, tmp_path))
    there = to_folder(database_url, tmp_path, not_before=time(6), time_zone="Europe/Ljubljana")
    for hour, count in ((1, 0), (2, 0), (3, 3)):
        wait(deliver_due(database_url, tmp_path, NOW + timedelta(hours=hour)))
        assert len(brought(there)) == count


def test_a_file_of_two_routes_is_delivered_when_both_have_it(database_url: str,
                                                             tmp_path: Path) -> None:
    wait(make_run(database_url, tmp_path))
    to_folder(database_url, tmp_path)
    wait(add_route(database_url, {"type": "folder", "folder": str(tmp_path / "missing")},
                   name="second", kinds=["cases_json"]))
    _, second = wait(deliver_due(database_url, tmp_path, NOW))
    assert second.waiting == 1
    assert "missing is no folder here" in second.said
    state = "SELECT state FROM file_state WHERE path = 'cases.json'"
    assert sql(database_url, state)[0][0] == "released"
    (tmp_path / "missing").mkdir()
    wait(deliver_due(database_url, tmp_path, NOW + LATER))
    assert sql(database_url, state)[0][0] == "delivered"


class DiesError(Exception):
    """The process dies here."""


Die = Callable[[pytest.MonkeyPatch], None]


def _at(name: str, *, after: bool) -> Die:
    def plant(patch: pytest.MonkeyPatch) -> None:
        real = getattr(deliver, name)

        async def dying(*values: Any) -> Any:
            if after:
                await real(*values)
            raise DiesError

        patch.setattr(deliver, name, dying)
    return plant


@pytest.mark.parametrize("die", [_at("bring", after=False), _at("bring", after=True),
                                 _at("_keep", after=False), _at("_keep", after=True)])
@pytest.mark.parametrize("taken", [False, True])
def test_who_dies_is_taken_up_where_he_was(die: Die, taken: bool, database_url: str,
                                           tmp_path: Path, bank: Bank) -> None:
    """Between the last byte and our word of it, and the bank may have taken the file by then."""
    wait(make_run(database_url, tmp_path))
    with pytest.MonkeyPatch.context() as patch:
        die(patch)
        with pytest.raises(DiesError):
            by_sftp(database_url, tmp_path, bank)
    seen = dict(bank.files())
    if taken:
        for path in list(bank.root.iterdir()):
            path.unlink()
    by_sftp(database_url, tmp_path, bank, NOW + LATER)
    assert seen | bank.files() == NAMES
    assert not (taken and seen.keys() & bank.files().keys()), "a file was brought twice"
    assert {row[0] for row in sql(database_url, "SELECT state FROM delivery")} == {"delivered"}


@pytest.mark.parametrize("begun", [b"", b"<Docu", b"<DOCU", b"<Document/> and more than that"])
def test_what_was_begun_goes_on(begun: bytes, database_url: str, tmp_path: Path,
                                bank: Bank) -> None:
    """The right beginning, a wrong one, too much."""
    wait(make_run(database_url, tmp_path))
    (bank.root / f"{XML}.part").write_bytes(begun)
    assert by_sftp(database_url, tmp_path, bank).delivered == 3
    assert bank.files() == NAMES


def test_only_what_is_missing_is_sent(database_url: str, tmp_path: Path, bank: Bank) -> None:
    content = bytes(range(256)) * 20_000
    wait(make_run(database_url, tmp_path, files={"big.bin": content}))
    (bank.root / f"{PREFIX}big.bin.part").write_bytes(content[:-1000])
    inode = (bank.root / f"{PREFIX}big.bin.part").stat().st_ino
    assert by_sftp(database_url, tmp_path, bank).delivered == 1
    assert (bank.root / f"{PREFIX}big.bin").stat().st_ino == inode
    assert bank.files() == {f"{PREFIX}big.bin": content}


def test_another_file_of_the_name_is_left_alone(database_url: str, tmp_path: Path,
                                                bank: Bank) -> None:
    wait(make_run(database_url, tmp_path))
    (bank.root / XML).write_bytes(b"somebody else's")
    turn = by_sftp(database_url, tmp_path, bank)
    assert (turn.delivered, turn.given_up) == (2, 1)
    assert "is there already, with other content: 15 bytes, not 11" in turn.said
    assert bank.files() == {**NAMES, XML: b"somebody else's"}
    row, = sql(database_url, "SELECT reason, subject, content FROM clearing_exception")
    assert (row["reason"], row["subject"]) == (
        "not_delivered", f"bank: {RUN}/bank/deposits-EUR.xml")
    # Nobody tries again by himself; who has looked says so.
    assert by_sftp(database_url, tmp_path, bank, NOW + LATER) == Delivered("bank")
    (bank.root / XML).unlink()
    sql(database_url, statement("delivery_route_retry"), "bank")
    sql(database_url, "UPDATE delivery SET due_at = $1 WHERE state = 'waiting'", NOW)
    assert by_sftp(database_url, tmp_path, bank, NOW + LATER) == Delivered("bank", 1)
    assert bank.files() == NAMES
    assert sql(database_url, "SELECT state FROM clearing_exception")[0][0] == "closed"


def test_another_host_key_gets_nothing(database_url: str, tmp_path: Path, bank: Bank) -> None:
    wait(make_run(database_url, tmp_path))
    bank.host_key = asyncssh.generate_private_key("ssh-ed25519")

    def wrong(_: Bank) -> str:
        return asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Bank, "host_key_text", wrong)
        turn = by_sftp(database_url, tmp_path, bank)
    assert (turn.delivered, turn.waiting) == (0, 3)
    assert "another host key than the route says" in turn.said
    assert sql(database_url, "SELECT subject_kind FROM clearing_exception")[0][0] == "route"
    assert bank.files() == {}
    assert by_sftp(database_url, tmp_path, bank, NOW + LATER).delivered == 3
    assert sql(database_url, "SELECT state FROM clearing_exception")[0][0] == "closed"


def test_a_key_that_the_server_does_not_know(database_url: str, tmp_path: Path,
                                             bank: Bank) -> None:
    wait(make_run(database_url, tmp_path))
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(str(bank.key_file))
    assert "does not let authhost in" in by_sftp(database_url, tmp_path, bank).said
    bank.key_file.write_text("no key")
    assert "a key for 127.0.0.1 cannot be read" in by_sftp(database_url, tmp_path, bank,
                                                           NOW + LATER).said


def test_a_server_that_is_down_is_asked_less_and_less(database_url: str, tmp_path: Path) -> None:
    wait(make_run(database_url, tmp_path))
    target = {"type": "sftp", "host": "127.0.0.1", "port": 1, "user": "u",
              "key_file": str(tmp_path / "key"), "host_keys": ["x"]}
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(str(tmp_path / "key"))
    target["host_keys"] = [key.export_public_key().decode().strip()]
    wait(add_route(database_url, target))
    now, pauses = NOW, []
    for _ in range(13):
        turn, = wait(deliver_due(database_url, tmp_path, now))
        assert turn.waiting == 3
        # Not before its time.
        due = sql(database_url, "SELECT min(due_at) FROM delivery")[0][0]
        turn, = wait(deliver_due(database_url, tmp_path, due - timedelta(seconds=1)))
        assert turn.waiting == 0
        pauses.append((due - now) // timedelta(minutes=1))
        now = due
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60, 60, 60]
    assert len(sql(database_url, "SELECT FROM clearing_exception")) == 1


@pytest.mark.parametrize("step", ["write", "read", "rename"])
def test_a_server_that_fails_once(step: str, database_url: str, tmp_path: Path,
                                  bank: Bank) -> None:
    wait(make_run(database_url, tmp_path))
    left = iter([True])

    def fail(what: str, name: str) -> None:
        if what == step and XML in name and next(left, False):
            raise asyncssh.SFTPFailure("the disk is full")

    bank.hook = fail
    turn = by_sftp(database_url, tmp_path, bank)
    assert (turn.delivered, turn.waiting) == (2, 1)
    assert "the disk is full" in turn.said
    assert by_sftp(database_url, tmp_path, bank, NOW + LATER).delivered == 1
    assert bank.files() == NAMES


def test_a_connection_that_breaks_after_the_rename(database_url: str, tmp_path: Path,
                                                   bank: Bank) -> None:
    """Nobody knows: the next try looks, and finds it there; or taken already."""
    wait(make_run(database_url, tmp_path))

    def lose(what: str, name: str) -> None:
        if what == "renamed" and XML in name:
            (bank.root / XML).unlink()
            raise asyncssh.SFTPConnectionLost("gone")

    bank.hook = lose
    turn = by_sftp(database_url, tmp_path, bank)
    assert (turn.delivered, turn.waiting) == (2, 1)
    bank.hook = lambda *_: None
    assert by_sftp(database_url, tmp_path, bank, NOW + LATER).delivered == 1
    assert XML not in bank.files(), "the bank has it, and was sent it again"


def test_a_file_that_was_changed_here_is_not_sent(database_url: str, tmp_path: Path) -> None:
    wait(make_run(database_url, tmp_path))
    there = to_folder(database_url, tmp_path)
    released = tmp_path / "2026-07-23" / "cash"
    (released / "cases.json").write_bytes(b"[1]\n")
    (released / "bank" / "deposits-EUR.xml").unlink()
    turn, = wait(deliver_due(database_url, tmp_path, NOW))
    assert (turn.delivered, turn.waiting, turn.given_up) == (1, 1, 1)
    assert brought(there).keys() == {PREFIX + "bookings-10-EUR.xml"}
    said = [row["said"] for row in sql(
        database_url, "SELECT said FROM delivery WHERE state <> 'delivered' ORDER BY path")]
    again = "clear the day again, which {} where no upgrade has changed the form"
    assert [again.format(what) in one for what, one in zip(
        ("writes the same", "mends it"), said, strict=True)] == [True, True], said


@pytest.mark.parametrize("step", ["put", "rename"])
def test_a_target_that_answers_no_more(step: str, database_url: str, tmp_path: Path) -> None:
    wait(make_run(database_url, tmp_path))
    there = to_folder(database_url, tmp_path)

    async def hang(*_: object) -> None:
        await asyncio.sleep(3_600)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ToFolder, step, hang)
        patch.setattr(bringing, "LONGEST_S", 0.2)
        turn, = wait(deliver_due(database_url, tmp_path, NOW))
    assert (turn.waiting, turn.said) == (3, "no answer in 0.2 s")
    assert brought(there).keys() & NAMES.keys() == set()
    assert wait(deliver_due(database_url, tmp_path, NOW + LATER)) == (Delivered("bank", 3),)
    assert brought(there) == NAMES


@pytest.mark.parametrize("harm", ["target = '{}'", "time_zone = 'Moon'"])
def test_a_route_that_was_spoilt_holds_up_nobody_else(harm: str, database_url: str,
                                                      tmp_path: Path) -> None:
    wait(make_run(database_url, tmp_path))
    there = to_folder(database_url, tmp_path)
    wait(add_route(database_url, {"type": "folder", "folder": "/"}, name="a bad one"))
    sql(database_url, f"UPDATE delivery_route SET {harm} WHERE name = 'a bad one'")
    bad, good = wait(deliver_due(database_url, tmp_path, NOW))
    assert (bad.waiting, good.delivered) == (3, 3)
    assert "the route cannot be read" in bad.said
    assert brought(there) == NAMES
    assert sql(database_url, "SELECT subject FROM clearing_exception")[0][0] == "a bad one"


def test_ebics_says_what_it_is(database_url: str, tmp_path: Path) -> None:
    wait(make_run(database_url, tmp_path))
    wait(add_route(database_url, {
        "type": "ebics", "url": "https://bank.example/ebics", "host_id": "BANK", "partner_id": "P",
        "user_id": "U", "service": "SCT", "message": "pain.001"}))
    turn, = wait(deliver_due(database_url, tmp_path, NOW))
    assert turn.waiting == 3
    assert "EBICS is not in this program: let an EBICS client send BTU SCT/pain.001" in turn.said


def test_two_processes_at_a_route(database_url: str, tmp_path: Path) -> None:
    wait(make_run(database_url, tmp_path))
    there = to_folder(database_url, tmp_path)

    async def both() -> list[tuple[Delivered, ...]]:
        return await asyncio.gather(*(deliver_due(database_url, tmp_path, NOW) for _ in range(4)))

    turns = [turn for turns in wait(both()) for turn in turns]
    assert sum(turn.delivered for turn in turns) == 3
    assert brought(there) == NAMES


@pytest.fixture
def waiting(database_url: str, tmp_path: Path) -> Iterator[Path]:
    """A run that waits for its second person, with a route for it."""
    wait(make_run(database_url, tmp_path, "verified", four_eyes=True))
    return to_folder(database_url, tmp_path)


def test_what_nobody_approved_is_not_delivered(database_url: str, tmp_path: Path,
                                               waiting: Path) -> None:
    async def say(who: str) -> None:
        connection = await connect(database_url)
        await note_started(connection, RUN, "ann")
        await approve(connection, RUN, who)
        await connection.close()

    assert wait(deliver_due(database_url, tmp_path, NOW)) == (Delivered("bank"),)
    wait(say("bob"))
    assert wait(deliver_due(database_url, tmp_path, NOW)) == (Delivered("bank", 3),)
    assert brought(waiting) == NAMES
    assert (tmp_path / "2026-07-23" / "cash").is_dir()
