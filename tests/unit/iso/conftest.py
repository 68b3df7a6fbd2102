"""The messages that another implementation wrote, by file name."""

from collections.abc import Callable
from pathlib import Path

import pytest

SAMPLES = Path(__file__).parents[2] / "data" / "samples"


@pytest.fixture(scope="session")
def sample_text() -> Callable[[str], str]:
    """The hexadecimal text of a sample."""
    return lambda name: (SAMPLES / name).read_text()


@pytest.fixture(scope="session")
def sample(sample_text) -> Callable[[str], bytes]:
    """The bytes of a sample."""
    return lambda name: bytes.fromhex(sample_text(name))
