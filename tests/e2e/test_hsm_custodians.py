"""Custodians at a real HSM: ceremony, dual control over the wire, audit log, console."""

import json
import os
import pty
import re
import shutil
import socket
import subprocess
import sys
import time

import pytest

from hsm_sim.crypto import tr31
from hsm_sim.crypto.ciphers import kcv
from tests.support.hsm import hsm_sim, hsm_sim_process, running_hsm

PASSPHRASES = {"alice": "the words of alice", "bob": "some words of bob", "carol": "and of carol"}
COMPONENTS = {"alice": bytes(range(32)), "bob": bytes(range(7, 39)), "carol": bytes(range(90, 122))}


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    """Files with the passphrase and a component of each custodian, component and check value."""
    folder = tmp_path_factory.mktemp("people")
    for name, passphrase in PASSPHRASES.items():
        (folder / name).write_text(passphrase + "\n")
        component = COMPONENTS[name]
        (folder / f"{name}.component").write_text(
            f"{component.hex()} {kcv('A', component)[:3].hex()}\n")
    return folder


def proof(people, *names, components=False):
    """The arguments by which these custodians prove themselves."""
    found = []
    for name in names:
        found += ["--custodian", name, "--passphrase-file", people / name]
        if components:
            found += ["--component-file", people / f"{name}.component"]
    return found


def ceremony(people, folder, *names):
    return hsm_sim("key-ceremony", "--data-dir", folder, *proof(people, *names, components=True))


@pytest.fixture(scope="module")
def first(people, tmp_path_factory):
    """A data folder whose LMK alice and bob formed."""
    folder = tmp_path_factory.mktemp("first") / "data"
    done = ceremony(people, folder, "alice", "bob")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def formed(first, tmp_path):
    """Such a folder of the test's own."""
    return shutil.copytree(first, tmp_path / "data")


@pytest.fixture(scope="module")
def hsm(first, tmp_path_factory):
    """An HSM that the tests share."""
    with running_hsm(shutil.copytree(first, tmp_path_factory.mktemp("shared") / "data")) as running:
        yield running


def authorise(people, hsm, name, activity="export", minutes=10):
    done = hsm_sim("authorise", "--data-dir", hsm.folder, "--activity", activity, "--minutes",
                   minutes, *proof(people, name))
    return done.stdout + done.stderr


def test_a_ceremony_forms_the_lmk_of_components(people, hsm):
    lmk = bytes(a ^ b for a, b in zip(COMPONENTS["alice"], COMPONENTS["bob"], strict=True))
    status = json.loads(hsm_sim("status", "--data-dir", hsm.folder).stdout)
    assert status["lmk"] == {"00": kcv("A", lmk)[:8].hex().upper()}
    assert status["custodians"] == ["alice", "bob"]
    again = ceremony(people, hsm.folder, "alice", "bob")
    assert again.returncode == 1
    assert "has master keys" in again.stderr
    assert hsm_sim("audit", "--data-dir", hsm.folder, "--verify").returncode == 0


def test_three_people_and_the_same_lmk_in_another_order(people, tmp_path):
    one = ceremony(people, tmp_path / "one", "alice", "bob", "carol")
    two = ceremony(people, tmp_path / "two", "carol", "alice", "bob")
    assert one.stdout == two.stdout
    assert one.stdout.startswith("LMK 00, check value ")


def test_a_slip_of_the_hand_is_found_and_leaves_nothing_behind(people, tmp_path):
    (tmp_path / "wrong").write_text(f"{COMPONENTS['bob'].hex()} 000000")
    done = hsm_sim("key-ceremony", "--data-dir", tmp_path / "data",
                   *proof(people, "alice", components=True), *proof(people, "bob"),
                   "--component-file", tmp_path / "wrong")
    assert done.returncode == 1
    assert "does not fit" in done.stderr
    assert COMPONENTS["bob"].hex() not in done.stderr
    assert not (tmp_path / "data").exists()


