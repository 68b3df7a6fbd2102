"""What is wrong with a code, and in which of its parts. PURE."""

from __future__ import annotations


class QrError(ValueError):
    """No such code can be. where: the tag or the element; what: the rule that it breaks."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}")
        self.where = where
        self.what = what
