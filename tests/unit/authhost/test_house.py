"""Logs without numbers, metrics that add up, settings, bounds."""

import io
import json
import logging
from contextlib import redirect_stderr

import pytest
import structlog

from authhost import logs
from authhost.bounded import Bounded
from authhost.doors.load import Load
from authhost.doors.outcome import outcome_of
from authhost.hsm.address import HsmAddress
from authhost.journal.entry import NEW, Verdict
from authhost.metrics import Metrics
from authhost.settings import HttpListen, IsoListen, SettingsError, TlsFiles, hsm_addresses

PAN = "7801310000009999490"
SHOWN = "780131*********9490"


@pytest.fixture
def log():
    said = io.StringIO()
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    root.handlers.clear()
    with redirect_stderr(said):
        logs.configure("info")
        yield said
    root.handlers[:], _ = before, root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.invariant(15)
def test_a_number_is_masked_wherever_it_is_logged(log):
    def deep(pan):
        raise ValueError(f"inner {pan}") from KeyError(pan)

    logger = structlog.get_logger()
    logger.info(f"event {PAN}", text=PAN, inside={"list": [PAN, (PAN,)]},
                grouped="7801 3100 0000 9999 490")
    try:
        deep(PAN)
    except ValueError:
        logger.exception("failed")
        logging.getLogger("library").exception("says %s", PAN)
    logger.debug("not at this level")
    text = log.getvalue()
    assert PAN not in text
    assert "7801 3100 0000" not in text
    assert text.count(SHOWN) >= 7
    lines = text.splitlines()
    assert len(lines) == 3
    assert json.loads(lines[1])["exception"][0]["exc_type"] == "ValueError"
    assert '"locals"' not in text


def test_metrics_are_what_prometheus_reads():
    metrics = Metrics()
    for seconds in (0.0005, 0.003, 9.0):
        metrics.answered("door", "approved", seconds)
    metrics.count("door", "bad_frame")
    metrics.gauge("authhost_depth", "Depth.", lambda: 7)
    metrics.total("authhost_rows", "Rows.", lambda: 3)
    metrics.table("authhost_calls", "Calls.", ("command", "outcome"), lambda: {("DC", "01"): 2})
    text = metrics.text().decode()
    label = 'door="door",outcome="approved"'
    bucket = 'door="door",le="0.001",outcome="approved"'
    for line in (f"authhost_answer_seconds_bucket{{{bucket}}} 1.0",
                 f"authhost_answer_seconds_count{{{label}}} 3.0",
                 'authhost_events_total{door="door",event="bad_frame"} 1.0',
                 "authhost_depth 7.0", "authhost_rows_total 3.0",
                 'authhost_calls_total{command="DC",outcome="01"} 2.0'):
        assert line in text, line
    assert 'le="+Inf",outcome="approved"} 3.0' in text


@pytest.mark.parametrize(("action", "word"), [
    ("000", "approved"), ("002", "partial"), ("121", "declined"), ("208", "declined"),
    ("400", "reversed"), ("481", "reversed"), ("904", "refused"), ("500", "other"),
    ("800", "other")])
def test_an_answer_has_a_word(action, word):
    assert outcome_of(action) == word


@pytest.mark.parametrize("text", ["ifsf", "ifsf:binary2:x", "a:b:c:d", "a:b:c:70000", "a:b:c:1:ssl",
                                  "a:b:c:1:tls:x", "a:b:c:-1"])
def test_a_door_that_cannot_be_read(text):
    with pytest.raises(SettingsError):
        IsoListen.parse(text)
    with pytest.raises(SettingsError):
        HttpListen.parse("host:" + text)


def test_doors_are_read():
    assert IsoListen.parse("ifsf:binary2:127.0.0.1:8583:tls") == IsoListen(
        "ifsf", "binary2", "127.0.0.1", 8583, True)
    assert HttpListen.parse("127.0.0.1:0") == HttpListen("127.0.0.1", 0, False)


@pytest.mark.parametrize("texts", [
    [], ["127.0.0.1:1500"], ["http://127.0.0.1:1500"], ["hsm://127.0.0.1"], ["hsm://:1500"],
    ["hsm://h:70000"], ["hsm://h:1/x"], ["hsm://h:0"], ["hsms://h:2500"]])
def test_an_hsm_that_cannot_be_read(texts):
    with pytest.raises(SettingsError, match="hsm"):
        hsm_addresses(texts, None)


def test_hsms_are_read(tmp_path):
    files = TlsFiles(tmp_path, tmp_path, tmp_path)
    found = hsm_addresses(["hsm://127.0.0.1:1500", "hsms://hsm.example:2500"], files)
    assert found == (HsmAddress("127.0.0.1", 1500), HsmAddress("hsm.example", 2500, True))
    assert list(map(str, found)) == ["hsm://127.0.0.1:1500", "hsms://hsm.example:2500"]


@pytest.mark.invariant(16)
def test_a_bounded_dictionary_and_a_bounded_load():
    bounded: Bounded[int, int] = Bounded(2)
    for key in (1, 2, 2, 3):
        bounded.put(key, key)
    assert list(bounded) == [2, 3]
    load = Load(1)
    assert [load.enter(), load.enter(), load.leave(), load.enter()] == [True, False, None, True]
    assert NEW.verdict is Verdict.NEW
