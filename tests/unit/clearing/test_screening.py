"""Who is like whom: names as lists and payees write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from clearing.bankfiles.screening import ListScreener, read_list
from clearing.errors import ClearingError

LIST = ListScreener([
    ("1", "Иван Петров", "P"), ("2", "Acme Trading", "P"), ("2", "Acme Handels", "P"),
    ("3", "Nemesis", "P"), ("4", "José Müller", "P"), ("5", "张伟", "P"),
    ("6", "Blue Whale Shipping", "P")])


@pytest.mark.parametrize(("name", "found"), [
    ("IVAN PETROV", [("1", "exact")]), ("Petrov, Ivan", [("1", "exact")]),
    ("Ivan Petrov d.o.o.", [("1", "words")]), ("Ivan", []), ("Ivana Petrova", []),
    ("ACME TRADING LTD", [("2", "words")]), ("Acme-Handels GmbH", [("2", "words")]),
    ("Acme", []), ("Blue Whale", [("6", "words")]), ("Blue", []),
    ("Nemesis", [("3", "exact")]), ("Nemesis Bar", []),
    ("JOSE MULLER", [("4", "exact")]), ("jose\u0301 mu\u0308ller", [("4", "exact")]),
    ("张伟", [("5", "exact")]), ("", []), ("& Co", []),
])
def test_a_name_and_the_list(name: str, found: list[tuple[str, str]]) -> None:
    assert [(hit.entry, hit.way) for hit in LIST.hits(name)] == found


def test_an_entry_with_two_names_is_one_hit() -> None:
    assert len(LIST.hits("Acme Trading Acme Handels")) == 1


@pytest.mark.parametrize(("content", "message"), [
    (b"id,title\n1,x\n", "no column name"), (b"", "no column id"),
    (b"id,name\n1,\n", "line 2: an entry needs id and name"), (b"id,name\n,x\n", "line 2"),
    (b"id,name\n1,\xff\n", "utf-8"), (b'id,name\n1,"x\n', "unexpected end"),
])
def test_a_list_that_cannot_be_read_says_where(content: bytes, message: str,
                                               tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(content)
    with pytest.raises(ClearingError, match=message):
        read_list(str(path))


def test_without_a_list_nobody_is_on_it() -> None:
    assert list(read_list("").hits("Ivan Petrov")) == []


def test_a_list_is_read(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes("\ufeffid,name,program,more\nE1,Ivan Petrov,UN,x\n".encode())
    hit, = read_list(str(path)).hits("ivan petrov")
    assert (hit.entry, hit.name, hit.program) == ("E1", "Ivan Petrov", "UN")
