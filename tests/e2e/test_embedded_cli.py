"""The command, as an operator types it: up, serve, card, decode; each ends as it should."""

import json
import queue
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

import iso
from demo.host import free_port
from iso import Message
from tests.support.wire import Wire, fields_of, stan

SAMPLES = Path(__file__).parents[1] / "data" / "samples"
READY_S = 30


def authhost(*arguments, stdin=""):
    """Run a command to its end."""
    return subprocess.run([sys.executable, "-m", "authhost", *map(str, arguments)], input=stdin,
                          capture_output=True, text=True, timeout=60, check=False)


@contextmanager
def started(*arguments, log):
    """A command that stays; its process and the line that says it is ready."""
    with log.open("wb") as errors, subprocess.Popen(
            [sys.executable, "-m", "authhost", *map(str, arguments)], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=errors) as process:
        try:
            lines: queue.Queue[bytes] = queue.Queue()
            reader = threading.Thread(target=lambda: lines.put(process.stdout.readline()))
            reader.start()
            ready = json.loads(lines.get(timeout=READY_S))
            assert ready["event"] == "ready", log.read_text()
            yield process, ready
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()


def get(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        return answer.read().decode()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_up_serves_everything_until_it_is_told_to_stop(rig, tmp_path, number):
    iso_port, http_port = free_port(), free_port()
    data = tmp_path / "data"
    with started("up", "--data-dir", data, "--iso", f"ifsf:binary2:127.0.0.1:{iso_port}",
                 "--http", f"127.0.0.1:{http_port}", log=tmp_path / "log") as (process, ready):
        assert ready["ports"] == {f"ifsf:{iso_port}": iso_port, "http": http_port}
        assert json.loads(get(http_port, "/healthz")) == {"alive": True}
        assert json.loads(get(http_port, "/readyz")) == {"ready": True}

        async def echo():
            wire = await Wire.connect(iso_port)
            answer = await wire.ask("1804", {7: "0723081112", 11: stan(), 24: "831"})
            await wire.close()
            return answer
        assert rig.run(echo()).fields[39] == "800"
        assert "authhost_connections" in get(http_port, "/metrics")
        nobody = authhost("card", "show", "1", "--data-dir", data)
        assert (nobody.returncode, nobody.stdout) == (1, "")
        process.send_signal(number)
        assert process.wait(30) == 0
    assert not (data / "postgres" / "postmaster.pid").exists()
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_serve_ends_only_when_what_is_in_flight_is_answered(rig, tmp_path):
    port = free_port()
    cards = [rig.card() for _ in range(4)]
    with started("serve", "--database-url", rig.database_url, "--redis-url",
                 rig.servers.valkey.url, "--hsm", rig.servers.hsm.url, "--iso",
                 f"ifsf:binary2:127.0.0.1:{port}", log=tmp_path / "log") as (process, _):
        async def load():
            wire = await Wire.connect(port)
            await wire.ask("1200", fields_of(cards[0], 1))
            await wire.send(b"".join(wire.frame("1200", fields_of(cards[at % 4], 1))
                                     for at in range(40)))
            first = await wire.body()
            process.send_signal(signal.SIGTERM)
            answers = [first]
            while (body := await wire.body()) is not None:
                answers.append(body)
            await wire.close()
            return answers
        answers = rig.run(load())
        assert process.wait(20) == 0
    codec = iso.get("ifsf").codec
    approved = [body for body in answers if codec.decode(body).fields[39] == "000"]
    taken = sum(rig.taken(card.account_id)[2] for card in cards)
    assert len(approved) + 1 == taken
    assert len(approved) == len(answers)


@pytest.mark.parametrize("door", ["--iso", "--http"])
def test_a_port_that_is_taken_is_said_in_words(door, rig, tmp_path):
    host = ("serve", "--database-url", rig.database_url, "--redis-url", rig.servers.valkey.url,
            "--hsm", rig.servers.hsm.url)
    port = free_port()
    iso, http = (f"ifsf:binary2:127.0.0.1:{port}", f"127.0.0.1:{port}")
    taken = (door, iso if door == "--iso" else http)
    with started(*host, "--iso", iso, log=tmp_path / "log"):
        again = authhost(*host, *taken)
    assert again.returncode == 1
    assert again.stderr.startswith("authhost: [Errno 98]")
    assert f"('127.0.0.1', {port}): address already in use" in again.stderr
    assert again.stderr.count("\n") == 1
    assert "Traceback" not in again.stderr


def test_a_card_is_shown_blocked_and_unblocked(rig):
    card = rig.card()
    rig.sale(card, 1)
    url = ("--database-url", rig.database_url)
    shown = authhost("card", "show", card.card_id, *url)
    assert shown.returncode == 0
    assert "active" in shown.stdout
    assert card.pan not in shown.stdout
    by_number = authhost("card", "block", "-", *url, "--hsm", rig.servers.hsm.url,
                         stdin=card.pan + "\n")
    assert "blocked" in by_number.stdout
    assert rig.sale(card, 1).reason == "card_blocked"
    assert authhost("card", "unblock", card.card_id, *url).returncode == 0
    assert rig.sale(card, 1).action == "000"
    refused = authhost("card", "block", card.pan, *url)
    assert (refused.returncode, card.pan in refused.stderr) == (1, False)
    assert [row["what"] for row in rig.sql("SELECT what FROM audit ORDER BY id")] == [
        f"card {card.card_id} is {state} now" for state in ("blocked", "active")]


def test_a_message_is_shown_field_by_field_and_masked():
    text = (SAMPLES / "ifsf-1200-request.hex").read_text().strip()
    shown = authhost("decode", "--profile", "ops", text)
    assert shown.returncode == 0, shown.stderr
    assert "780131*********9490" in shown.stdout
    assert "7801310000009999490" not in shown.stdout
    assert "753c77c4893c2378" not in shown.stdout.lower()
    body = iso.get("ifsf").codec.encode(Message("1804", {11: "000001", 24: "831"})).hex()
    assert "831" in authhost("decode", "-", stdin=body).stdout


@pytest.mark.parametrize("arguments", [
    ("decode", "--profile", "nothing", "00"), ("decode", "zz"), ("card", "show", "7"),
    ("serve", "--database-url", "x", "--redis-url", "unix:///nowhere", "--hsm",
     "hsm://127.0.0.1:1500", "--iso", "ifsf:binary2"),
    ("serve", "--database-url", "x", "--redis-url", "unix:///nowhere"),
    ("serve", "--database-url", "x", "--redis-url", "unix:///nowhere", "--hsm", "hsm://nowhere"),
    ("key", "list"),
])
def test_what_cannot_be_done_is_said_in_words(arguments, tmp_path):
    more = ("--data-dir", tmp_path) if arguments[0] in {"card", "key"} else ()
    began = time.monotonic()
    done = authhost(*arguments, *more)
    assert done.returncode == 1
    assert done.stderr.startswith("authhost: ")
    assert "Traceback" not in done.stderr
    assert time.monotonic() - began < 20
