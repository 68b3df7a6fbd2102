"""Booking records as JSON, by the schema that is published beside this file.

PURE: values in, bytes out. booking-records.schema.json is JSON Schema 2020-12; its `$id` is what
each file names, and a field is added to it but never changed.
"""

from __future__ import annotations

from typing import Final

import msgspec

from clearing.ownbooks.record import Batch, Record

SCHEMA_ID: Final = "urn:authhost:booking-records:1"


def head(batch: Batch) -> bytes:
    """Everything before the first record."""
    fields = msgspec.json.encode({"schema": SCHEMA_ID, **msgspec.to_builtins(batch)})
    return fields[:-1] + b',"records":[\n'


def line(record: Record, number: int) -> bytes:
    """One record, the number-th from 1."""
    fields = msgspec.to_builtins(record) | {"side": record.side, "line": number}
    return (b"" if number == 1 else b",\n") + msgspec.json.encode(fields)


def tail() -> bytes:
    """Everything after the last one."""
    return b"\n]}\n"
