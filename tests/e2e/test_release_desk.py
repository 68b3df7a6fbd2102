"""Release at the desk: who may approve whose run, what is told of files, how routes are kept."""

from __future__ import annotations

import asyncio
import itertools
import json
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from authhost import cli
from clearing.release.people import note_started
from clearing.run_id import RunId
from tests.support.office import Office, Person
from tests.support.release_scene import make_run
from tests.support.rig import Rig

_days = (date.fromordinal(date(2026, 8, 1).toordinal() + number) for number in itertools.count())


def new_run(rig: Rig, out: Path, starter: str = "night", status: str = "verified") -> RunId:
    """A run of a day of its own, started by somebody."""
    run_id = RunId(next(_days), "cash")

    async def make() -> None:
        await make_run(rig.settings.database_url, out, status, run_id=run_id,
                       four_eyes=status == "verified")
        connection = await asyncpg.connect(rig.settings.database_url)
        await note_started(connection, run_id, starter)
        await connection.close()

    rig.run(make())
    return run_id


def test_a_second_person_lets_the_files_out(rig: Rig, office: Office, tmp_path: Path) -> None:
    name, token = office.access("administrator")
    run_id = new_run(rig, tmp_path, starter=name)
    starter, second, third = Person(office, token), office.person("administrator"), \
        office.person("administrator")
    refused = starter.post(f"/runs/{run_id.code}/approve")
    assert refused.status_code == 403, refused.text
    approved = second.post(f"/runs/{run_id.code}/approve")
    assert approved.status_code == 200, approved.text
    told = approved.json()
    assert (told["state"], told["started_by"]) == ("waiting", [name])
    assert told["approved_by"] not in {None, name}
    # Once more: the same. Another: too late.
    assert second.post(f"/runs/{run_id.code}/approve").json() == told
    late = third.post(f"/runs/{run_id.code}/approve")
    assert (late.status_code, told["approved_by"] in late.json()["detail"]) == (409, True)
    assert len(rig.sql("SELECT FROM audit WHERE subject = $1", f"run/{run_id}")) == 1


def test_who_was_let_in_by_the_starter_does_not_approve(rig: Rig, office: Office, boss: Person,
                                                        tmp_path: Path) -> None:
    starter, _ = office.access("administrator")
    name, token = office.access("administrator")
    rig.sql("UPDATE access SET created_by = $1 WHERE name = $2", starter, name)
    run_id = new_run(rig, tmp_path, starter=starter)
    assert Person(office, token).post(f"/runs/{run_id.code}/approve").status_code == 403
    assert boss.post(f"/runs/{run_id.code}/approve").status_code == 200


@pytest.mark.parametrize(("run", "status"), [
    ("20260101-CASH-1", 404), ("2026-01-01%2Fcash%2F1", 404), ("nonsense", 404),
    ("20260101-NIGHT-1", 404), ("20260101-CASH-0", 404), ("20260101-CASH-%C3%BC", 404),
])
def test_a_run_that_is_not_there(run: str, status: int, boss: Person) -> None:
    assert boss.post(f"/runs/{run}/approve").status_code == status
    assert boss.get(f"/runs/{run}").status_code == status


def test_what_is_released_needs_no_word(rig: Rig, boss: Person, tmp_path: Path) -> None:
    run_id = new_run(rig, tmp_path, status="done")
    refused = boss.post(f"/runs/{run_id.code}/approve")
    assert (refused.status_code, "is released" in refused.text) == (409, True)


def test_who_only_reads_approves_nothing(rig: Rig, office: Office, tmp_path: Path) -> None:
    run_id = new_run(rig, tmp_path)
    analyst, watcher = office.person("analyst"), office.person("monitoring")
    assert analyst.get("/runs").status_code == 200
    assert analyst.post(f"/runs/{run_id.code}/approve").status_code == 403
    assert {watcher.get(path).status_code for path in
            ("/runs", f"/runs/{run_id.code}", "/files", "/delivery-routes")} == {403}


def test_runs_and_files_come_in_pages(rig: Rig, boss: Person, tmp_path: Path) -> None:
    runs = [new_run(rig, tmp_path, status="done") for _ in range(3)]
    first = boss.get("/runs", limit=2).json()
    assert [row["run_id"] for row in first["data"]] == [str(runs[2]), str(runs[1])]
    second = boss.get("/runs", limit=2, after=first["next"]).json()["data"]
    assert second[0]["run_id"] == str(runs[0])
    seen: list[dict[str, Any]] = []
    after = ""
    while True:
        page = boss.get("/files", run=str(runs[0]), limit=2, after=after).json()
        seen += page["data"]
        if page["next"] is None:
            break
        after = page["next"]
    assert [row["path"] for row in seen] == ["bank/deposits-EUR.xml", "bookings/10-EUR.xml",
                                             "cases.json"]
    assert [one["state"] for one in seen[0]["life"]] == ["generated", "verified", "released"]
    assert boss.get("/files", run=str(runs[0]), state="booked").json()["data"] == []
    assert boss.get("/files", state="lost").status_code == 422
    assert [row["path"] for row in boss.get("/files", run=str(runs[0]), recipient="bank/*")
            .json()["data"]] == ["bank/deposits-EUR.xml"]


