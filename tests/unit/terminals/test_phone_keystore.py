"""The keystore of a phone: three wrong PINs, a death between count and try, a copy elsewhere."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from terminals.phone.keystore import (
    MOST_WRONG,
    Identity,
    Keystore,
    KeystoreError,
    Locked,
    PrivateKey,
    WrongPin,
)

NUMBER = "+38640123456"
PIN = "2468"
QUICK = 2
DYING = """
import os, signal, sys
from pathlib import Path
from terminals.phone.keystore import Keystore
def die():
    os.kill(os.getpid(), signal.SIGKILL)
Keystore(Path(sys.argv[1]), cost=2, tried=die).open(sys.argv[2])
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Of a phone that is enrolled."""
    made = tmp_path / "phone"
    keystore = Keystore(made, cost=QUICK)
    keystore.begin(NUMBER, PIN)
    keystore.keep("ab12", "certificate", "chain")
    return made


def of(home: Path) -> Keystore:
    """As another process opens it."""
    return Keystore(home, cost=QUICK)


def numbers(key: PrivateKey) -> object:
    """What tells one key from another."""
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key.private_numbers()


def test_a_key_is_opened_by_its_pin(home: Path) -> None:
    first = of(home).open(PIN)
    assert numbers(of(home).open(PIN)) == numbers(first)
    identity = of(home).identity
    assert identity is not None
    assert (identity.phone, identity.serial, identity.chain) == (NUMBER, "ab12", "chain")


def test_the_third_wrong_pin_locks_it_for_good(home: Path) -> None:
    for left in (2, 1):
        with pytest.raises(WrongPin, match=f"{left} tr") as wrong:
            of(home).open("1111")
        assert wrong.value.left == left
    with pytest.raises(Locked):
        of(home).open("1111")
    for pin in (PIN, "1111"):
        with pytest.raises(Locked):
            of(home).open(pin)
    assert not (home / "device.secret").exists()
    # Nor does a counter that is set back, or taken away, open it.
    (home / "tries.json").write_bytes(b'{"wrong":0}')
    with pytest.raises(KeystoreError, match="not there"):
        of(home).open(PIN)
    with pytest.raises(Locked):
        lost(home).open(PIN)


def lost(home: Path) -> Keystore:
    """Its counter is gone."""
    (home / "tries.json").unlink()
    return of(home)


def test_a_right_pin_sets_the_tries_back(home: Path) -> None:
    for _ in range(3):
        for _ in range(MOST_WRONG - 1):
            with pytest.raises(WrongPin):
                of(home).open("1111")
        of(home).open(PIN)


def test_a_counter_that_is_gone_has_run_out(home: Path) -> None:
    with pytest.raises(Locked):
        lost(home).open(PIN)


@pytest.mark.parametrize("pin", ["", "123", "1234567", "12a4", "١٢٣٤", " 1234"])
def test_what_is_no_pin_is_no_try(home: Path, pin: str) -> None:
    for _ in range(MOST_WRONG + 1):
        with pytest.raises(KeystoreError, match="digits"):
            of(home).open(pin)
    of(home).open(PIN)


def test_a_death_between_count_and_try_gives_no_try_back(home: Path) -> None:
    root = Path(__file__).parents[3]
    for _ in range(MOST_WRONG):
        done = subprocess.run([sys.executable, "-c", DYING, str(home), "1111"], cwd=root,
                              env=os.environ | {"PYTHONPATH": str(root)}, check=False)
        assert done.returncode == -signal.SIGKILL
    with pytest.raises(Locked):
        of(home).open(PIN)


def test_a_copy_without_the_devices_secret_opens_nothing(home: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(home, copy)
    (copy / "device.secret").unlink()
    for _ in range(MOST_WRONG + 1):  # and it is no try: there is nothing to try
        with pytest.raises(KeystoreError, match="another device"):
            of(copy).open(PIN)
    other = Keystore(tmp_path / "other", cost=QUICK)
    other.begin(NUMBER, PIN)
    shutil.copy(tmp_path / "other" / "device.secret", copy)
    with pytest.raises(WrongPin):
        of(copy).open(PIN)
    of(home).open(PIN)


def test_nobody_else_may_read_it(home: Path) -> None:
    modes = {stat.S_IMODE(path.stat().st_mode) for path in home.iterdir()}
    assert modes == {0o600}
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    identity = msgspec.json.decode((home / "identity.json").read_bytes(), type=Identity)
    assert identity.sealed.cost == QUICK
    assert PIN not in (home / "identity.json").read_text()


def test_a_key_that_waits_is_the_same_until_it_has_its_certificate(home: Path) -> None:
    before = numbers(of(home).open(PIN))
    waiting = numbers(of(home).begin(NUMBER, PIN))
    assert waiting != before
    assert numbers(of(home).begin(NUMBER, PIN)) == waiting
    assert numbers(of(home).open(PIN)) == before
    of(home).keep("cd34", "next", "chain")
    assert numbers(of(home).open(PIN)) == waiting
    with pytest.raises(KeystoreError, match="no key waits"):
        of(home).keep("cd34", "next", "chain")


def test_a_death_between_the_two_files_leaves_no_key_behind(home: Path) -> None:
    waiting = numbers(of(home).begin(NUMBER, PIN))
    left = (home / "next.json").read_bytes()
    of(home).keep("cd34", "next", "chain")
    (home / "next.json").write_bytes(left)
    assert numbers(of(home).begin(NUMBER, PIN)) != waiting


def test_a_key_that_the_host_refused_is_dropped(home: Path) -> None:
    waiting = numbers(of(home).begin(NUMBER, PIN))
    of(home).drop()
    assert numbers(of(home).begin(NUMBER, PIN)) != waiting


def test_a_wrong_pin_begins_nothing(home: Path) -> None:
    with pytest.raises(WrongPin):
        of(home).begin(NUMBER, "1111")
    assert not (home / "next.json").exists()
    bare = Keystore(home.parent / "bare", cost=QUICK)
    with pytest.raises(KeystoreError, match="not enrolled"):
        bare.open(PIN)
    bare.begin(NUMBER, PIN)
    with pytest.raises(WrongPin):
        bare.begin(NUMBER, "1111")


def test_a_file_that_is_damaged_is_named(home: Path) -> None:
    (home / "identity.json").write_bytes(b"{")
    with pytest.raises(KeystoreError, match=r"identity\.json"):
        of(home).open(PIN)


def test_an_ed25519_key(tmp_path: Path) -> None:
    keystore = Keystore(tmp_path, cost=QUICK)
    assert isinstance(keystore.begin(NUMBER, PIN, "ed25519"), ed25519.Ed25519PrivateKey)
    keystore.keep("ab", "certificate", "chain")
    assert isinstance(keystore.open(PIN), ed25519.Ed25519PrivateKey)
