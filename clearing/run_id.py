"""The identity of a run, and every id that is made from it.

PURE. A message id or end-to-end id depends on nothing but the run and a place in a stable order:
so a file that is sent again carries the same ids, and no bank pays it twice.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Final

import msgspec

from authhost.streams import STREAMS, Stream

_LONGEST: Final = 35  # Max35Text
_MESSAGE_ID: Final = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})-([A-Z]+)-([0-9]+)-([A-Z]+)"
                                r"-([A-Z]{3})(?:-([0-9]+))?(?:\.([0-9]+))?")


class RunId(msgspec.Struct, frozen=True):
    """(business date, stream, sequence), as `2026-07-23/cash/1`."""

    business_date: date
    stream: Stream
    sequence: int = 1

    def __str__(self) -> str:
        return f"{self.business_date.isoformat()}/{self.stream}/{self.sequence}"

    @property
    def code(self) -> str:
        """The same in characters that ISO 20022 and file names take."""
        return f"{self.business_date:%Y%m%d}-{self.stream.upper()}-{self.sequence}"

    @property
    def created(self) -> str:
        """The creation time that every file states, ISO 8601: the day's, never the clock's."""
        return f"{self.business_date.isoformat()}T23:59:59Z"

    def message_id(self, purpose: str, currency: str, bank: int = 0, file: int = 0) -> str:
        """MsgId of a bank file, at most 35 characters; bank numbers the banks of a night, file the
        files that one bank's credits were parted into."""
        tail = (f"-{bank}" if bank else "") + (f".{file}" if file else "")
        return self._numbered(f"{self.code}-{purpose.upper()}-{currency}{tail}")

    def end_to_end_id(self, letter: str, number: int) -> str:
        """EndToEndId of the number-th credit of its kind."""
        return self._numbered(f"{self.code}-{letter}{number:07d}")

    def document(self, letter: str, number: int) -> str:
        """The number of an invoice or a settlement, also its file name."""
        return self._numbered(f"{letter}{self.code}-{number:06d}")

    @staticmethod
    def _numbered(text: str) -> str:
        assert len(text) <= _LONGEST, text
        return text


def read_message_id(text: str) -> tuple[RunId, str, str, int, int] | None:
    """(run, purpose, currency, bank's number or 0, file's number or 0) of what message_id has
    written; None: it has not."""
    named = _MESSAGE_ID.fullmatch(text) if len(text) <= _LONGEST else None
    if named is None:
        return None
    year, month, day, stream, sequence, purpose, currency, bank, file = named.groups(default="0")
    named_stream = next((one for one in STREAMS if one.upper() == stream), None)
    if named_stream is None:
        return None
    try:
        run_id = RunId(date(int(year), int(month), int(day)), named_stream, int(sequence))
    except ValueError:
        return None
    told = run_id, purpose.lower(), currency, int(bank), int(file)
    return told if run_id.message_id(*told[1:]) == text else None
