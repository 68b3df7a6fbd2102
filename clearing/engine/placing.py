"""Where each captured row of a day ends, and what it books.

PURE. A function of the staged rows, whatever order they came in. `reversed`: a row and the same-day
reversals and returns that give it back come to nothing; `cleared`: everything else that books; a
hold is `cleared` by its completion, `reversed` by a reversal or its expiry, else `open`. A reversal
takes its family from what it gives back; that of a return, which takes again what the return gave
back, from the sale that this was of.
"""

from __future__ import annotations

from typing import Final

import ibis
import ibis.expr.types as ir

from clearing.engine.rounding import total
from clearing.engine.tables import table

GIVES_BACK: Final = ("reversal", "return")
SUSPENDED: Final = "fuel_unidentified"  # the family of what is in suspense
_BY_ACCOUNT: Final = {"safe_client": "deposit", "payer": "payment", "merchant": "payment_receipt"}
_NO_ID: Final = ibis.null("int64")
_NO_DATE: Final = ibis.null("date")


def booked() -> ir.Table:
    """The placements of what books money, or could: all rows of the day. Columns: journal_date,
    journal_id, place, family, original_date, original_id, debit_account_id, credit_account_id,
    amount_minor, currency; and earlier_family, by which an earlier day's original was booked."""
    rows = _sourced()
    family = _family(rows)
    return rows.select(
        journal_date=rows.journal_date, journal_id=rows.id,
        place=ibis.ifelse(rows.undone | (rows.given_back & rows.capture_id.notnull()
                                         & (rows.net_minor == 0)), "reversed", "cleared"),
        family=family,
        original_date=ibis.cases((~rows.gives_back, _NO_DATE),
                                 (rows.capture_id.isnull(), rows.earlier_date),
                                 else_=rows.journal_date),
        original_id=ibis.ifelse(rows.gives_back,
                                ibis.coalesce(rows.capture_id, rows.earlier_id), _NO_ID),
        debit_account_id=rows.account_id,
        credit_account_id=ibis.ifelse(family.isin(("fuel", SUSPENDED)),
                                      rows.merchant_account_id, rows.account_id),
        amount_minor=rows.booked_minor, currency=rows.currency,
        earlier_family=rows.earlier_family)


def given_back() -> ir.Table:
    """given_id, what the day has captured, and given_minor, what it gives back of that itself:
    negative, less what it takes again."""
    given = _given()
    return given.filter(given.capture_id.notnull()).select("given_minor", given_id="capture_id")


def doubled() -> ir.Table:
    """Rows that the day has twice, and that would be booked twice: key and leg, the first alone."""
    rows = table("day")
    rows = rows.filter(rows.posted_minor != 0)
    counted = rows.group_by("key", "leg").aggregate(times=ibis._.count())
    return counted.filter(counted.times > 1).order_by("key", "leg").limit(1)


def ended(captured: ir.Table) -> ir.Table:
    """The placements of holds: those of the day, and those of earlier days that are open still.
    captured: authorization_id, of what captures of the day were matched with: it is over, too."""
    holds, endings = table("hold"), table("ending").select("original_key", "completed")
    by_match = holds.semi_join(captured, holds.id == captured.authorization_id)
    by_match = by_match.select(original_key="key", completed=ibis.literal(True))
    endings = endings.union(by_match.cast(endings.schema()), distinct=False)
    endings = endings.group_by("original_key").aggregate(completed=endings.completed.any())
    raised = endings.rename(raised_key="original_key", by_raised="completed")
    found = holds.left_join(endings, holds.key == endings.original_key).select(
        holds.journal_date, holds.is_of_day, holds.id, holds.currency, holds.original_key,
        endings.completed)
    # What has raised a hold ends with it; a hold that raises none names none.
    found = found.left_join(raised, (found.original_key == raised.raised_key)
                            & (found.original_key != "")).select(
        found.journal_date, found.is_of_day, found.id, found.currency,
        completed=ibis.coalesce(found.completed, raised.by_raised))
    found = found.mutate(place=ibis.cases(
        (found.completed.isnull(), "open"), (found.completed, "cleared"), else_="reversed"))
    listed = found.filter(found.is_of_day | (found.place == "open"))
    return listed.select(
        journal_date=listed.journal_date, journal_id=listed.id, place=listed.place,
        family=ibis.literal(""),
        original_date=_NO_DATE, original_id=_NO_ID, debit_account_id=_NO_ID,
        credit_account_id=_NO_ID, amount_minor=ibis.literal(0, "int64"), currency=listed.currency)


