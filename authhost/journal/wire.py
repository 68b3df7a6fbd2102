"""A batch as one value: the composite type `batch`, encoded here to PostgreSQL's binary format.

Knows the wire form of records and arrays (record_recv, array_recv); knows nothing of what the
columns mean. The driver's own encoder looks at every element of forty arrays; this one looks
at columns, many of which say the same in every row.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any, Final

import asyncpg

from authhost.journal.statements import statement

Column = Sequence[Any]
Encoder = Callable[[Column], bytes]

_INT: Final = struct.Struct(">i")
_NULL: Final = _INT.pack(-1)
_HEADER: Final = struct.Struct(">iiiii")  # dimensions, has nulls, element type, size, lower bound
_FIELD: Final = struct.Struct(">Ii")  # type, length
_TYPES: Final = {"int2": ("h", 2), "int4": ("i", 4), "int8": ("q", 8), "bool": ("?", 1)}


def _integers(type_name: str) -> Encoder:
    """Fixed-size elements: each is its length and its value."""
    code, size = _TYPES[type_name]
    one = struct.Struct(f">i{code}")

    def encode(column: Column) -> bytes:
        first = column[0]
        if column.count(first) == len(column):
            return (_NULL if first is None else one.pack(size, first)) * len(column)
        return b"".join([_NULL if value is None else one.pack(size, value) for value in column])

    return encode


def _texts(column: Column) -> bytes:
    first = column[0]
    if column.count(first) == len(column):
        return _text(first) * len(column)
    return b"".join(map(_text, column))


def _text(value: str) -> bytes:
    encoded = value.encode()
    return _INT.pack(len(encoded)) + encoded


def _bytes(column: Column) -> bytes:
    return b"".join([_NULL if value is None else _INT.pack(len(value)) + value
                     for value in column])


_ENCODERS: Final[dict[str, Encoder]] = {
    "text": _texts, "json": _texts, "bytea": _bytes,
    **{name: _integers(name) for name in _TYPES},
}


async def register(connection: asyncpg.Connection) -> None:
    """Let this connection take a batch as the columns of its rows, in the order of the type."""
    columns = [(row["array_oid"], row["element_oid"], _ENCODERS[row["element"]]) for row in
               await connection.fetch(statement("batch_columns"))]

    def encode(rows: Sequence[tuple[Any, ...]]) -> bytes:
        """The record of all columns. struct.error, AttributeError: a value of another type."""
        try:
            parts = [_INT.pack(len(columns))]
            for (array_oid, element_oid, encoder), column in zip(
                    columns, zip(*rows, strict=True), strict=True):
                body = encoder(column)
                parts.append(_FIELD.pack(array_oid, _HEADER.size + len(body)))
                parts.append(_HEADER.pack(1, 0, element_oid, len(column), 1))
                parts.append(body)
        except (struct.error, AttributeError, TypeError, UnicodeEncodeError) as error:
            raise ValueError(f"a row does not fit the journal: {error}") from None
        return b"".join(parts)

    oid = await connection.fetchval("SELECT 'batch'::regtype::oid")
    # set_type_codec() takes binary codecs for scalar types alone; this is the call below it.
    connection._protocol.get_settings().add_python_codec(  # type: ignore[attr-defined]
        oid, "batch", "public", [], "scalar", encode, bytes, "binary")
