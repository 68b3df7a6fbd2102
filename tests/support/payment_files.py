"""Payment files that a test has written: read back as the night does, spoilt, of any text.

Knows that a check reads a file from the disk; must not know which form it has.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import strategies as st

Read = Callable[[Path], tuple[int, int, str]]

WORDS = st.text(max_size=200)


def read_back(read: Read, content: bytes) -> tuple[int, int, str]:
    """Count, sum and currency, as the check finds them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "file.xml")
        path.write_bytes(content)
        return read(path)


def refuses(read: Read, content: bytes, old: bytes, new: bytes) -> None:
    """With this in the place of that the check does not take it."""
    assert old in content
    with pytest.raises(ValueError, match=r".+"):
        read_back(read, content.replace(old, new))
