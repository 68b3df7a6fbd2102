"""The key of the tests' own fingerprints."""

import pytest


@pytest.fixture(scope="session")
def fingerprint_key():
    """Known, so that what is hashed stays the same."""
    return b"f" * 32
