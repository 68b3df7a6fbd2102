"""The tables of a stage: their columns and types, as every engine has them.

PURE. A schema is said once, in ibis; what is written to disk is cast to it, so that an engine finds
the same types whichever database the rows came from. Money is int64 in minor units, an instant is
int64 in microseconds since 1970 UTC.
"""

from __future__ import annotations

from typing import Final

import ibis
import ibis.expr.types as ir

_AUTHORIZED: Final = {
    "id": "!int64", "key": "!string", "account_id": "int64", "kind": "!string",
    "amount_minor": "!int64", "currency": "!string", "terminal_id": "!string",
    "approval_code": "!string", "card_id": "int64", "decided_us": "!int64"}

SCHEMAS: Final = {
    # The day's rows that book money or could.
    "day": ibis.schema({
        "journal_date": "!date", "id": "!int64", "key": "!string", "leg": "!int64",
        "kind": "!string", "account_id": "int64", "account_kind": "string",
        "original_key": "!string", "flags": "!string", "posted_minor": "!int64",
        "booked_minor": "!int64", "currency": "!string",
        "merchant_account_id": "int64", "uncounted": "boolean"}),
    # Of these, what was captured under an authorization of before, or off line.
    "capture": ibis.schema({
        "id": "!int64", "key": "!string", "kind": "!string", "account_id": "int64",
        "card_id": "int64", "terminal_id": "!string", "approval_code": "!string",
        "original_key": "!string", "flags": "!string", "posted_minor": "!int64",
        "currency": "!string", "product": "!string", "decided_us": "!int64"}),
    # Rows of earlier days that the day names as originals, with the family they were booked by.
    "named": ibis.schema({
        **_AUTHORIZED, "journal_date": "!date", "flags": "!string", "posted_minor": "!int64",
        "family": "!string"}),
    # Holds that are open when the day begins, and those that it brings.
    "hold": ibis.schema({**_AUTHORIZED, "journal_date": "!date", "is_of_day": "!boolean",
                         "original_key": "!string"}),
    # What has ended holds since the last run. given: people have matched it with another capture.
    "ending": ibis.schema({
        "original_key": "!string", "completed": "!boolean", "decided_us": "!int64",
        "given": "boolean"}),
    # What moved merchants' money. own_plan: of a refund that was not paid, what it was charged by.
    "payment": ibis.schema({
        "id": "!int64", "merchant_id": "!string", "account_id": "int64", "currency": "!string",
        "posted_minor": "!int64", "fee_kind": "!string", "before_minor": "!int64",
        "fee_base_minor": "!int64", "own_plan": "int64"}),
    # The plan of each merchant.
    "terms": ibis.schema({"merchant_id": "!string", "plan": "!int64"}),
    # Percentages in millionths. Prices of the plans, a kind a row. most_minor null: no most.
    "price": ibis.schema({
        "plan": "!int64", "fee_kind": "!string", "parts": "!int64", "fixed_minor": "!int64",
        "least_minor": "!int64", "most_minor": "int64"}),
}


def table(name: str) -> ir.Table:
    """A table of the stage, as an expression."""
    return ibis.table(SCHEMAS[name], name=name)
