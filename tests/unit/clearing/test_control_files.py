"""Files read back by one process or by two: the same answer, the same refusal."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import pytest

from clearing import control
from clearing.control import check_files
from clearing.errors import ClearingError
from clearing.summary import FileRecord


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that both have something to do."""
    monkeypatch.setattr(control, "CHUNK", 3)


def make_files(folder: Path) -> list[FileRecord]:
    """Lists of as many entries as their number."""
    records = []
    for number in range(20):
        content = msgspec.json.encode([*range(number)])
        (folder / f"{number:02d}.json").write_bytes(content)
        records.append(FileRecord(f"{number:02d}.json", "cases_json", number, 0, ""))
    return records


def test_two_processes_find_what_one_finds(tmp_path: Path) -> None:
    records = make_files(tmp_path)
    alone = check_files(tmp_path, reversed(records))
    assert check_files(tmp_path, records, alone=0) == alone
    assert [file.path for file in alone] == sorted(file.path for file in records)
    assert alone[3].sha256 == hashlib.sha256(b"[0,1,2]").hexdigest()


@pytest.mark.parametrize("number", [6, 7])
@pytest.mark.parametrize("content", [b"[]", b"[", None])
def test_a_wrong_file_is_named_whoever_reads_it(content: bytes | None, number: int,
                                                tmp_path: Path) -> None:
    records = make_files(tmp_path)
    path = tmp_path / f"{number:02d}.json"
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    for alone in (0, 100):
        with pytest.raises(ClearingError, match=rf"{number:02d}\.json"):
            check_files(tmp_path, records, alone)