def _grouped() -> ir.Table:
    """The day's rows, each with what is true of its original's key and account together: whether
    any of it was given_back; if so net_minor, what is left, and capture_id. A return and its
    reversal of the same day have not taken place (undone), and come to nothing.

    Most rows nobody gives back: the tables beside the day have those alone that somebody does.
    """
    rows, back, given = table("day"), _origins(), _given()
    rows = rows.left_join(back.select("origin_id", "origin", "undone"), rows.id == back.origin_id)
    # A join cannot take a column of its own projection: a step each.
    rows = rows.mutate(gives_back=rows.origin_id.notnull(), undone=rows.undone.fill_null(False),
                       origin=ibis.coalesce(rows.origin, rows.key))
    rows = rows.left_join(given, (rows.origin == given.given_key)
                          & rows.account_id.identical_to(given.given_account))
    return rows.mutate(given_back=rows.given_key.notnull())


def _given() -> ir.Table:
    """given_key and given_account of what the day gives back, what is left of the day's rows of
    both (net_minor), what was given back of it (given_minor, negative), and the capture among them,
    null where the day has none (capture_id)."""
    back = _origins().group_by("origin", "account_id").aggregate(
        given_minor=lambda one: total(one.posted_minor))
    back = back.rename(given_key="origin", given_account="account_id")
    taken = table("day")
    taken = taken.filter(~taken.kind.isin(GIVES_BACK))
    taken = taken.semi_join(back, (taken.key == back.given_key)
                            & taken.account_id.identical_to(back.given_account))
    # Of a completion's legs one has the money; the others move its hold alone.
    taken = taken.group_by("key", "account_id").aggregate(
        taken_minor=total(taken.posted_minor),
        capture_id=ibis.coalesce(taken.id.max(where=taken.posted_minor != 0), taken.id.max()))
    taken = taken.rename(taken_key="key", taken_account="account_id")
    pair = back.left_join(taken, (back.given_key == taken.taken_key)
                          & back.given_account.identical_to(taken.taken_account))
    return pair.select("given_key", "given_account", "given_minor", "capture_id",
                       net_minor=pair.given_minor + pair.taken_minor.fill_null(0))


def _origins() -> ir.Table:
    """What the day gives back (origin_id), with the key of what that was of (origin), and whether
    it has not taken place (undone). A reversal of a return gives back of the sale."""
    back, again = table("day"), _again()
    back = back.filter(back.kind.isin(GIVES_BACK))
    back = back.left_join(again, back.id == again.again_id)
    return back.select("account_id", "posted_minor", "undone", origin_id="id",
                       origin=ibis.coalesce(back.sale_key, back.original_key))


def _again() -> ir.Table:
    """again_id, of the day's returns that the day takes again, and of what does so: sale_key, what
    the return was of (null of the return itself), and undone, where nothing of the two is left."""
    back = table("day")
    back = back.filter(back.kind.isin(GIVES_BACK)).select(
        "id", "key", "account_id", "original_key", "posted_minor")
    given = back.group_by("key", "account_id").aggregate(
        sale_key=back.original_key.max(), given_minor=total(back.posted_minor))
    named = back.group_by("original_key", "account_id").aggregate(
        taken_minor=total(back.posted_minor)).rename(taken_key="original_key",
                                                     taken_account="account_id")
    # Few rows, so that each step is a small table beside the day.
    pair = given.inner_join(named, (given.key == named.taken_key)
                            & given.account_id.identical_to(named.taken_account))
    pair = pair.select("taken_key", "taken_account", "sale_key",
                       undone=pair.given_minor + pair.taken_minor == 0)
    returned, reversing = (
        back.inner_join(pair, (name == pair.taken_key)
                        & back.account_id.identical_to(pair.taken_account))
        for name in (back.key, back.original_key))
    both = returned.select("id", "undone", sale_key=ibis.null("string")).union(
        reversing.select("id", "undone", "sale_key"), distinct=False)
    return both.group_by("id").aggregate(
        sale_key=both.sale_key.max(), undone=both.undone.any()).rename(again_id="id")


