"""What the connector counts, for the metrics: by bank and outcome, and how long a credit took."""

from __future__ import annotations

from authhost.metrics import Histogram


class Counts:
    """Of one connector. credited: seconds from a deposit's row to the bank's yes."""

    def __init__(self) -> None:
        self.outcomes: dict[tuple[str, str], int] = {}
        self.credited = Histogram()

    def add(self, bank_id: str, outcome: str) -> None:
        """One more."""
        place = (bank_id, outcome)
        self.outcomes[place] = self.outcomes.get(place, 0) + 1
