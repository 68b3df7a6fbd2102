"""What the tests of the algorithms share: hexadecimal bytes, keys and PANs, two oracles.

The oracles give TDES keys of 16 bytes to `cryptography`, which warns of them; that one warning is
ignored here, around their calls, and nowhere else.
"""

import warnings
from collections.abc import Callable
from typing import Any

from cryptography.utils import CryptographyDeprecationWarning
from hypothesis import strategies as st

with warnings.catch_warnings():
    warnings.simplefilter("ignore", CryptographyDeprecationWarning)
    import psec
    import pyemv

__all__ = ["asked", "h", "psec", "pyemv"]

h = bytes.fromhex

# The key and the terminal of ANSI X9.24-1's and many other examples.
WELL_KNOWN = h("0123456789ABCDEFFEDCBA9876543210")

blocks8 = st.binary(min_size=8, max_size=8)
keys16 = st.binary(min_size=16, max_size=16)
aes_keys = st.sampled_from([16, 24, 32]).flatmap(lambda n: st.binary(min_size=n, max_size=n))
pins = st.text("0123456789", min_size=4, max_size=12)
pans = st.text("0123456789", min_size=13, max_size=19)


def asked(oracle: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """The oracle's answer, its one warning ignored."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        return oracle(*arguments, **named)


def zeros(count: int) -> bytes:
    """A source of chance that gives none."""
    return bytes(count)


def counting(count: int) -> bytes:
    """A source of chance that shows where its bytes went."""
    return bytes(range(count))
