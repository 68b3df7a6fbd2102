"""The summary for people: tables on a terminal.

Knows rich and the result's fields; decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from demo import bank_table, cash_table, phone_table
from demo.amounts import money
from demo.result import Fleets, Proved, Result, Stations

_FILES_SHOWN: Final = 14


def show(result: Result, console: Console) -> None:
    """Print all of it, the verdict last."""
    console.print()
    console.print(f"[bold]{result.messages:,}[/] messages: {result.approved:,} approved, "
                  f"{result.declined:,} declined, {result.refused:,} refused as malformed; "
                  f"{result.deposits:,} deposits, {result.payments:,} payments", highlight=False)
    console.print(_table("Messages and their answers", ("kind", "count", "p50 ms", "p99 ms"), (
        (kind, f"{latency.count:,}", f"{latency.p50_ms:.1f}", f"{latency.p99_ms:.1f}")
        for kind, latency in result.latencies_ms.items())))
    console.print(_table("Declined", ("reason", "count"), (
        (reason, f"{count:,}") for reason, count in result.declined_by_reason.items())))
    console.print(_table("What was proved", ("what", "count", "besides"), _proofs(result.proved)))
    console.print(_table("Fleets", ("what", "count", "besides"), _fleets(result.fleets)))
    console.print(_table("Stations with the edge program", ("what", "count", "besides"),
                         _stations(result.stations)))
    console.print(_table("Cash", ("what", "count", "besides"), cash_table.counted(result.cash)))
    console.print(_table("What went wrong with cash, and what became of it",
                         ("story", "where", "what", "outcome"), cash_table.stories(result.cash)))
    console.print(_table("Payments by phone, as everybody has them", phone_table.COLUMNS,
                         phone_table.states(result.phones)))
    console.print(_table("Pay by phone", ("what", "count", "besides"),
                         phone_table.counted(result.phones)))
    console.print(_table("At the banks, when they have answered", bank_table.COLUMNS,
                         bank_table.positions(result.banked)))
    console.print(_table("Fleets that pay by direct debit", bank_table.COLLECTED,
                         bank_table.collected(result.banked)))
    console.print(_table("What came back from them", ("what", "why", "which", "sum", "currency"),
                         bank_table.came_back(result.banked)))
    receipt = result.cash.receipt
    console.print(f"[bold]A receipt of {receipt.safe}[/], as the safe prints it. The day is "
                  "played; 'Recorded' is the database's own clock.", highlight=False)
    console.print(escape(receipt.text), highlight=False)
    console.print(f"The same for the client, as PDF: {escape(receipt.pdf)}\n", highlight=False,
                  soft_wrap=True)
    files = [(entry.path, entry.kind, f"{entry.count:,}", money(entry.sum_minor), entry.currency)
             for entry in result.files]
    if len(files) > _FILES_SHOWN:
        more = len(files) - _FILES_SHOWN
        files = [*files[:_FILES_SHOWN], (f"and {more} more", "", "", "", "")]
    console.print(_table(f"Files in {result.out_dir}",
                         ("path", "kind", "count", "sum", "currency"), files))
    console.print(_table("Double entry", ("currency", "debits", "credits"), (
        (currency, money(minor), money(result.credits_minor.get(currency, 0)))
        for currency, minor in sorted(result.debits_minor.items()))))
    for difference in result.differences:
        console.print(f"[red]record and journal differ:[/] {escape(str(difference))}")
    for fault in result.faults[:20]:
        console.print(f"[red]fault:[/] {escape(fault)}")
    _verdict(result, console)


def _proofs(proved: Proved) -> list[tuple[str, str, str]]:
    """A line a kind of proof: how many were good, and what became of the others."""
    return [(what, f"{count:,}", more) for what, count, more in (
        ("PINs that the HSM verified", proved.pins_right,
         (f"{proved.pins_wrong} wrong; {proved.cards_locked} cards locked, "
          f"{proved.cards_unlocked} unlocked")),
        ("PINs that a chip verified", proved.pins_by_card,
         f"{proved.chips_locked} chips locked, {proved.copies_refused} copies refused"),
        ("cryptograms of chips", proved.cryptograms,
         f"{proved.issuer_proofs} answers that a chip believed"),
        ("verification values of stripes", proved.stripes_good, f"{proved.stripes_wrong} wrong"),
        ("MACs checked", proved.macs_checked,
         f"{proved.macs_made:,} made, {proved.macs_refused} refused"),
        ("key changes", proved.key_changes, ""),
        ("calls to the HSM", proved.hsm_calls,
         f"p50 {proved.hsm_p50_ms:.2f} ms, p99 {proved.hsm_p99_ms:.2f} ms"),
    )]


def _fleets(fleets: Fleets) -> list[tuple[str, str, str]]:
    returned = ", ".join(f"{money(minor)} {currency}"
                         for currency, minor in sorted(fleets.returned_minor.items()))
    return [(what, f"{count:,}", more) for what, count, more in (
        ("refused by a limit, by window", *_counted(fleets.limits_refused)),
        ("refused for an answer at the terminal", *_counted(fleets.prompts_refused)),
        ("holds raised", fleets.increments, ""),
        ("returns", fleets.returns, returned),
        ("sales with a price by contract", fleets.contract_prices, ""),
        ("payments into a prepaid account", fleets.fundings, f"{money(fleets.funded_minor)} EUR"),
        ("exceptions in the feed", *_counted(fleets.exceptions)),
        ("vehicles looked up", len(fleets.consumption),
         f"{', '.join(fleets.consumption)} l/100 km"),
    )]


def _stations(stations: Stations) -> list[tuple[str, str, str]]:
    return [(what, f"{count:,}", more) for what, count, more in (
        ("sold without the host", stations.offline_sold,
         f"in {stations.cut_off_minutes} minutes; {stations.waited} waited at their end"),
        ("refused without the host", *_counted(stations.offline_refused)),
        ("forwarded, each once", stations.forwarded, f"{stations.flagged} flagged"),
        ("catalogue versions", stations.catalogue_versions, f"{stations.heartbeats} heartbeats"),
        ("shifts that balance", stations.shifts_balanced,
         (f"{stations.shifts_differing} differed at first, {stations.transactions_found} "
          f"transactions found, {stations.shifts_mended} mended")),
    )]


def _counted(counts: dict[str, int]) -> tuple[int, str]:
    return sum(counts.values()), ", ".join(f"{name} {count}" for name, count in counts.items())


def _verdict(result: Result, console: Console) -> None:
    checks = (
        (result.balanced, "debits equal credits"),
        (result.repeats_identical, f"{result.repeats} repeats got the first answer's bytes"),
        (result.lost == 0, "every message was answered"),
        (not result.differences, "the terminals' record agrees with the journal"),
        (not result.banked.faults(), "the banks' books are ours, to the cent"),
        (not result.card_numbers_at_rest, "no card number in database, logs or files"),
        (not result.secrets_at_rest, "no track, PIN or PIN block in them, nor in the spool"),
        (not result.faults, "every story went as it must"),
    )
    for good, text in checks:
        console.print(f"[green]yes[/]  {text}" if good else f"[red]NO[/]   {text}",
                      highlight=False)
    console.print(f"{result.seconds:.1f} s", highlight=False)


def _table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None,
                  padding=(0, 2, 0, 0))
    numbers = {"count", "p50 ms", "p99 ms", "sum", "debits", "credits", "difference", "booked",
               *phone_table.COLUMNS[1:], *bank_table.COLUMNS[1:]}
    for column in columns:
        table.add_column(column, justify="right" if column in numbers else "left",
                         overflow="fold")
    for row in rows:
        table.add_row(*map(escape, row))
    return table
