"""Control totals at every hop from the journal to the files: nothing is released on a mismatch.

Knows the hops and the rule by which each is equal to the one before; counts in the database, by
statements that share nothing with those that posted.

    journal   rows of the stream's day that book money, by kind
    placed    the rows that the run has placed               the same, row by row (digest)
    ledger    the run's balances, by account of the chart    what the placements' rules and the
                                                             night's own transfers come to
    credits   what banks are to pay or have paid, by         what left 1300 in transit under
              purpose                                        their ids
    files     what was read back from the disk, by kind      what the ledger says of each kind
                                                             (control.check_totals)
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from itertools import groupby

import msgspec

from clearing.errors import ClearingError
from clearing.queries import Connection
from clearing.release.statements import statement
from clearing.run_id import RunId
from clearing.summary import FileRecord


class Hop(msgspec.Struct, frozen=True):
    """One line: so many, so much, of these rows. digest: whatever their order; '' where only
    count and sum are compared."""

    hop: str
    kind: str
    currency: str
    count: int
    sum_minor: int
    digest: str = ""


async def control_hops(connection: Connection, run_id: RunId,
                       files: Iterable[FileRecord]) -> tuple[Hop, ...]:
    """Every hop's totals, in order. ClearingError names hop, kind, currency and both numbers."""
    async def read(hop: str, name: str) -> list[Hop]:
        rows = await connection.fetch(statement(name), str(run_id), run_id.business_date,
                                      run_id.stream)
        return [Hop(hop, row["kind"] or "", row["currency"], row["count"], row["sum_minor"],
                    row["digest"]) for row in rows]

    journal, placed = await read("journal", "hop_journal"), await read("placed", "hop_placed")
    compare(f"{run_id}: from journal to placed", journal, placed)
    ledger, credited = await read("ledger", "hop_ledger"), await read("credits", "hop_credits")
    compare(f"{run_id}: from placed to ledger", await read("placed", "hop_ledger_due"), ledger)
    compare(f"{run_id}: from ledger to credits", await read("ledger", "hop_credits_due"), credited)
    return (*journal, *placed, *ledger, *credited, *file_hops(files))


def compare(step: str, before: Sequence[Hop], after: Sequence[Hop]) -> None:
    """ClearingError unless `after` says of each kind and currency what `before` does."""
    wanted = {(hop.kind, hop.currency): (hop.count, hop.sum_minor, hop.digest) for hop in before}
    there = {(hop.kind, hop.currency): (hop.count, hop.sum_minor, hop.digest) for hop in after}
    for kind, currency in sorted(wanted.keys() | there.keys()):
        one = wanted.get((kind, currency), (0, 0, ""))
        other = there.get((kind, currency), (0, 0, ""))
        if one == other:
            continue
        what = (f"{one[0]} of {one[1]} are not {other[0]} of {other[1]} (count, minor units)"
                if one[:2] != other[:2] else f"the {one[0]} rows of {one[1]} are not the same rows")
        raise ClearingError(f"{step}: {kind} in {currency}: {what}")


def file_hops(files: Iterable[FileRecord]) -> list[Hop]:
    """The files by kind and currency; the digest is over their paths and digests."""
    def key(file: FileRecord) -> tuple[str, str]:
        return file.kind, file.currency

    hops = []
    for (kind, currency), group in groupby(sorted(files, key=lambda f: (*key(f), f.path)), key):
        those = list(group)
        text = "".join(f"{file.sha256}  {file.path}\n" for file in those)
        hops.append(Hop("files", kind, currency, sum(file.count for file in those),
                        sum(file.sum_minor for file in those),
                        hashlib.sha256(text.encode()).hexdigest()))
    return hops
