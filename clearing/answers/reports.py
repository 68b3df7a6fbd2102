"""A pain.002 against the file that it is about: refused where it cannot be, else its words stored.

Knows what a status means for an order; must not know who brought the report. A report that names
a file of ours, and of another count, sum, amount or bank, is refused whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import asyncpg
import msgspec

from clearing.answers.facts import Fact, Source, record, say
from clearing.answers.names import keep_names
from clearing.answers.orders import File, Order, find_file
from clearing.answers.pain002 import ACCEPTED, PARTLY, REJECTED, Block, Report, Said, Transaction
from clearing.answers.reasons import reason_of
from clearing.answers.settings import Answers
from clearing.answers.statements import statement
from clearing.camt053 import StatementError, minor_of
from clearing.exceptions import close_explained, open_exception
from clearing.queries import Connection

_KINDS = {"pain001": "pain.001", "pain008": "pain.008"}


class Foreign(StatementError):
    """It is about a file that we have not sent, or that another bank was sent."""


class Told(msgspec.Struct, frozen=True):
    """What came of one message. known: it was told before, and nothing was done."""

    message_id: str
    about: str
    known: bool
    outcomes: dict[str, int] = {}  # orders, by status or fact
    exceptions: int = 0


class ToldOtherwise(StatementError):
    """A message of this number was told before, with other content."""


async def is_known(connection: Connection, kind: str, sender: str, message_id: str,
                   digest: bytes) -> bool:
    """Whether this very message was told before. ToldOtherwise: the number, with other content."""
    known = await connection.fetchval(statement("answer_known"), kind, sender, message_id)
    if known is not None and known != digest:
        raise ToldOtherwise("was told before with other content", f"MsgId {message_id}")
    return known is not None


async def take_report(connection: Connection, report: Report, digest: bytes, who: str,
                      bank_id: str | None, rules: Answers) -> Told:
    """Store it in the caller's transaction. bank_id: of a bank that tells it; None: anybody.

    StatementError: it cannot be about what was sent; where it stands.
    """
    file = await find_file(connection, report.about)
    if file is None or (bank_id is not None and file.bank_id != bank_id):
        raise Foreign(f"OrgnlMsgId {report.about} is no file of ours", "OrgnlGrpInfAndSts")
    _check(report, file)
    if await is_known(connection, "pain002", file.bank_id, report.message_id, digest):
        return Told(report.message_id, report.about, True)
    answer_id = await connection.fetchval(
        statement("answer_new"), "pain002", file.bank_id, report.message_id, report.about,
        report.said.status, report.said.reason, digest, who)
    await close_explained(connection, reason="file_unanswered", subject_kind="bank_file",
                          subjects=[file.message_id], why="the bank has answered", who=who)
    return await _Taking(connection, report, file, Source(who, answer_id=answer_id), rules).taken()


class _Taking:
    """One report, stored."""

    def __init__(self, connection: Connection, report: Report, file: File, source: Source,
                 rules: Answers) -> None:
        self._connection = connection
        self._report = report
        self._file = file
        self._source = source
        self._rules = rules
        self._exceptions = 0

    async def taken(self) -> Told:
        """Facts, exceptions, the file's life."""
        words = _words(self._report, self._file)
        outcomes: Counter[str] = Counter(said.status for said in words.values())
        accepted = [self._fact(name, said) for name, said in words.items()
                    if said.status in ACCEPTED]
        refused = {name: said for name, said in words.items() if said.status in REJECTED}
        doubled = {name for name, said in refused.items()
                   if reason_of(said.reason).meaning == "duplicate"}
        rejected = [self._fact(name, said) for name, said in refused.items()
                    if name not in doubled]
        await record(self._connection, "accepted", accepted, self._source, self._rules)
        await record(self._connection, "rejected", rejected, self._source, self._rules)
        if rejected:  # it may explain what was booked in one sum
            await match_batches(self._connection, self._file, self._source, self._rules)
        if len(doubled) == len(self._file.orders):
            await self._open("duplicate_told", self._file.message_id)
        elif doubled:
            for name in sorted(doubled):
                await self._open("duplicate_told", name)
        for one in self._report.transactions:
            if one.end_to_end_id not in self._file.orders:
                outcomes["unknown_order"] += 1
                await self._open("unknown_order", one.end_to_end_id, status=one.said.status)
        names = await keep_names(self._connection, self._file, words, self._report.message_id)
        await self._live(len(rejected), names, doubled=bool(doubled), accepted=bool(accepted))
        return Told(self._report.message_id, self._report.about, False, dict(outcomes),
                    self._exceptions)

    def _fact(self, name: str, said: Said) -> Fact:
        order = self._file.orders[name]
        return Fact(order, order.amount_minor, reason=said.reason)

    async def _open(self, reason: str, subject: str, **content: object) -> None:
        order = self._file.orders.get(subject)
        self._exceptions += 1
        whole = subject == self._file.message_id
        stream = next(iter(self._file.orders.values())).stream
        await open_exception(
            self._connection, stream=stream, reason=reason, subject=subject,
            subject_kind="bank_file" if whole else order.kind if order else "order",
            run_id=self._file.run_id, account_id=order.account_id if order else None,
            currency=self._file.currency,
            amount_minor=self._file.sum_minor if whole else order.amount_minor if order else 0,
            who=self._source.who,
            content={**content, "file": self._file.message_id, "answer": self._source.answer_id})

    async def _live(self, rejected: int, names: Mapping[str, int], *, doubled: bool,
                    accepted: bool) -> None:
        """What the file is now, and how its payees' names were found. Of one that was there twice,
        what it was before."""
        if doubled:
            return
        status = self._report.said.status
        if rejected == len(self._file.orders):
            state = "rejected"
        elif rejected:
            state = "partly_rejected"
        else:
            state = "accepted" if accepted or status in ACCEPTED else "acknowledged"
        await say(self._connection, self._file.run_id, self._file.path, state, self._source.who,
                  message=self._report.message_id, status=status, rejected=rejected,
                  **({"payees": names} if names else {}))


