"""Whether a payee is like somebody whom nobody may pay: the port, and a list in a file behind it.

Knows names; must not know money, nor what becomes of a hit. A name is compared as a bank file would
write it (Latin letters, no accents, no case): the whole name in any order of its words, or all the
words of one name among those of the other, where it has two at least. That finds too much rather
than too little: a person decides.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, Protocol

import msgspec

from clearing.charset import clean
from clearing.errors import ClearingError

SCREENING: Final = "payee_screening"  # the reason, of the credit and of the exception
_WORD: Final = re.compile(r"[a-z0-9]+")
_LONGEST: Final = 1_000
_COLUMNS: Final = ("id", "name")
_LEAST_WORDS: Final = 2


class Hit(msgspec.Struct, frozen=True):
    """An entry of a list. way: 'exact', or 'words' where one name has all words of the other."""

    entry: str
    name: str
    program: str
    way: str


def hit_subject(account_id: int, hit: Hit, name: str) -> str:
    """What people decide about: this account, this entry, this name. Of another name anew."""
    return f"{account_id}/{hit.entry}/{' '.join(words_of(name))}"


def hit_content(hit: Hit, name: str) -> dict[str, object]:
    """What people are told of a hit."""
    return {"name": name, "entry": hit.entry, "listed": hit.name, "program": hit.program,
            "way": hit.way}


class Screener(Protocol):
    """Who is asked before a payee is paid: a list, or a service."""

    def hits(self, name: str) -> Sequence[Hit]:
        """The entries that a name is like, each once, in the order of their ids."""
        ...


class NobodyListed:
    """A screener without a list."""

    def hits(self, name: str) -> Sequence[Hit]:  # nobody is
        """None."""
        return ()


class ListScreener:
    """A list in memory, by the words of its names."""

    def __init__(self, entries: Iterable[tuple[str, str, str]]) -> None:
        """entries: id, name, program; an alias is an entry of the same id."""
        self._entries: list[tuple[str, str, str, frozenset[str]]] = []
        self._by_word: dict[str, list[int]] = {}
        for entry, name, program in entries:
            words = frozenset(words_of(name))
            if not words:
                continue
            for word in words:
                self._by_word.setdefault(word, []).append(len(self._entries))
            self._entries.append((entry, name, program, words))

    def hits(self, name: str) -> Sequence[Hit]:
        """As Screener has it."""
        words = frozenset(words_of(name))
        found: dict[str, Hit] = {}
        for at in sorted({at for word in words for at in self._by_word.get(word, ())}):
            entry, listed, program, of_list = self._entries[at]
            least = min(len(words), len(of_list))
            if words == of_list:
                found[entry] = Hit(entry, listed, program, "exact")
            elif least >= _LEAST_WORDS and (words <= of_list or of_list <= words):
                found.setdefault(entry, Hit(entry, listed, program, "words"))
        return tuple(found[entry] for entry in sorted(found))


def words_of(name: str) -> list[str]:
    """The words of a name as a bank file would write it; of another script as they are."""
    return _WORD.findall(clean(name, _LONGEST).casefold()) or name.casefold().split()


def read_list(path: str) -> Screener:
    """The screener that the settings name. ClearingError: where its list cannot be read nobody is
    paid."""
    if not path:
        return NobodyListed()
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as source:
            rows = csv.DictReader(source, strict=True)
            missing = set(_COLUMNS) - set(rows.fieldnames or ())
            if missing:
                raise ClearingError(f"screening list {path}: no column {sorted(missing)[0]}")
            return ListScreener(_entry(row, path, rows.line_num) for row in rows)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ClearingError(f"screening list {path}: {error}") from error


def _entry(row: dict[str, str | None], path: str, line: int) -> tuple[str, str, str]:
    entry, name = (row["id"] or "").strip(), (row["name"] or "").strip()
    if not entry or not name:
        raise ClearingError(f"screening list {path}, line {line}: an entry needs id and name")
    return entry, name, (row.get("program") or "").strip()