def route(**more: Any) -> dict[str, Any]:
    """A body that makes one."""
    return {"name": "nlb", "target": {"type": "folder", "folder": "/srv/nlb"},
            "valid_from": "2026-08-01", "recipient": "bank/NLB", **more}


def test_a_route_is_made_changed_and_audited(rig: Rig, boss: Person) -> None:
    answer = boss.post("/delivery-routes", route(not_before="06:30", time_zone="Europe/Ljubljana"))
    assert answer.status_code == 201, answer.text
    assert answer.json()["target"]["name"] == "{date}-{stream}-{sequence}-{path}"
    assert boss.post("/delivery-routes", route()).status_code == 409
    tag = boss.get("/delivery-routes/nlb").headers["ETag"]
    assert tag == answer.headers["ETag"]
    changed = boss.patch("/delivery-routes/nlb", {"status": "paused", "not_before": None}, tag)
    assert changed.status_code == 200, changed.text
    assert (changed.json()["status"], changed.json()["not_before"]) == ("paused", None)
    assert boss.patch("/delivery-routes/nlb", {"status": "active"}, tag).status_code == 412
    assert boss.patch("/delivery-routes/nlb", {"valid_from": "2027-01-01"}).status_code == 422
    assert boss.patch("/delivery-routes/none", {"status": "active"}).status_code == 404
    listed, = boss.get("/delivery-routes").json()["data"]
    assert (listed["name"], listed["delivered"], listed["given_up"]) == ("nlb", 0, 0)
    assert boss.post("/delivery-routes/nlb/retry").status_code == 200
    assert len(rig.sql("SELECT FROM audit WHERE subject = 'delivery_route/nlb'")) == 3


@pytest.mark.parametrize("wrong", [
    {"name": "../x"}, {"name": None}, {"valid_from": "soon"}, {"time_zone": "Moon"}, {"kinds": []},
    {"not_before": "25:00"}, {"target": {"type": "pigeon"}},
    {"target": {"type": "folder", "folder": "relative"}},
    {"target": {"type": "folder", "folder": "/x", "name": "all.xml"}},
    {"target": {"type": "folder", "folder": "/x", "name": "../{path}"}},
    {"target": {"type": "folder", "folder": "/x", "name": "{path}{secret}"}},
    {"target": {"type": "folder", "folder": "/x", "name": "{path}}"}},
    {"target": {"type": "folder", "folder": "/x", "name": "{path}.part"}},
    {"target": {"type": "sftp", "host": "h", "user": "u", "key_file": "/k", "host_keys": []}},
    {"target": {"type": "sftp", "host": "h", "user": "u", "key_file": "/k", "host_keys": ["x"],
                "port": 0}},
    {"target": {"type": "sftp", "host": "h", "user": "u", "key_file": "/k", "host_keys": ["x"],
                "password": "p"}},
    {"target": {"type": "ebics", "url": "https://b"}},
])
def test_a_route_that_cannot_be_one(wrong: dict[str, Any], boss: Person) -> None:
    answer = boss.post("/delivery-routes", route(**{"name": "bad", **wrong}))
    assert answer.status_code in {400, 422}, answer.text
    assert answer.json()["detail"]


def test_the_command_line(rig: Rig, boss: Person, tmp_path: Path,
                          capsys: pytest.CaptureFixture[str]) -> None:
    run_id = new_run(rig, tmp_path, starter="ann")
    there = tmp_path / "there"
    there.mkdir()
    boss.made("/delivery-routes", route(name="all", recipient="*", valid_from=str(
        run_id.business_date), target={"type": "folder", "folder": str(there)}))
    where = ["--database-url", rig.settings.database_url]
    command = ["release", str(run_id), "--approve", "--out", str(tmp_path), *where]
    assert cli.main([*command, "--who", "Ann"]) == 1
    assert "a second person has to approve it" in capsys.readouterr().err
    assert cli.main([*command[:2], *command[3:]]) == 1
    assert "waits for the approval of a second person" in capsys.readouterr().err
    assert cli.main([*command, "--who", "bob"]) == 0
    assert cli.main([*command, "--who", "bob"]) == 0
    assert (tmp_path / run_id.business_date.isoformat() / "cash" / "cases.json").exists()
    assert cli.main(["deliver", "--out", str(tmp_path), *where]) == 0
    assert len(list(there.iterdir())) == 3
    capsys.readouterr()
    assert cli.main(["files", "--run", run_id.code, "--state", "delivered", "--json", *where]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {row["path"] for row in told} == {"bank/deposits-EUR.xml", "bookings/10-EUR.xml",
                                             "cases.json"}
    assert cli.main(["files", "--run", "soon", *where]) == 1
    assert "is no run like" in capsys.readouterr().err


def test_an_office_that_is_asked_at_once(rig: Rig, office: Office, tmp_path: Path) -> None:
    """Of four second persons one is the second."""
    run_id = new_run(rig, tmp_path)
    people = [office.person("administrator") for _ in range(4)]

    async def all_at_once() -> list[int]:
        answers = await asyncio.gather(*(
            one.sending("POST", f"/runs/{run_id.code}/approve", key=f"k{number}")
            for number, one in enumerate(people)))
        return [answer.status_code for answer in answers]

    assert sorted(rig.run(all_at_once())) == [200, 409, 409, 409]
