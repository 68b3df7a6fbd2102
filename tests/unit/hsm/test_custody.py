"""What an HSM keeps in files: master keys, custodians; and what a ceremony makes of components."""

import os

import pytest

from hsm_sim import store
from hsm_sim.bootstrap import opened
from hsm_sim.ceremony import BadComponent, Part, combine, form_key, read_component
from hsm_sim.crypto.ciphers import kcv
from hsm_sim.custodians import FILE, LOCKED_S, MISSES, Custodians, Unproved
from hsm_sim.fields import Fields
from hsm_sim.keys import Key
from hsm_sim.private_files import StoreError
from hsm_sim.settings import Settings

COMPONENTS = [bytes(range(at, at + 32)) for at in (1, 101, 201)]


def check(component):
    return kcv("A", component)[:3].hex()


def test_master_keys_are_made_once_and_found_again(tmp_path):
    folder = tmp_path / "hsm"
    with opened(folder, Settings(), may_create=True, variant_lmk_id="01") as hsm:
        first = hsm.unit.key_block_lmk.check_value, hsm.unit.variant_lmk.check_value
    with opened(folder, Settings(), may_create=True, variant_lmk_id="01") as hsm:
        assert (hsm.unit.key_block_lmk.check_value, hsm.unit.variant_lmk.check_value) == first
    with opened(folder, Settings()) as hsm:
        assert hsm.unit.variant_lmk is None, "not asked for"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / store.FILE).stat().st_mode & 0o777 == 0o600
    assert "lmk=b" not in repr(store.load(folder))


@pytest.mark.parametrize("harm", [
    lambda folder: (folder / store.FILE).chmod(0o640), lambda folder: folder.chmod(0o755),
    lambda folder: (folder / store.FILE).write_bytes(b"{}"),
    lambda folder: (folder / store.FILE).write_bytes(b'{"lmk_id":"00","lmk":"","audit_key":""}'),
    lambda folder: (folder / store.FILE).unlink()])
def test_files_that_are_not_as_they_have_to_be(tmp_path, harm):
    folder = tmp_path / "hsm"
    with opened(folder, Settings(), may_create=True):
        pass
    harm(folder)
    with pytest.raises(StoreError), opened(folder, Settings()):
        pass


def test_one_process_owns_a_data_folder(tmp_path):
    folder = tmp_path / "hsm"
    with opened(folder, Settings(), may_create=True), \
            pytest.raises(StoreError, match="another HSM process"), opened(folder, Settings()):
        pass


@pytest.mark.parametrize("lmk_id", ["00", "1", "xx"])
def test_a_variant_lmk_has_an_identifier_of_its_own(tmp_path, lmk_id):
    with pytest.raises(StoreError), opened(tmp_path / "hsm", Settings(), may_create=True,
                                           variant_lmk_id=lmk_id):
        pass


def test_custodians_are_proved_by_their_passphrases(tmp_path):
    custodians = Custodians(tmp_path, lambda: 0.0)
    custodians.add("alice", "the first passphrase", os.urandom)
    custodians.add("bob", "the second passphrase", os.urandom)
    custodians.prove("alice", "the first passphrase")
    for name, passphrase in (("alice", "the second passphrase"), ("carol", "the first passphrase"),
                             ("bob", "")):
        with pytest.raises(Unproved):
            custodians.prove(name, passphrase)
    assert custodians.names() == ["alice", "bob"]
    content = (tmp_path / FILE).read_bytes()
    assert b"passphrase" not in content
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("name", "passphrase", "why"), [
    ("alice", "another passphrase", "there is"), ("Bob", "another passphrase", "name"),
    ("../bob", "another passphrase", "name"), ("bob", "short", "at least"),
    ("bob", "the first passphrase", "two people")])
def test_who_cannot_be_a_custodian(tmp_path, name, passphrase, why):
    custodians = Custodians(tmp_path, lambda: 0.0)
    custodians.add("alice", "the first passphrase", os.urandom)
    with pytest.raises(StoreError, match=why):
        custodians.add(name, passphrase, os.urandom)


def test_guessing_ends_after_five_times(tmp_path):
    now = [0.0]
    custodians = Custodians(tmp_path, lambda: now[0])
    custodians.add("alice", "the first passphrase", os.urandom)
    for _ in range(MISSES):
        with pytest.raises(Unproved, match="not this passphrase"):
            custodians.prove("alice", "wrong")
    with pytest.raises(Unproved, match="wait"):
        custodians.prove("alice", "the first passphrase")
    now[0] = LOCKED_S
    custodians.prove("alice", "the first passphrase")


def test_a_component_comes_twice_or_with_its_check_value():
    value = COMPONENTS[0]
    assert read_component("A", value.hex(), check(value)) == value
    assert read_component("A", value.hex().upper(), value.hex()) == value


@pytest.mark.parametrize(("algorithm", "text", "again"), [
    ("A", "00" * 32, "000000"), ("A", "zz", "zz"), ("A", "00" * 31, "00" * 31),
    ("T", "01" * 8, "01" * 8), ("H", "00" * 32, "00" * 32), ("A", "01" * 32, "02" * 32),
    ("A", "01" * 32, "")])
def test_what_is_no_component(algorithm, text, again):
    with pytest.raises(BadComponent) as caught:
        read_component(algorithm, text, again)
    assert text not in str(caught.value)


def test_components_make_a_key_in_any_order():
    assert combine(COMPONENTS) == combine(COMPONENTS[::-1])
    assert combine(COMPONENTS[:2]) == bytes(
        left ^ right for left, right in zip(*COMPONENTS[:2], strict=True))


@pytest.mark.parametrize("components", [
    COMPONENTS[:1], [*COMPONENTS, bytes(32)], [COMPONENTS[0]] * 2, [COMPONENTS[0], bytes(16)],
    [b"\x01" * 16, b"\x02" * 16, b"\x03" * 16]])
def test_components_that_make_no_key(components):
    with pytest.raises(BadComponent):
        combine(components)


def test_a_formed_key_is_what_it_was_formed_for(bench):
    block, value = form_key(bench.unit, Key("K0", "A", "B", "N", b""), COMPONENTS[:2])
    key = bench.unit.open(Fields(block.encode()).key(), "K0", "B")
    assert key.value == combine(COMPONENTS[:2])
    assert value == kcv("A", key.value)[:3].hex().upper()
    with pytest.raises(BadComponent, match="mode"):
        form_key(bench.unit, Key("K0", "A", "Q", "N", b""), COMPONENTS[:2])


def test_a_formed_triple_des_key_has_parity_and_two_halves(bench):
    block, _ = form_key(bench.unit, Key("K0", "T", "B", "N", b""),
                        [bytes(range(16)), b"\xf0" * 16])
    value = bench.unit.open(Fields(block.encode()).key(), "K0", "B").value
    assert all(byte.bit_count() % 2 for byte in value)
    with pytest.raises(BadComponent, match="single"):
        form_key(bench.unit, Key("K0", "T", "B", "N", b""), [b"\x01" * 16, b"\xf0" * 16])


def test_parts_do_not_show_themselves():
    assert repr(Part("alice", "passphrase", "0123", "4567")) == "Part(alice)"
