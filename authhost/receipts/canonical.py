"""What of a journal row is hashed, and how: the text is the same wherever the row is read.

PURE. The text begins with its version; then each column is a line `name:length:value`, the length
in bytes of UTF-8, so that no value can pass for another column. A missing value has the length `-`.
Instants are microseconds since 1970 UTC, dates ISO 8601, truth is 0 or 1; `detail` is the text that
was written. All these columns belong to a row that the database refuses to change.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

VERSION: Final = "authhost receipt 1"
COLUMNS: Final = (
    "business_date", "id", "key", "leg", "kind", "approved", "action", "reason", "approval_code",
    "requested_minor", "amount_minor", "posted_minor", "currency", "terminal_id", "merchant_id",
    "site_id", "original_key", "flags", "decided_at", "recorded_at", "rules_version", "account_id",
    "fence", "money", "count", "detail")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def canonical(row: Mapping[str, Any]) -> bytes:
    """The text of a row, UTF-8. KeyError where a column was not read."""
    lines = [VERSION]
    for name in COLUMNS:
        value = row[name]
        if value is None:
            lines.append(f"{name}:-:")
        else:
            text = _text(value)
            lines.append(f"{name}:{len(text.encode())}:{text}")
    return "\n".join(lines).encode()


def digest(key: bytes, row: Mapping[str, Any]) -> bytes:
    """What ties a receipt to its row: HMAC-SHA-256 (RFC 2104) of the text, 32 bytes."""
    return keyed(key, b"row", canonical(row))


def seal(key: bytes, row_digest: bytes, parties: bytes) -> bytes:
    """What ties the parties, as they were written down, to that row; 32 bytes."""
    return keyed(key, b"parties", row_digest + parties)


def keyed(key: bytes, purpose: bytes, content: bytes) -> bytes:
    """HMAC-SHA-256 with a purpose, so that one is never taken for another."""
    return hmac.digest(key, purpose + b"\0" + content, hashlib.sha256)


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return str((value - _EPOCH) // timedelta(microseconds=1))
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return str(int(value))
    return str(value)
