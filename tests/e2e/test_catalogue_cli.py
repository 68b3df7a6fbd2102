"""`authhost catalogue`, as an operator types it: keys, a build, what a terminal is told.

The commands of a test run one after the other in one process of their own.
"""

import json
import subprocess
import sys

import pytest

COMMANDS = """
import contextlib, io, json, sys
from authhost.cli import main
for line in json.loads(sys.argv[1]):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(line)
    print(json.dumps([code, out.getvalue().splitlines(), err.getvalue()]))
"""


@pytest.fixture
def desk(rig):
    """Runs actions; of each (exit code, lines, what went wrong)."""
    def run(*actions):
        lines = [["catalogue", *action.split(), "--database-url", rig.database_url,
                  *([] if action == "build" else ["--hsm", rig.servers.hsm.url])]
                 for action in actions]
        done = subprocess.run([sys.executable, "-c", COMMANDS, json.dumps(lines)], check=False,
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]
    return run


def test_keys_are_made_and_one_of_them_signs(rig, desk):
    made, again, added, used, none = desk("key", "key", "key --add", "key --use 2", "key --use 7")
    [first] = made[1]
    assert (made[0], first[:4], first[-6:]) == (0, "1 04", " signs")
    assert len(first.split()[1]) == 130
    assert again == made
    assert [line.endswith(" signs") for line in added[1]] == [True, False]
    assert [line.endswith(" signs") for line in used[1]] == [False, True]
    assert [line.split()[:2] for line in used[1]] == [line.split()[:2] for line in added[1]]
    assert none[:2] == [1, []]
    assert "no key 7" in none[2]
    what = [row["what"] for row in rig.sql("SELECT what FROM audit WHERE what LIKE 'catalogue%'")]
    assert what == ["catalogue key 2 made", "catalogue key 2 signs"]


def test_a_version_is_built_and_shown(rig, desk):
    rig.sql("INSERT INTO product (product, name, fuel) VALUES ('019', 'Diesel', true)")
    rig.sql("UPDATE rules SET version = version + 1")
    built, again, shown, nobody, alone = desk("build", "build", "show", "show --terminal NOBODY",
                                              "show --base 3")
    assert built[0] == 0
    version = built[1][0].split()[1].rstrip(",")
    assert again[1] == [f"version {version}, nothing has changed"]
    assert shown[1][0].split()[0] == version
    assert (nobody[0], "NOBODY has no catalogue" in nobody[2]) == (1, True)
    assert (alone[0], "--terminal" in alone[2]) == (1, True)
    whole, since = desk("show --terminal POS00001", f"show --terminal POS00001 --base {version}")
    assert f"version     {version}" in whole[1]
    assert any(line.startswith("products    019") for line in whole[1])
    assert not any(line.startswith("products") for line in since[1])
