"""What is known of a payee when a credit is decided: what its bank says of the name, and lists.

Knows the words of banks (table payee_verification), the decisions of people, and what a host has
asked them; must not know how a credit was put together. A hit, or a name that another bank does not
know, holds the credit under a reason and is an exception, until a person releases that payee. Whom
a host's list has found is held too, and who was rejected, whatever this night's own list says. What
was known is kept with each order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import asyncpg
import msgspec

from clearing.bankfiles.config import BankFiles
from clearing.bankfiles.queries import query
from clearing.bankfiles.screening import (
    SCREENING,
    Hit,
    Screener,
    hit_content,
    hit_subject,
    read_list,
    words_of,
)
from clearing.exceptions import open_exception
from clearing.party import Party
from clearing.queries import Connection
from clearing.run_id import RunId

NOT_ASKED: Final = "not_asked"
NAME: Final = "payee_name"  # the reason, of the credit and of the exception
_COLUMNS: Final = ("run_id", "end_to_end_id", "verification", "bank_name", "hits")


class _Said(msgspec.Struct, frozen=True):
    outcome: str = NOT_ASKED
    bank_name: str = ""


class _Found(msgspec.Struct, frozen=True):
    """What is to be said of a credit to people. subject: what a release is about."""

    reason: str
    subject: str
    account_id: int
    end_to_end_id: str
    currency: str
    amount_minor: int
    content: dict[str, object]


class Payees:
    """One night's look at its payees."""

    def __init__(self, rules: BankFiles, screener: Screener, said: dict[tuple[str, str], _Said],
                 decided: dict[tuple[str, str], str],
                 standing: Mapping[int, Sequence[tuple[str, Hit]]]) -> None:
        self._rules = rules
        self._screener = screener
        self._said = said
        self._decided = decided  # (reason, subject): release, reject
        self._standing = standing  # by account: a name and what it is like, not released
        self._checks: list[tuple[str, str, str, str]] = []
        self._found: list[_Found] = []

    def defect(self, end_to_end_id: str, account_id: int, party: Party, currency: str,
               amount_minor: int) -> str:
        """Why nobody pays this credit before a person has looked, or ''."""
        said = self._said.get((party.iban, party.name), _Said())
        hits = hits_standing(self._standing, account_id, party.name,
                             self._screener.hits(party.name))
        self._checks.append((end_to_end_id, said.outcome, said.bank_name,
                             msgspec.json.encode(hits).decode()))
        for hit in hits:
            subject = hit_subject(account_id, hit, party.name)
            if self._decided.get((SCREENING, subject)) != "release":
                self._found.append(_Found(SCREENING, subject, account_id, end_to_end_id, currency,
                                          amount_minor, hit_content(hit, party.name)))
                return SCREENING
        if self._holds(said.outcome):
            subject = name_subject(account_id, party)
            if self._decided.get((NAME, subject)) != "release":
                content: dict[str, object] = {"outcome": said.outcome, "name": party.name,
                                              "bank_name": said.bank_name, "iban": party.iban}
                self._found.append(_Found(NAME, subject, account_id, end_to_end_id, currency,
                                          amount_minor, content))
                return NAME
        return ""

    async def store(self, connection: Connection, run_id: RunId) -> None:
        """Keep what was known with each order, and say what a person must see."""
        await connection.copy_records_to_table(
            "credit_check", columns=_COLUMNS,
            records=[(str(run_id), *check) for check in self._checks])
        for one in self._found:
            if (one.reason, one.subject) in self._decided:
                continue  # it was rejected: there is nothing more to decide
            await open_exception(
                connection, stream=run_id.stream, reason=one.reason, subject_kind="payee",
                subject=one.subject, run_id=str(run_id), account_id=one.account_id,
                currency=one.currency, amount_minor=one.amount_minor,
                content={**one.content, "end_to_end_id": one.end_to_end_id})

    def _holds(self, outcome: str) -> bool:
        rules = self._rules.verification
        ways = {"no_match": rules.no_match, "close_match": rules.close_match,
                "not_possible": rules.not_possible}
        return ways.get(outcome) == "hold"


def name_subject(account_id: int, party: Party) -> str:
    """What people decide about a name that another bank does not know: of another one anew."""
    return f"{account_id}/{party.iban}/{party.name}"


async def load_payees(connection: Connection, rules: BankFiles) -> Payees:
    """Lists, words of banks and decisions of people, as they are now. ClearingError: a list cannot
    be read, and so nobody may be paid."""
    screener = read_list(rules.screening.list_path)
    said = {(row["iban"], row["name"]): _Said(row["outcome"], row["bank_name"])
            for row in await connection.fetch(query("verifications"))}
    decided = {(row["reason"], row["subject"]): row["decision"]
               for row in await connection.fetch(query("payees_decided"), [SCREENING, NAME], None)}
    return Payees(rules, screener, said, decided, await standing_hits(connection))


async def standing_hits(
        connection: Connection | asyncpg.Pool) -> dict[int, list[tuple[str, Hit]]]:
    """By account: a name, and the entry that people were told it is like and have not released."""
    standing: dict[int, list[tuple[str, Hit]]] = {}
    for row in await connection.fetch(query("payees_standing"), SCREENING):
        hit = Hit(row["entry"], row["listed"], row["program"], row["way"])
        standing.setdefault(row["account_id"], []).append((row["name"], hit))
    return standing


async def misnamed(connection: Connection | asyncpg.Pool) -> frozenset[str]:
    """Those whose bank has another name, by name_subject: nobody has released them, and no bank has
    said since that the name is theirs."""
    return frozenset(row["subject"] for row in await connection.fetch(
        query("payees_misnamed"), NAME))


def hits_standing(standing: Mapping[int, Sequence[tuple[str, Hit]]], account_id: int, name: str,
                  hits: Sequence[Hit]) -> Sequence[Hit]:
    """What a list says of a name, and what people were told before of this payee."""
    told = standing.get(account_id)
    if told is None:
        return hits
    words, listed = words_of(name), {hit.entry for hit in hits}
    return (*hits, *(hit for named, hit in told
                     if hit.entry not in listed and words_of(named) == words))
