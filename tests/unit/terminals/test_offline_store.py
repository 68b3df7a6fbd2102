"""The off-line store: bounded, in order, and unreadable on disk."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from iso import Message
from terminals.store import OfflineStore, StoreFull

PAN = "7801310000000000005"


def _advice(number: int) -> Message:
    return Message("1220", {2: PAN, 11: f"{number:06d}", 52: b"\x01\x02"})


def test_what_is_kept_survives_a_restart_in_order(tmp_path: Path) -> None:
    key = Fernet.generate_key()
    store = OfflineStore(tmp_path / "store", key)
    for number in range(3):
        store.put("offline_sale", _advice(number))
    first = store.first()
    assert first is not None
    store.remove(first)

    again = OfflineStore(tmp_path / "store", key)
    assert len(again) == 2
    kept = again.first()
    assert kept is not None
    assert kept.message == _advice(1)
    assert kept.kind == "offline_sale"


@pytest.mark.invariant(15)
def test_no_card_number_on_disk(tmp_path: Path) -> None:
    store = OfflineStore(tmp_path / "store", Fernet.generate_key())
    store.put("offline_sale", _advice(1))
    for path in tmp_path.iterdir():
        assert PAN.encode() not in path.read_bytes()


def test_a_file_without_a_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="key"):
        OfflineStore(tmp_path / "store")


@pytest.mark.invariant(16)
def test_the_store_is_bounded() -> None:
    store = OfflineStore(limit=2)
    store.put("offline_sale", _advice(1))
    store.put("offline_sale", _advice(2))
    with pytest.raises(StoreFull):
        store.put("offline_sale", _advice(3))
    assert len(store) == 2
