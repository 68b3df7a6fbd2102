"""The message formats as data: one table a file, and nothing but tables.

Knows: the elements of each edition. Must not know: profiles, which say what 48, 62 and 63 hold.
"""

from iso.specs.fuel93 import FUEL93
from iso.specs.iso87 import ISO87

__all__ = ["FUEL93", "ISO87"]
