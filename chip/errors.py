"""What can be wrong with a card or its reader, one type each, in words for the one at the till.

Knows no values: no number, name or PIN is ever in these texts.
"""

from __future__ import annotations

from typing import ClassVar


class CardProblem(Exception):
    """Nothing was sold and nothing is half done."""

    text: ClassVar[str] = "The card cannot be used."

    def __init__(self, detail: str = "") -> None:
        super().__init__(f"{self.text} ({detail})" if detail else self.text)
        self.detail = detail


class NoReader(CardProblem):
    """No PC/SC service, no such reader, or no software for it."""

    text = "There is no card reader."


class NoCard(CardProblem):
    """Nothing in the reader, or nothing that answers to a reset."""

    text = "There is no card in the reader."


class CardPulled(CardProblem):
    """It was there and is gone."""

    text = "The card was pulled out too early. Put it in again."


class WrongCard(CardProblem):
    """It has no application of ours."""

    text = "This is no fleet card."


class InactiveCard(CardProblem):
    """Blank, or not personalized to the end."""

    text = "This card was never issued."


class BlockedCard(CardProblem):
    """The issuer has blocked the application."""

    text = "This card is blocked."


class ExpiredCard(CardProblem):
    """The card, or its certificate, is past its last day."""

    text = "This card has expired."


class ForeignCard(CardProblem):
    """Its certificate is by a key that this terminal does not trust."""

    text = "This card is of another issuer."


class CopiedCard(CardProblem):
    """It cannot prove what its certificate says."""

    text = "This card is not genuine."


class TerminalRefused(CardProblem):
    """The card does not believe this terminal: its certificate or its signature."""

    text = "The card does not accept this terminal."


class CardFault(CardProblem):
    """The card or the line broke the protocol."""

    text = "The card gave a wrong answer."

    def __init__(self, detail: str, sw: int = 0) -> None:
        super().__init__(f"{detail}, status {sw:04X}" if sw else detail)
        self.sw = sw
