"""One issuer and one active card for each test."""

from __future__ import annotations

import pytest

from chip.reader import InProcessReader
from chip.virtual import Card
from tests.support.cards import Issuer


@pytest.fixture
def issuer() -> Issuer:
    """With fresh masters."""
    return Issuer()


@pytest.fixture
def card(issuer: Issuer) -> Card:
    """Personalized and active."""
    return issuer.issued()


@pytest.fixture
def reader(card: Card) -> InProcessReader:
    """With the card in it."""
    return InProcessReader(card)
