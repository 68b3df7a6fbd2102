"""The tests of proofs on hosts with a bug planted against each: a test that cannot fail is none."""

import importlib

import pytest

from tests.e2e import test_proofs, test_proofs_races
from tests.planted import PROOFS

rig, workshop, pos = test_proofs.rig, test_proofs.workshop, test_proofs.pos
SEEN_BY = {
    "approves_without_hsm":
        test_proofs.test_without_an_hsm_nothing_is_approved_and_nothing_kept,
    "tries_not_journaled": test_proofs.test_tries_outlive_host_and_redis,
    "repeat_is_a_try":
        test_proofs_races.test_one_message_through_two_hosts_at_once_is_one_try,
    "cryptogram_not_claimed": test_proofs.test_a_cryptogram_is_good_once,
}


@pytest.mark.parametrize("bug", PROOFS)
def test_is_seen_to_fail(rig, workshop, pos, bug, monkeypatch):
    importlib.import_module(f"tests.planted.{bug}").plant(monkeypatch.setattr)
    with pytest.raises(AssertionError):
        SEEN_BY[bug](rig, workshop, pos)
