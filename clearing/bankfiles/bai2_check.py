"""BAI2 read again: every control total and record count is made a second time.

Knows a file and the specification; must not know the writer. Source: BAI, "Cash Management Balance
Reporting Specifications, version 2".
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

_CREDITS: Final = range(100, 400)
_DEBITS: Final = range(400, 700)
_OF_LINE: Final = 6  # fields of a record 16: type code, amount, funds, two references, text
_ORDER: Final = {"": {"01"}, "01": {"02"}, "02": {"03"}, "03": {"16", "49"}, "16": {"16", "49"},
                 "49": {"03", "98"}, "98": {"02", "99"}, "99": set()}


def read_bai2(path: Path) -> tuple[int, int, str]:
    """Lines, their sum (credits less debits, minor units) and currency. ValueError names the record
    that does not add up."""
    reader = _Reader()
    lines = path.read_bytes().decode("ascii").split("\r\n")
    if lines.pop():
        raise ValueError("the file was cut off")
    for line in lines:
        reader.take(line)
    return reader.found()


class _Reader:
    """What is added up while records go by."""

    def __init__(self) -> None:
        self._longest = 0  # characters a record, as 01 says; 0: as many as there are
        self._before = ""  # code of the last record that was no continuation
        self._records = {"account": 0, "group": 0, "file": 0}
        self._totals = {"account": 0, "group": 0, "file": 0}
        self._parts = {"group": 0, "file": 0}  # accounts of the group, groups of the file
        # Of an account, by type code: amount and items, as 03 states them.
        self._summary: dict[int, tuple[int, int]] = {}
        self._missing = 0  # fields of a line that its continuation brings
        self._in_text = False
        self._lines = 0
        self._net_minor = 0
        self._sides = [(0, 0), (0, 0)]  # credits, debits, of the lines: amount and items
        self._currency = ""
        self._takers = {
            "01": self._file, "02": self._group, "03": self._account, "16": self._line,
            "49": self._account_end, "98": self._group_end, "99": self._file_end}

    def take(self, line: str) -> None:
        """One record."""
        code, _, rest = line.partition(",")
        if code == "01":
            self._longest = int(_fields(rest)[5] or 0)
        if 0 < self._longest < len(line):
            raise ValueError(f"a record of {len(line)} characters in a file of {self._longest}")
        for level in self._records:
            self._records[level] += 1
        if code == "88":
            self._continued(rest)
            return
        if code not in _ORDER.get(self._before, set()):
            raise ValueError(f"a record {code} after {self._before or 'nothing'}")
        if self._missing:
            raise ValueError(f"a record {code} where a line lacks {self._missing} fields")
        self._before, self._in_text = code, False
        self._takers[code](rest)

    def found(self) -> tuple[int, int, str]:
        """When all is read."""
        if self._before != "99":
            raise ValueError("the file was cut off")
        return self._lines, self._net_minor, self._currency

    @staticmethod
    def _file(rest: str) -> None:
        if len(_fields(rest)) != 8 or _fields(rest)[-1] != "2":
            raise ValueError(f"a header of version 2 has eight fields: {rest}")

    def _group(self, rest: str) -> None:
        self._currency = _fields(rest)[5]
        self._records["group"], self._totals["group"], self._parts["group"] = 1, 0, 0
        self._parts["file"] += 1

    def _account(self, rest: str) -> None:
        fields = _fields(rest)
        self._records["account"], self._totals["account"] = 1, 0
        self._parts["group"] += 1
        self._summary, self._sides = {}, [(0, 0), (0, 0)]
        self._summarized(fields[2:])

    def _summarized(self, fields: list[str]) -> None:
        for at in range(0, len(fields), 4):
            code, minor, items, _ = fields[at:at + 4]
            self._summary[int(code)] = int(minor), int(items)
            self._totals["account"] += int(minor)

    def _continued(self, rest: str) -> None:
        if self._before == "03":
            self._summarized(_fields(rest))
        elif self._missing:
            self._said(rest.split(",", self._missing - 1), self._missing)
        elif not (self._before == "16" and self._in_text):
            raise ValueError(f"a continuation of a record {self._before}")

    def _line(self, rest: str) -> None:
        fields = rest.split(",", _OF_LINE - 1)
        if len(fields) < _OF_LINE:
            fields = _fields(rest)  # it ends between two fields, and goes on
        code, minor = fields[:2]
        self._said(fields, _OF_LINE)
        self._lines += 1
        self._totals["account"] += int(minor)
        if int(code) in _CREDITS or int(code) in _DEBITS:
            side = int(int(code) in _DEBITS)
            before, items = self._sides[side]
            self._sides[side] = before + int(minor), items + 1
        elif int(minor):
            raise ValueError(f"an amount of no side: type code {code}")

    def _said(self, fields: list[str], wanted: int) -> None:
        """Whether a text goes on, or fields are still to come."""
        self._missing = wanted - len(fields)
        self._in_text = not self._missing and fields[-1] != "/"

    def _account_end(self, rest: str) -> None:
        self._agree("49", rest, self._totals["account"], self._records["account"])
        stated = [self._summary.get(code, (0, 0)) for code in (100, 400)]
        if stated != self._sides:
            raise ValueError(f"03 states {stated}, the lines are {self._sides} (amount, items)")
        self._net_minor += self._sides[0][0] - self._sides[1][0]
        self._totals["group"] += self._totals["account"]

    def _group_end(self, rest: str) -> None:
        self._agree("98", rest, self._totals["group"], self._parts["group"],
                    self._records["group"])
        self._totals["file"] += self._totals["group"]

    def _file_end(self, rest: str) -> None:
        self._agree("99", rest, self._totals["file"], self._parts["file"], self._records["file"])

    @staticmethod
    def _agree(code: str, rest: str, *found: int) -> None:
        stated = tuple(map(int, _fields(rest)))
        if stated != found:
            raise ValueError(f"record {code} states {stated}, the records are {found}")


def _fields(rest: str) -> list[str]:
    if not rest.endswith("/"):
        raise ValueError(f"a record without its end: {rest}")
    return rest[:-1].split(",")
