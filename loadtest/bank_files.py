"""How fast a payment file is written, and read back against its schema.

Knows no database: the credits are made up, all different. Memory is this process's own, before and
at its most, so that what a file takes can be seen apart from the program.

    python -m loadtest.bank_files --payments 100000 --json
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from clearing.bankfiles.pain001 import Credit, CreditTransferFile, Message
from clearing.bankfiles.reading import read_credit_transfers
from clearing.party import Address
from clearing.settings import load_settings

_CURRENCY = "EUR"
_DIGITS = 11  # of a French account number, in the national part
_MIB = 1_024


def main(arguments: list[str] | None = None) -> int:
    """Write, read, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--payments", type=int, default=100_000)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        result = measure(asked.payments, Path(folder, "payments.xml"))
    print(json.dumps(result) if asked.json else
          "\n".join(f"{name}: {value}" for name, value in result.items()))
    return 0


def measure(payments: int, path: Path) -> dict[str, float | int]:
    """Seconds to write and to validate `payments` credits, MiB of memory and of the file."""
    total = sum(credit.amount_minor for credit in credits_of(payments))
    debtor = load_settings().debtor(_CURRENCY)
    assert debtor is not None  # the settings that come with us
    before_mib = _peak_mib()
    begun = time.perf_counter()
    with path.open("wb", buffering=1 << 16) as sink:
        document = CreditTransferFile(sink, Message(
            "20260723-CASH-1-DEPOSITS-EUR", "2026-07-23T23:59:59Z", "2026-07-24", _CURRENCY,
            payments, total), debtor)
        document.begin()
        for credit in credits_of(payments):
            document.add(credit)
        document.end()
    written = time.perf_counter()
    found = read_credit_transfers(path)
    done = time.perf_counter()
    assert found == (payments, total, _CURRENCY), found
    return {"payments": payments, "seconds": round(written - begun, 3),
            "seconds_validated": round(done - written, 3),
            "payments_per_second": round(payments / (written - begun)),
            "file_mib": round(path.stat().st_size / _MIB / _MIB, 1),
            "memory_mib": round(_peak_mib() - before_mib, 1),
            "peak_memory_mib": round(_peak_mib(), 1)}


def credits_of(payments: int) -> Iterator[Credit]:
    """As many credits as asked for, each another party at another place."""
    for number in range(payments):
        yield Credit(
            f"20260723-CASH-1-D{number:07d}", 1_000 + number, f"Café Żółw & Co No {number}",
            f"FR7630006000{number:0{_DIGITS}d}89", "AGRIFRPP",
            Address("Rue de l'Été", str(number % 200 + 1), "75001", "Paris", "FR"),
            f"SAFE S{number} 2026-07-23, 2 DEPOSITS, RECEIPT R-{number}")


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _MIB


if __name__ == "__main__":
    sys.exit(main())