def test_a_ceremony_of_one_person_is_none(people, tmp_path):
    done = ceremony(people, tmp_path / "data", "alice", "alice")
    assert done.returncode == 1
    assert not (tmp_path / "data" / "master-keys.json").exists()


@pytest.mark.invariant(15)
def test_components_are_asked_for_and_not_shown(tmp_path):
    """At a terminal: each custodian types name, passphrase twice, component, its check value."""
    host, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "hsm_sim", "key-ceremony", "--data-dir", str(tmp_path / "data")],
        stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True)
    os.close(terminal)
    shown = b""
    try:
        for name in ("alice", "bob"):
            component = COMPONENTS[name]
            for prompt, typed in ((rb"Custodian \d: $", name), (rb"Passphrase of \w+: $",
                                                                 PASSPHRASES[name]),
                                  (rb"once more: $", PASSPHRASES[name]),
                                  (rb"hexadecimal\): $", component.hex(" ", 8)),
                                  (rb"check value: $", kcv("A", component)[:3].hex())):
                until = time.monotonic() + 20
                while not re.search(prompt, shown):
                    assert time.monotonic() < until, shown
                    shown += os.read(host, 4096)
                time.sleep(0.02)  # the terminal stops echoing after the prompt, not before it
                os.write(host, typed.encode() + b"\n")
                shown += b"|"
        assert process.wait(timeout=20) == 0, shown
        shown += os.read(host, 4096)
    finally:
        os.close(host)
        if process.poll() is None:
            process.kill()
            process.wait()
    assert b"check value " in shown
    for name in ("alice", "bob"):
        assert PASSPHRASES[name].encode() not in shown
        assert COMPONENTS[name].hex(" ", 8)[:8].encode() not in shown


def test_a_key_leaves_only_after_two_custodians_have_agreed(people, hsm):
    form = ["form-key", "--data-dir", hsm.folder, "--usage", "52", "--algorithm", "A"]
    done = hsm_sim(*form, *proof(people, "alice", "bob", components=True))
    zmk, check = done.stdout.split()
    clear = bytes(a ^ b for a, b in zip(COMPONENTS["alice"], COMPONENTS["bob"], strict=True))
    assert check == kcv("A", clear)[:3].hex().upper()
    with hsm.line() as line:
        export = f"A01FFFS;0{zmk}R#P0T2B00E00"
        assert line.ask(export) == b"A117"
        assert "waits for a second" in authorise(people, hsm, "alice")
        assert "waits for a second" in authorise(people, hsm, "alice")
        assert line.ask(export) == b"A117", "the same one twice is one"
        assert "is open" in authorise(people, hsm, "bob")
        answer = line.ask(export).decode()
        header, _ = tr31.unwrap(clear, answer[answer.index("RD") + 1:-6])
        assert header.usage == "P0"
        assert line.ask("BA1234FFFFFFFFF123456789012") == b"BB17", "another activity"
        hsm_sim("close", "--data-dir", hsm.folder)
        assert line.ask(export) == b"A117"


def test_who_is_no_custodian_opens_nothing(people, hsm, tmp_path):
    (tmp_path / "wrong").write_text("not the words")
    for name in ("bob", "mallory"):
        done = hsm_sim("authorise", "--data-dir", hsm.folder, "--activity", "export",
                       "--custodian", name, "--passphrase-file", tmp_path / "wrong")
        assert done.returncode == 1
        assert "not this passphrase" in done.stderr
    assert "waits" in authorise(people, hsm, "alice")


def test_a_further_custodian_needs_two_that_there_are(people, formed):
    """Without a running HSM: the data folder is opened for each request."""
    add = ["custodian", "add", "--data-dir", formed, "--name", "carol",
           "--new-passphrase-file", people / "carol"]
    assert hsm_sim(*add).returncode == 1
    assert hsm_sim(*add, *proof(people, "alice")).returncode == 1
    assert hsm_sim(*add, *proof(people, "alice", "alice")).returncode == 1
    assert hsm_sim(*add, *proof(people, "alice", "bob")).returncode == 0
    listed = hsm_sim("custodian", "list", "--data-dir", formed)
    assert listed.stdout.split() == ["alice", "bob", "carol"]


