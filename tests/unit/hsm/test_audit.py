"""The audit log: a chain that holds, and every way to break it found where it is."""

import json
import resource
from datetime import UTC, datetime

import pytest

from hsm_sim.audit import FILE, REFUSALS_PER_S, AuditLog, Broken, verified

KEY = b"k" * 32


class Log:
    def __init__(self, folder):
        self.folder = folder
        self.path = folder / FILE
        self.now_s = 0.0

    def open(self):
        return AuditLog(self.folder, KEY, lambda: datetime(2026, 7, 1, tzinfo=UTC),
                        lambda: self.now_s)

    def written(self, count):
        log = self.open()
        for number in range(count):
            log("event", number=number, name="ąę")
        log.close()
        return self.path.read_bytes().splitlines(keepends=True)

    def records(self):
        return list(verified(self.path, KEY))


@pytest.fixture
def log(tmp_path):
    return Log(tmp_path)


def test_a_chain_holds_over_restarts(log):
    log.written(3)
    log.written(2)
    assert [record.number for record in log.records()] == [1, 2, 3, 4, 5]
    assert log.records()[1].facts == {"number": 1, "name": "ąę"}
    assert log.path.stat().st_mode & 0o777 == 0o600


def test_no_log_is_an_empty_one(log):
    assert log.records() == []


@pytest.mark.parametrize(("harm", "line"), [
    (lambda lines: [*lines[:2], lines[2].replace(b'"number":2,', b'"number":9,'), *lines[3:]], 3),
    (lambda lines: [*lines[:2], *lines[3:]], 3),
    (lambda lines: lines[1:], 1),
    (lambda lines: [lines[0], lines[2], lines[1], *lines[3:]], 2),
    (lambda lines: [*lines[:3], lines[2], *lines[3:]], 4),
    (lambda lines: [*lines[:3], b"{}\n", *lines[3:]], 4),
    (lambda lines: [*lines[:3], b"\xff\n", *lines[3:]], 4),
    (lambda lines: [lines[0].replace(b"2026", b"2025"), *lines[1:]], 1)])
def test_a_broken_chain_is_found_where_it_breaks(log, harm, line):
    log.path.write_bytes(b"".join(harm(log.written(5))))
    with pytest.raises(Broken) as caught:
        log.records()
    assert caught.value.line == line


def test_nobody_seals_without_the_key(log):
    log.written(2)
    with pytest.raises(Broken, match="line 1"):
        list(verified(log.path, b"x" * 32))


def test_a_line_that_a_power_cut_left_half_is_dropped_and_told(log):
    lines = log.written(3)
    log.path.write_bytes(b"".join(lines) + lines[2][:20])
    log.open().close()
    assert [record.event for record in log.records()][-1] == "torn line dropped"


def test_a_chain_found_broken_at_the_start_is_told_and_stays_broken(log):
    lines = log.written(4)
    log.path.write_bytes(b"".join([lines[0], *lines[2:]]))
    log.open().close()
    assert json.loads(log.path.read_bytes().splitlines()[-1])["event"] == "chain found broken"
    with pytest.raises(Broken, match="line 2"):
        log.records()


def test_refusals_do_not_fill_the_disk(log):
    opened = log.open()
    for _ in range(1_000):
        opened("refused", code="17")
    log.now_s = 1.0
    opened("refused", code="17")
    opened.close()
    records = log.records()
    assert len(records) == REFUSALS_PER_S + 1
    assert records[-1].facts["refusals_left_out"] == 1_000 - REFUSALS_PER_S


def test_a_line_that_the_disk_takes_half_of_does_not_stay(log):
    """A file that may not grow stands for the full disk: the chain goes on when there is room."""
    opened = log.open()
    opened("event")
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (log.path.stat().st_size + 10, most))
    try:
        with pytest.raises(OSError, match="no whole line"):
            opened("event that is too long")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    opened("event")
    opened.close()
    assert [record.event for record in log.records()] == ["event", "event"]
