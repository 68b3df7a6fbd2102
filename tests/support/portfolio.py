"""Terminals that every rig has, and cards made one by one, each with an account of its own."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import msgspec

from authhost.model import CardRef
from authhost.translate.incoming import card_ref

DAY = date(2026, 7, 23)
ACQUIRER = "280131"  # of every terminal
SHOP_ACCOUNT = 900_001
SAFE_ACCOUNT = 900_002
BASE = """
INSERT INTO account (account_id, kind, name, currency) VALUES
    (900001, 'merchant', 'Flower shop', 'EUR'), (900002, 'safe_client', 'Baker', 'EUR');
INSERT INTO fence (account_id) VALUES (900001), (900002);
INSERT INTO merchant (merchant_id, name, status, account_id) VALUES
    ('STATION', 'Station', 'active', NULL), ('SHOP', 'Flower shop', 'active', 900001),
    ('CLOSED', 'Closed station', 'blocked', NULL);
INSERT INTO site VALUES ('S1', 'STATION', 'North'), ('S2', 'STATION', 'South');
INSERT INTO terminal (terminal_id, kind, acquirer_id, merchant_id, site_id, account_id,
                      partial_approval, status) VALUES
    ('POS00001', 'pos', '280131', 'STATION', 'S1', NULL, false, 'active'),
    ('POS00002', 'pos', '280131', 'STATION', 'S2', NULL, false, 'active'),
    ('POSPART1', 'pos', '280131', 'STATION', 'S1', NULL, true, 'active'),
    ('POSBLOCK', 'pos', '280131', 'STATION', 'S1', NULL, false, 'blocked'),
    ('POSCLOSE', 'pos', '280131', 'CLOSED', NULL, NULL, false, 'active'),
    ('SAFE0001', 'safe', '280131', 'SHOP', NULL, 900002, false, 'active'),
    ('TILL0001', 'till', '280131', 'SHOP', NULL, NULL, false, 'active'),
    ('TILL0002', 'till', '280131', 'CLOSED', NULL, NULL, false, 'active');
"""
_ids = itertools.count(910_001)


class Card(msgspec.Struct, frozen=True):
    """A card of the portfolio, with its number."""

    pan: str
    expiry: str
    account_id: int
    card_id: int
    ref: CardRef

    def __repr__(self) -> str:
        return f"Card({self.card_id})"


class Portfolio:
    """Puts cards and payers into a database. An id is used once in a session."""

    def __init__(self, sql: Callable[..., Any], pan_hmac: Callable[[str], bytes]) -> None:
        self._sql = sql
        self._pan_hmac = pan_hmac

    def account(self, kind: str = "fleet", limits: Sequence[Any] = (), status: str = "active",
                currency: str = "EUR", zone: str = "UTC") -> int:
        """An account and its fence."""
        account_id = next(_ids)
        self._sql("INSERT INTO account (account_id, kind, name, status, currency, time_zone,"
                  " limits) VALUES ($1, $2, 'Fleet', $3, $4, $5, $6::text::jsonb)",
                  account_id, kind, status, currency, zone, rules(limits))
        self._sql("INSERT INTO fence (account_id) VALUES ($1)", account_id)
        return account_id

    def card(self, *, account: int = 0, limits: Sequence[Any] = (),
             vehicle: Sequence[Any] | None = None, driver: Sequence[Any] | None = None,
             status: str = "active", expiry: str = "3012",
             account_limits: Sequence[Any] = (), account_status: str = "active",
             currency: str = "EUR", zone: str = "UTC", products: list[str] | None = None,
             sites: list[str] | None = None, hours: list[int] | None = None) -> Card:
        """A card; on a new account where none is given. Limits: (window, measure, maximum)."""
        account_id = account or self.account("fleet", account_limits, account_status, currency,
                                             zone)
        card_id = next(_ids)
        pan = f"70{card_id:016d}"
        ids = []
        for table, limit in (("vehicle", vehicle), ("driver", driver)):
            if limit is None:
                ids.append(None)
                continue
            ids.append(next(_ids))
            self._sql(f"INSERT INTO {table} VALUES ($1, $2, 'X', $3::text::jsonb)",
                      ids[-1], account_id, rules(limit))
        ref = card_ref(self._pan_hmac(pan), pan, expiry)
        self._sql(
            "INSERT INTO card (card_id, account_id, pan_hmac, pan_masked, expiry, status,"
            " vehicle_id, driver_id, products, sites, hours, limits) VALUES ($1, $2, $3, $4, $5,"
            " $6, $7, $8, $9, $10, $11, $12::text::jsonb)", card_id, account_id, ref.pan_hmac,
            ref.pan_masked, expiry, status, *ids, products, sites, hours, rules(limits))
        return Card(pan, expiry, account_id, card_id, ref)

    def set_limits(self, card: Card, limits: Sequence[Any]) -> None:
        """Change a card's limits as the rules demand: the fence rises with them."""
        self._sql("WITH changed AS (UPDATE card SET limits = $2::text::jsonb WHERE card_id = $1)"
                  " UPDATE fence SET fence = fence + 1 WHERE account_id = $3",
                  card.card_id, rules(limits), card.account_id)


def rules(limits: Sequence[Any]) -> str:
    """Limits as their column holds them."""
    return json.dumps([{"window": window, "measure": measure, "maximum": maximum}
                       for window, measure, maximum in limits])
