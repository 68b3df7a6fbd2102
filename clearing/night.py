"""What a night of a business day came to: the runs of its streams, taken together.

PURE values. A run says what it did in its Summary; a night adds nothing to that but sums.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from datetime import date

import msgspec

from clearing.summary import Case, FileRecord, Summary


class Night(msgspec.Struct, frozen=True):
    """The summaries of a day's runs, in the order of the streams."""

    business_date: date
    runs: tuple[Summary, ...]

    def run(self, stream: str) -> Summary:
        """The run of a stream. KeyError: it was not cleared."""
        for summary in self.runs:
            if summary.stream == stream:
                return summary
        raise KeyError(stream)

    @property
    def files(self) -> tuple[FileRecord, ...]:
        """All files, by their path below the day's folder."""
        return tuple(
            msgspec.structs.replace(file, path=f"{run.stream}/{file.path}")
            for run in self.runs for file in run.files)

    @property
    def cases(self) -> tuple[Case, ...]:
        """Everything that needs a person."""
        return tuple(case for run in self.runs for case in run.cases)

    @property
    def debits_minor(self) -> dict[str, int]:
        """By currency."""
        return _added(run.debits_minor for run in self.runs)

    @property
    def credits_minor(self) -> dict[str, int]:
        """By currency."""
        return _added(run.credits_minor for run in self.runs)

    @property
    def balanced(self) -> bool:
        """Every run by itself."""
        return all(run.balanced for run in self.runs)

    @property
    def places(self) -> dict[str, int]:
        """cleared, reversed, open: journal rows."""
        return _added(run.places for run in self.runs)

    @property
    def digest(self) -> str:
        """SHA-256 over the digests of the runs: the same files, the same digest."""
        return hashlib.sha256("".join(run.digest for run in self.runs).encode()).hexdigest()


def _added(parts: Iterable[dict[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for part in parts:
        total.update(part)
    return dict(sorted(total.items()))