def _earlier() -> ir.Table:
    """The newest booked row of each key and account that an earlier day has; under the key of a
    return, the sale that it was of."""
    rows = table("named")
    rows = rows.filter(~rows.kind.isin(GIVES_BACK), rows.posted_minor > 0)
    newest = ibis.window(group_by=[rows.key, rows.account_id],
                         order_by=[rows.journal_date.desc(), rows.id.desc()])
    rows = rows.mutate(place_in_line=ibis.row_number().over(newest))
    rows = rows.filter(rows.place_in_line == 0)
    return rows.select(earlier_key=rows.key, earlier_account=rows.account_id,
                       earlier_date=rows.journal_date, earlier_id=rows.id, earlier_kind=rows.kind,
                       earlier_flags=rows.flags, earlier_family=rows.family)


def _sourced() -> ir.Table:
    """The day's rows with what they give back: a capture of the day, or a row of before."""
    rows = _grouped()
    rows = rows.mutate(
        same_day_id=ibis.ifelse(rows.gives_back, rows.capture_id, _NO_ID),
        late_key=ibis.ifelse(rows.gives_back & rows.capture_id.isnull(), rows.origin,
                             ibis.null("string")))
    capture, given = table("day"), _given()
    capture = capture.semi_join(given, capture.id == given.capture_id)
    capture = capture.select(given_id=capture.id, given_kind=capture.kind,
                             given_flags=capture.flags, given_uncounted=capture.uncounted)
    rows = rows.left_join(capture, rows.same_day_id == capture.given_id)
    earlier = _earlier()
    # An account may be nobody's: equal then, too. The key carries the join.
    rows = rows.left_join(earlier, (rows.late_key == earlier.earlier_key)
                          & rows.account_id.identical_to(earlier.earlier_account))
    flags = ibis.coalesce(rows.given_flags, rows.earlier_flags, rows.flags)
    by_account = ibis.cases(
        *((rows.account_kind == kind, source) for kind, source in _BY_ACCOUNT.items()),
        else_="sale")
    return rows.mutate(
        withheld=flags.re_search("(^|,)withheld:"),
        is_uncounted=ibis.coalesce(rows.given_uncounted, rows.uncounted,
                                   rows.earlier_family == "deposit_uncounted", False),
        source_kind=ibis.cases(
            (~rows.gives_back, rows.kind),
            # Of a payment the payer's leg is the first, whatever the accounts are besides.
            (rows.key.startswith("pay/"), ibis.ifelse(rows.leg == 0, "payment", "payment_receipt")),
            else_=ibis.coalesce(rows.given_kind, rows.earlier_kind, by_account)))


def _family(rows: ir.Table) -> ir.StringValue:
    """posting_rule.family: the two accounts of the chart that a row moves."""
    deposit = rows.source_kind == "deposit"
    nobodys = ibis.coalesce(rows.account_kind, "") != "safe_client"
    return ibis.cases(
        (deposit & (rows.withheld | nobodys), "deposit_withheld"),
        (deposit & rows.is_uncounted, "deposit_uncounted"),
        (rows.source_kind.isin(("adjustment", "verification")),
         ibis.literal("deposit_") + rows.source_kind),
        (rows.source_kind.isin(("deposit", "payment", "payment_receipt")), rows.source_kind),
        # What gives back goes where its original is, whoever it is of.
        ((rows.account_kind == "fleet") & (ibis.coalesce(rows.earlier_family, "") != SUSPENDED),
         "fuel"), else_=SUSPENDED)
