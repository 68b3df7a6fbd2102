"""Files read back: in the order of their paths, with their digests; a wrong one is named."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import pytest

from clearing.control import check_files
from clearing.errors import ClearingError
from clearing.summary import FileRecord


def make_files(folder: Path) -> list[FileRecord]:
    """Lists of as many entries as their number."""
    records = []
    for number in range(20):
        content = msgspec.json.encode([*range(number)])
        (folder / f"{number:02d}.json").write_bytes(content)
        records.append(FileRecord(f"{number:02d}.json", "cases_json", number, 0, ""))
    return records


def test_files_are_read_in_their_order(tmp_path: Path) -> None:
    records = make_files(tmp_path)
    found = check_files(tmp_path, reversed(records))
    assert [file.path for file in found] == sorted(file.path for file in records)
    assert found[3].sha256 == hashlib.sha256(b"[0,1,2]").hexdigest()


@pytest.mark.parametrize("number", [6, 7])
@pytest.mark.parametrize("content", [b"[]", b"[", None])
def test_a_wrong_file_is_named(content: bytes | None, number: int, tmp_path: Path) -> None:
    records = make_files(tmp_path)
    path = tmp_path / f"{number:02d}.json"
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    with pytest.raises(ClearingError, match=rf"{number:02d}\.json"):
        check_files(tmp_path, records)
