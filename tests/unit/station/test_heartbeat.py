"""What of a terminal's state is an alarm, and when."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from authhost.station.heartbeat import Conditions, Status, alarms

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
GOOD = Status(terminal_id="T", site_id="S", offline_permitted=True, received_at=NOW, silent_s=0,
              unsent=0, catalogue_version=5, catalogue_newest=5, catalogue_old=False,
              catalogue_issued_at=NOW, catalogue_refused="", clock_s=0)


DEFAULT = Conditions()


def kinds(conditions=DEFAULT, **more):
    status = msgspec.structs.replace(GOOD, **more)
    return [alarm.kind for alarm in alarms(status, conditions, NOW)]


def test_a_good_terminal_and_one_that_never_spoke_are_no_alarm():
    assert kinds() == []
    assert kinds(received_at=None, silent_s=None, clock_s=None, unsent=None,
                 catalogue_refused=None) == []


@pytest.mark.parametrize(("seconds", "found"), [(899, []), (900, ["silent"])])
def test_silence(seconds, found):
    assert kinds(silent_s=seconds) == found


@pytest.mark.parametrize(("hours", "unsent", "found"), [
    (4, 1, ["unsent"]), (3, 1, []), (4, 0, [])])
def test_what_was_not_sent(hours, unsent, found):
    assert kinds(unsent=unsent, oldest_unsent_at=NOW - timedelta(hours=hours)) == found


@pytest.mark.parametrize(("seconds", "found"), [(119, []), (120, ["clock"]), (-120, ["clock"])])
def test_clocks(seconds, found):
    assert kinds(clock_s=seconds) == found


def test_catalogues():
    assert kinds(catalogue_refused="signature") == ["catalogue_refused"]
    old = {"catalogue_old": True, "catalogue_issued_at": NOW - timedelta(hours=12)}
    assert kinds(**old) == ["catalogue_old"]
    assert kinds(**{**old, "catalogue_issued_at": None}) == ["catalogue_old"]
    assert kinds(**old, offline_permitted=False) == []
    assert kinds(**{**old, "catalogue_issued_at": NOW - timedelta(hours=11)}) == []


def test_each_can_be_turned_off():
    off = Conditions(silent_min=0, unsent_h=0, clock_s=0, catalogue_h=0)
    assert kinds(off, silent_s=10**6, unsent=1, oldest_unsent_at=NOW - timedelta(days=9),
                 clock_s=10**6, catalogue_old=True, catalogue_issued_at=None) == []
