"""Keys of the tests' own."""

import pytest

from authhost.secrets import Secrets


@pytest.fixture(scope="session")
def secrets():
    """Known keys, so that what is hashed stays the same."""
    return Secrets(b"p" * 32, b"f" * 32)
