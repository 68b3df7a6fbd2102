"""Each capture finds the authorization that it was made under: the strong key first, then likeness.

PURE. A capture is what a terminal says was taken: a completion, an off-line sale. A safe's deposit
is none: its authorization is leave to put cash in, and holds no money; what a deposit is matched
with is its count (authhost.custody). Strong is what names it: its life-cycle id (the key that a
capture says is its original), or terminal and approval code together. What names none is compared:
the same terminal, card and currency, within the tolerance, authorized before, and each the other's
newest: so that no authorization is given to two. Within one moment keys decide, never the order
that rows came in. What is found is

    matched                  open at the time, and covers what was captured of it, with tolerance
    over_tolerance           more was captured than it covers, and not given back on its own day
    authorization_expired    it had ended before: expired, reversed, captured on an earlier day, or
                             matched with another capture by people
    offline                  none was found, and none was needed: approved by the terminal itself,
                             and it broke none of the card's rules
    no_authorization         none was found
"""

from __future__ import annotations

from typing import Final

import ibis
import ibis.expr.types as ir

from clearing.engine.placing import given_back
from clearing.engine.rounding import divide_half_up, total
from clearing.engine.tables import table
from clearing.engine.tolerance import Matching

_WHOLE: Final = 10_000
_HOLD: Final = "preauthorization"
_COVERED: Final = ("matched", "over_tolerance")


def matches(matching: Matching) -> ir.Table:
    """A row a capture of the day: id, match, authorization_id and authorization_key (null where
    none was found), is_named where the capture names it, and covered, where it covers no later
    one: it was good for this one, of which the day itself has not given back all."""
    captures = _captures()
    named = _strong(captures)
    alike = _alike(captures, named, matching)
    rows = captures.left_join(named, captures.id == named.capture_id).drop("capture_id")
    rows = rows.left_join(alike, rows.id == alike.alike_id).drop("alike_id")
    rows = rows.mutate(found=ibis.coalesce(rows.authorization_id, rows.alike_authorization),
                       covered_minor=ibis.coalesce(rows.authorized_minor, rows.alike_minor),
                       ended=ibis.coalesce(rows.ended_us, rows.alike_ended_us),
                       found_key=ibis.coalesce(rows.held_key, rows.alike_key))
    rows = rows.mutate(captured=ibis.ifelse(
        rows.found.isnull(), rows.left_minor,
        total(rows.left_minor).over(ibis.window(group_by=[rows.found]))))
    rows = rows.select(
        "id", "left_minor", authorization_id=rows.found, authorization_key=rows.found_key,
        is_named=rows.original_key == rows.found_key,
        match=ibis.cases(
            (rows.found.isnull() & (rows.kind == "offline_sale") & (rows.flags == ""), "offline"),
            (rows.found.isnull(), "no_authorization"),
            (rows.ended <= rows.decided_us, "authorization_expired"),
            (rows.captured > most_minor(rows.product, rows.covered_minor, matching),
             "over_tolerance"),
            else_="matched"))
    return rows.mutate(covered=rows.match.isin(_COVERED) & (rows.left_minor > 0)).drop("left_minor")


def most_minor(product: ir.StringValue, authorized_minor: ir.IntegerValue,
               matching: Matching) -> ir.IntegerValue:
    """Tolerance.most_minor, by the product of a capture."""
    def more(absolute: int, basis_points: int) -> ir.IntegerValue:
        part = divide_half_up(authorized_minor * basis_points, _WHOLE)
        return ibis.greatest(part, ibis.literal(absolute, "int64"))
    other = matching.of("")
    rest = more(other.absolute_minor, other.basis_points)
    named = [(product == one.product, more(one.absolute_minor, one.basis_points))
             for one in matching.tolerances if one.product]
    return authorized_minor + (ibis.cases(*named, else_=rest) if named else rest)


def _captures() -> ir.Table:
    """The captures of the day, with what the day itself has left of each."""
    captures, given = table("capture"), given_back()
    captures = captures.left_join(given, captures.id == given.given_id).drop("given_id")
    return captures.mutate(
        left_minor=captures.posted_minor + captures.given_minor.fill_null(0)).drop("given_minor")