def test_a_key_is_formed_of_different_peoples_components(people, formed):
    """And without a running HSM: the data folder is opened for this one request."""
    form = ["form-key", "--data-dir", formed, "--usage", "K0", "--algorithm", "A"]
    one = hsm_sim(*form, *proof(people, "alice", components=True),
                  *proof(people, "alice"), "--component-file", people / "bob.component")
    assert one.returncode == 1
    assert "another custodian" in one.stderr
    two = hsm_sim(*form, *proof(people, "alice", "bob", components=True))
    assert two.stdout.startswith("S10128K0AB00N0000")


def test_the_audit_log_tells_and_its_chain_breaks_where_it_is_changed(people, formed):
    with running_hsm(formed) as own, own.line() as line:
        authorise(people, own, "alice")
        line.ask("A00FFFS#P0T2B00E00")
        line.ask("NC")
        look_at_the_audit_log(own)


def look_at_the_audit_log(hsm):
    verify = ["audit", "--data-dir", hsm.folder, "--verify"]
    assert hsm_sim(*verify).returncode == 0
    told = hsm_sim("audit", "--data-dir", hsm.folder).stdout
    assert [json.loads(line)["event"] for line in told.splitlines()] == [
        "key ceremony", "started", "authorised", "key generated"]
    path = hsm.folder / "audit.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]))
    shorter = hsm_sim(*verify)
    assert "taken off its end" in shorter.stderr
    path.write_bytes(b"".join([lines[0], lines[1], lines[2].replace(b"alice", b"bobby"), lines[3]]))
    changed = hsm_sim(*verify)
    assert changed.returncode == 1
    assert "broken at line 3" in changed.stderr
    path.write_bytes(b"".join(lines))
    assert hsm_sim(*verify).returncode == 0


@pytest.mark.invariant(14)
@pytest.mark.parametrize("line", [b"\n", b"{}\n", b"[1,2]\n", b'{"do":"fly"}\n', b"\xff\n",
                                  b'{"do":"close","activity":"all of them"}\n', b"x" * 100_000])
def test_the_console_takes_any_line(hsm, line):
    path = hsm.folder / "console.sock"
    assert path.stat().st_mode & 0o777 == 0o600
    with socket.socket(socket.AF_UNIX) as console:
        console.settimeout(20)
        console.connect(str(path))
        with console.makefile("rwb") as both:
            try:
                both.write(line)
                both.flush()
                answer = both.readline()
            except OSError:
                answer = b""
    assert answer == b"" or json.loads(answer)["ok"] is False
    assert hsm_sim("status", "--data-dir", hsm.folder).returncode == 0


@pytest.mark.parametrize("arguments", [
    ["status"], ["close"], ["authorise", "--activity", "export", "--custodian", "alice"],
    ["form-key", "--usage", "K0", "--algorithm", "A"], ["custodian", "list"],
    ["audit", "--verify"], ["custodian", "add"]])
def test_what_needs_an_hsm_says_so_where_there_is_none(tmp_path, arguments):
    done = hsm_sim(*arguments, "--data-dir", tmp_path / "none")
    assert done.returncode == 1
    assert done.stderr.startswith("hsm-sim: ")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(("algorithm", "bits", "length"), [("A", 256, 64), ("A", 128, 32),
                                                           ("T", 128, 32), ("T", 192, 48)])
def test_a_component_to_write_down(algorithm, bits, length):
    done = hsm_sim_process("component", "--algorithm", algorithm, "--bits", bits)
    component, check = done.stdout.split()
    assert len(component) == length
    assert check == kcv(algorithm, bytes.fromhex(component))[:3].hex().upper()
