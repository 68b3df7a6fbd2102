"""How many messages are on their way, over all doors, and when that is too many."""

from __future__ import annotations

from authhost import limits


class Load:
    """A counter with a cap."""

    def __init__(self, most: int = limits.IN_FLIGHT_TOTAL) -> None:
        self.in_flight = 0
        self._most = most

    def enter(self) -> bool:
        """Count one more in; False, and nothing counted, beyond the cap."""
        if self.in_flight >= self._most:
            return False
        self.in_flight += 1
        return True

    def leave(self) -> None:
        """Count one out."""
        self.in_flight -= 1