async def match_batches(connection: Connection, file: File, source: Source,
                        rules: Answers) -> None:
    """What of a file was booked in one sum: its orders are booked where count and sum are those of
    what was not rejected; else it is an exception until they are."""
    batches = await connection.fetch(statement("batches"), file.message_id)
    if not batches:
        return
    known = {found["end_to_end_id"]: found["facts"] for found in
             await connection.fetch(statement("facts"), list(file.orders))}
    for row in batches:
        left = [order for name, order in file.batch(row["batch_id"]).items()
                if "rejected" not in known.get(name, ())]
        total = sum(order.amount_minor for order in left)
        if (row["count"], row["sum_minor"]) == (len(left), total):
            await _booked(connection, row, left, source, rules)
            continue
        first = next(iter(file.orders.values()))
        await open_exception(
            connection, stream=first.stream, reason="batch_differs", subject_kind="bank_file",
            subject=row["batch_id"], run_id=file.run_id, currency=file.currency,
            amount_minor=row["sum_minor"] - total, who=source.who,
            content={"booked": row["count"], "sent": len(left)})


async def _booked(connection: Connection, row: asyncpg.Record, left: Sequence[Order],
                  source: Source, rules: Answers) -> None:
    await close_explained(connection, reason="batch_differs", subject_kind="bank_file",
                          subjects=[row["batch_id"]], who=source.who,
                          why="what was rejected explains the difference")
    if row["statement_id"] is not None:
        await connection.execute(statement("batch_seen"), [order.end_to_end_id for order in left],
                                 row["statement_id"], row["line"])
    facts = [Fact(order, order.amount_minor, row["booked_on"], line=row["line"]) for order in left]
    await record(connection, "booked", facts,
                 Source(source.who, row["answer_id"], row["statement_id"]), rules)


def _check(report: Report, file: File) -> None:
    """Whether it can be about this file. StatementError."""
    where = "OrgnlGrpInfAndSts"
    kind = _KINDS.get(file.kind, "")
    if report.kind and not (kind and report.kind.startswith(kind)):
        raise Foreign(f"OrgnlMsgNmId {report.kind}, the file is a {kind or file.kind}", where)
    if file.bic and report.bics and file.bic[:8] not in {bic[:8] for bic in report.bics}:
        raise Foreign(f"told by {', '.join(sorted(report.bics))}, the file went to {file.bic}",
                      "GrpHdr")
    if report.count is not None and report.count != file.count:
        raise StatementError(f"OrgnlNbOfTxs {report.count}, the file has {file.count}", where)
    if report.total and minor_of(report.total, file.currency, where) != file.sum_minor:
        raise StatementError(f"OrgnlCtrlSum {report.total[:40]}, the file comes to "
                             f"{file.sum_minor} (minor units)", where)
    listed = report.transactions
    for one in listed:
        _check_amount(one, file)
    if listed and not any(one.end_to_end_id in file.orders for one in listed):
        raise Foreign("none of its transactions is in the file", listed[0].where)
    for block in report.blocks:
        if block.said.status in REJECTED and not _orders(block, report, file):
            raise StatementError(f"OrgnlPmtInfId {block.payment_information_id} is no block of the "
                                 "file", block.where)


def _check_amount(one: Transaction, file: File) -> None:
    order = file.orders.get(one.end_to_end_id)
    if order is not None and one.amount_minor is not None and (
            (one.amount_minor, one.currency) != (order.amount_minor, order.currency)):
        raise StatementError(f"{one.end_to_end_id} is {one.amount_minor} {one.currency}, it was "
                             f"sent as {order.amount_minor} {order.currency} (minor units)",
                             one.where)


def _words(report: Report, file: File) -> dict[str, Said]:
    """What is said of each order: the nearest word holds, of the transaction, its block, the file.
    Of one that is not listed where only some are refused nothing is said."""
    words: dict[str, Said] = {}
    for said, orders in ((report.said, file.orders), *(
            (block.said, _orders(block, report, file)) for block in report.blocks)):
        if said.status and said.status not in PARTLY:
            words |= dict.fromkeys(orders, said)
        elif said.status:  # some of these: what was said of all of them is not said of each
            words = {name: word for name, word in words.items() if name not in orders}
    for one in report.transactions:
        if one.end_to_end_id in file.orders:
            words[one.end_to_end_id] = one.said
    return words


def _orders(block: Block, report: Report, file: File) -> dict[str, Order]:
    """The orders of a block; a bank's own name for the only one stands for all."""
    found = file.batch(block.payment_information_id)
    if not found and len(report.blocks) == 1 and block.count in {None, file.count}:
        return dict(file.orders)
    return found
