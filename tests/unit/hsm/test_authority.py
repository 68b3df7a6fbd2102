"""Dual control: two people, a short time, an end."""

import pytest

from hsm_sim.authority import SECOND_WITHIN_S, Authority, Refused
from hsm_sim.errors import HsmError


class Clock:
    def __init__(self):
        self.now_s = 50.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def authority(clock):
    return Authority(clock)


def is_open(authority, activity="export"):
    try:
        authority.require(activity)
    except HsmError as error:
        return error.code != "17"
    return True


def test_two_custodians_open_it_for_the_shorter_time(authority, clock):
    assert not is_open(authority)
    assert not authority.authorise("export", "alice", 10)
    assert not is_open(authority)
    assert authority.authorise("export", "bob", 5)
    assert is_open(authority)
    assert not is_open(authority, "clear_pin"), "one activity is not another"
    clock.now_s += 299
    assert authority.status()["export"] == {"open_s": 1, "waiting": None}
    assert authority.ended() == []
    clock.now_s += 1
    assert not is_open(authority)
    assert authority.ended() == ["export"]
    assert authority.ended() == []


def test_the_same_one_twice_is_one(authority):
    assert not authority.authorise("export", "alice", 10)
    assert not authority.authorise("export", "alice", 10)
    assert not is_open(authority)
    assert authority.status()["export"] == {"open_s": 0, "waiting": "alice"}


def test_the_second_one_comes_in_time(authority, clock):
    authority.authorise("export", "alice", 10)
    clock.now_s += SECOND_WITHIN_S
    assert not authority.authorise("export", "bob", 10), "bob is the first one now"
    assert authority.authorise("export", "alice", 10)


def test_words_are_for_one_activity(authority):
    authority.authorise("export", "alice", 10)
    assert not authority.authorise("mailer", "bob", 10)


def test_it_is_closed_by_command(authority):
    for activity in ("export", "mailer"):
        authority.authorise(activity, "alice", 10)
        authority.authorise(activity, "bob", 10)
    authority.close("export")
    assert not is_open(authority)
    assert is_open(authority, "mailer")
    authority.authorise("export", "alice", 10)
    authority.close()
    assert not is_open(authority, "mailer")
    assert authority.status()["export"]["waiting"] is None


def test_after_its_end_both_are_needed_again(authority, clock):
    authority.authorise("export", "alice", 1)
    authority.authorise("export", "bob", 1)
    clock.now_s += 61
    assert not authority.authorise("export", "bob", 1)


@pytest.mark.parametrize(("activity", "minutes"), [("everything", 10), ("export", 0),
                                                   ("export", 721)])
def test_what_cannot_be_authorised(authority, activity, minutes):
    with pytest.raises(Refused):
        authority.authorise(activity, "alice", minutes)