def _authorizations() -> ir.Table:
    """Holds with what has raised them, and when they had ended: ended_us 0 before the day, null
    where nothing but a capture has that names it."""
    holds = table("hold")
    raised = holds.filter(holds.kind == "increment", holds.original_key != "")
    raised = raised.group_by(raised.original_key).aggregate(
        raised_minor=total(raised.amount_minor)).rename(raised_key="original_key")
    ending = table("ending")
    ending = ending.filter(~ending.completed | ending.given.fill_null(False))
    ending = ending.group_by("original_key").aggregate(
        ended_us=ending.decided_us.min()).rename(ended_key="original_key")
    root = holds.filter(holds.kind == _HOLD)
    root = root.left_join(raised, root.key == raised.raised_key)
    root = root.left_join(ending, root.key == ending.ended_key)
    fresh = root.select(
        "id", "key", "account_id", "card_id", "terminal_id", "approval_code", "currency",
        "decided_us", "ended_us",
        authorized_minor=root.amount_minor + root.raised_minor.fill_null(0))
    before = table("named")
    before = before.filter(before.kind == _HOLD)
    before = before.anti_join(root, before.id == root.id)
    gone = before.select(
        "id", "key", "account_id", "card_id", "terminal_id", "approval_code", "currency",
        "decided_us", ended_us=ibis.literal(0, "int64"), authorized_minor=before.amount_minor)
    return fresh.union(gone, distinct=False)


def _strong(captures: ir.Table) -> ir.Table:
    """capture_id with its authorization, where it names one; the newest that bears the name."""
    held = _authorizations().rename(
        authorization_id="id", held_key="key", held_terminal="terminal_id",
        held_code="approval_code", held_currency="currency", held_us="decided_us")
    held = held.drop("account_id", "card_id")
    by_key = captures.filter(captures.original_key != "")
    by_key = by_key.inner_join(held, by_key.original_key == held.held_key)
    by_code = captures.filter(captures.original_key == "", captures.approval_code != "")
    by_code = by_code.inner_join(held, (by_code.terminal_id == held.held_terminal)
                                 & (by_code.approval_code == held.held_code)
                                 & (by_code.currency == held.held_currency))
    columns = ("id", "authorization_id", "authorized_minor", "ended_us", "held_us", "held_key")
    found = by_key.select(*columns).union(by_code.select(*columns), distinct=False)
    newest = ibis.window(group_by=[found.id],
                         order_by=[found.held_us.desc(), found.held_key.desc(),
                                   found.authorization_id.desc()])
    found = found.mutate(rank=ibis.row_number().over(newest))
    return found.filter(found.rank == 0).select(
        "authorization_id", "authorized_minor", "ended_us", "held_key", capture_id="id")


def _alike(captures: ir.Table, named: ir.Table, matching: Matching) -> ir.Table:
    """alike_id with its authorization, for captures that name none: each the other's newest."""
    held = _authorizations()
    held = held.anti_join(named, held.id == named.authorization_id)
    held = held.filter(held.ended_us.isnull(), held.card_id.notnull()).rename(
        held_id="id", held_key="key", held_terminal="terminal_id", held_card="card_id",
        held_currency="currency", held_us="decided_us").drop("approval_code", "account_id")
    loose = captures.anti_join(named, captures.id == named.capture_id)
    pairs = loose.inner_join(held, (loose.terminal_id == held.held_terminal)
                             & (loose.card_id == held.held_card)
                             & (loose.currency == held.held_currency))
    pairs = pairs.filter(
        pairs.held_us <= pairs.decided_us, pairs.left_minor > 0,
        pairs.left_minor <= most_minor(pairs.product, pairs.authorized_minor, matching))
    of_capture = ibis.window(group_by=[pairs.id],
                             order_by=[pairs.held_us.desc(), pairs.held_key.desc(),
                                       pairs.held_id.desc()])
    of_held = ibis.window(group_by=[pairs.held_id],
                          order_by=[pairs.decided_us, pairs.key, pairs.id])
    pairs = pairs.mutate(first=ibis.row_number().over(of_capture),
                         taken=ibis.row_number().over(of_held))
    pairs = pairs.filter(pairs["first"] == 0, pairs.taken == 0)
    return pairs.select(alike_id="id", alike_authorization="held_id", alike_key="held_key",
                        alike_minor="authorized_minor", alike_ended_us="ended_us")
