"""Secrets down every path of a host process, good and bad; then a search of all that stays.

Invariant 15. The PIN is in the clear at the PIN pad alone, which is this process. In the memory of
the host card numbers, tracks and PIN blocks are in the clear while their messages live, and beyond,
for nobody wipes memory that was given back; the HSM's holds all. What the host never has, in its
memory either, is a clear PIN or a clear key.
"""

from __future__ import annotations

import io
import os
import signal
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import asyncpg
import pytest

from iso.masking import mask_account_number, mask_text
from tests.e2e.canary_bench import Bench, bench_at, core_limits
from tests.e2e.canary_failures import FAILURES, PLANTED_PANS, leaky
from tests.e2e.canary_paths import PATHS, Canary
from tests.e2e.canary_search import Search, Vault

pytestmark = [pytest.mark.invariant(15)]

PANS = ("708346192750834921", "708346502917364850", "708346837195026417", "708346748205913362")
PIN, WRONG_PIN = "831947205618", "275938104627"
HOSTS = {"host": ("authhost",), "clumsy": ("tests.e2e.canary_bugs", "clumsy"),
         "leaky": ("tests.e2e.canary_bugs", "leaky")}
# What a host may hold in its memory.
IN_MEMORY = ("PAN", "track", "CVV", "PIN block", "chip data", "cryptogram", "MAC")


class Walked(NamedTuple):
    """All that was seen: one journey, one search."""

    canary: Canary
    search: Search
    memory: Search
    core_limits: dict[str, list[str]]
    dumped: dict[str, bool]
    cores: list[Path]
    masked: int


@pytest.fixture(scope="module")
def walked() -> Iterator[Walked]:
    with tempfile.TemporaryDirectory(prefix="authhost-canary-") as folder, \
            bench_at(Path(folder)) as bench:
        for name, module in HOSTS.items():
            bench.start(name, *module)
        canary = Canary(bench, vault := Vault(), seed=15)
        canary.hold(PANS, PIN, WRONG_PIN)
        bench.speak_to("host")
        search, memory = Search(vault), Search(vault)
        for path in PATHS:
            slow_is_everything(bench)
            path(canary)
        search_valkey(search, memory, bench)  # before it is killed, and what it was asked with it
        for path in (*FAILURES, leaky):
            path(canary)
            slow_is_everything(bench)
        for name in ("host", "clumsy"):
            memory.memory(name, bench.hosts[name].process.pid)
        search_valkey(search, memory, bench)
        limits = {name: core_limits(host.process.pid) for name, host in bench.hosts.items()}
        limits["HSM"] = core_limits(bench.servers.hsm.pid)
        search_the_living(search, bench)
        ends = {"clumsy": signal.SIGABRT, "host": signal.SIGTERM, "leaky": signal.SIGTERM}
        dumped = {name: os.WCOREDUMP(bench.hosts[name].end(how)) for name, how in ends.items()}
        masked = search_the_disk(search, bench)
        cores = [path for path in bench.folder.rglob("core*") if path.is_file()]
        yield Walked(canary, search, memory, limits, dumped, cores, masked)


def search_the_living(search: Search, bench: Bench) -> None:
    """Tables and figures: what a process has to be asked for."""
    bench.sql("ANALYZE")
    bench.run(search_tables(search, bench.database_url))
    for name, host in bench.hosts.items():
        for path in ("/metrics", "/readyz", "/openapi.json"):
            with urllib.request.urlopen(f"http://127.0.0.1:{host.ports['http']}{path}") as answer:
                search.data("figures", answer.read(), f"{name} {path}")


def slow_is_everything(bench: Bench) -> None:
    """Valkey notes each command with what it was given; one that was killed has forgotten it."""
    bench.redis("CONFIG", "SET", "slowlog-log-slower-than", "0", "slowlog-max-len", "100000")


def search_valkey(search: Search, memory: Search, bench: Bench) -> None:
    """Every key, what it was asked, and its memory."""
    for key in bench.redis("KEYS", "*"):
        search.data("Valkey", key + (bench.redis("DUMP", key) or b""))
    for command in (["SLOWLOG", "GET", "-1"], ["FUNCTION", "STATS"], ["FUNCTION", "DUMP"],
                    ["CLIENT", "LIST"], ["INFO", "everything"]):
        search.data("Valkey", flat(bench.redis(*command)), command[0])
    memory.memory("Valkey", bench.servers.valkey.pid)


async def search_tables(search: Search, url: str) -> None:
    """Every table of the database, the system's with its statistics too, as text and as bytes."""
    connection = await asyncpg.connect(url)
    tables = await connection.fetch(
        "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
        " WHERE c.relkind IN ('r', 'p') AND NOT relispartition OR c.relname IN ('pg_stats',"
        " 'pg_stat_activity')")
    for schema, table in tables:
        for form in ("text", "binary") if schema == "public" else ("text",):
            content = io.BytesIO()
            await connection.copy_from_query(f'SELECT * FROM "{schema}"."{table}"',
                                             output=content, format=form)
            search.data("tables", content.getvalue(), table)
    await connection.close()


def search_the_disk(search: Search, bench: Bench) -> int:
    """All files below the folder; how many of PostgreSQL's hold the mask of a number."""
    bench.sql("CHECKPOINT")
    for top in sorted(bench.folder.iterdir()):
        search.tree("disk", top)
    for name, host in bench.hosts.items():
        search.data("disk", host.output, f"{name} standard output")
    mask = mask_account_number(PANS[0]).encode()
    return sum(mask in path.read_bytes() for path in (bench.folder / "postgres").rglob("*")
               if path.is_file())


def flat(answer: object) -> bytes:
    """What Valkey says, one part after the other."""
    if isinstance(answer, bytes):
        return answer
    if isinstance(answer, list):
        return b"\n".join(map(flat, answer))
    return str(answer).encode()


def test_no_secret_is_at_rest_or_in_a_log(walked: Walked) -> None:
    assert [found for found in sorted(walked.search.where) if "planted" not in found] == []
    assert sum(walked.canary.messages.values()) > 5_000
    assert walked.search.looked_at["disk"] > 50_000_000
    assert walked.masked > 0, "the search finds what is there"


def test_a_host_never_has_a_clear_pin_or_key(walked: Walked) -> None:
    memory = walked.memory
    found = {place: {name for at, name in memory.findings if at == place
                     and not name.startswith("planted")} for place in ("host", "clumsy", "Valkey")}
    assert {name for name in found["host"] | found["clumsy"]
            if not name.startswith(IN_MEMORY)} == set()
    assert found["Valkey"] == set()
    if memory.refused:  # without CAP_SYS_PTRACE the processes cannot be read, which is the aim
        assert memory.refused == {"host", "clumsy"}
    else:
        assert "PAN text" in found["host"], "the search of memories finds what is there"


def test_no_process_dumps_its_memory(walked: Walked) -> None:
    assert set(map(tuple, walked.core_limits.values())) == {("0", "0")}, walked.core_limits
    assert set(walked.dumped.values()) == {False}
    assert walked.cores == []


@pytest.mark.parametrize(("leak", "form"), [
    ("disk leaky.log", "PAN text"), ("disk leaky.log", "PIN block hex"),
    ("disk leaky.log", "track text"),
    ("tables journal", "track text"), ("tables parked", "PAN text"), ("tables claim", "PAN text"),
    ("disk postgres/pg_wal", "track text"), ("disk postgres/base", "PAN text"),
    ("Valkey", "PAN text"), ("Valkey", "track text")])
def test_what_leaks_on_purpose_is_found(walked: Walked, leak: str, form: str) -> None:
    assert [found for found in walked.search.where
            if found.startswith(leak) and found.endswith(f": planted {form}")]


@pytest.mark.parametrize(("text", "shown"), [
    ("'708346192750834921=3012201148151516'", "'708346********4921=***'"),
    ("708346192750834921D3012201148151516F", "708346********4921D***F"),
    ("B708346192750834921^CANARY/A^3012201148151516 x", "B708346********4921^*** x")])
def test_a_masked_track_shows_no_verification_value(text: str, shown: str) -> None:
    assert mask_text(text) == shown


def test_every_form_is_found_wherever_it_begins() -> None:
    vault = Vault()
    vault.pan(PLANTED_PANS[0])
    vault.pin(PIN, PLANTED_PANS[0])
    vault.track(f"{PLANTED_PANS[0]}=3012201112345678", "678")
    vault.bytes("PIN block", block := bytes.fromhex("a1b2c3d4e5f60718"))
    forms = (
        PLANTED_PANS[0].encode(), PLANTED_PANS[0].encode("utf-16-le"),
        bytes.fromhex(PLANTED_PANS[0]), bytes.fromhex(f"0{PLANTED_PANS[0]}f"),
        PLANTED_PANS[0][3:15].encode(), int(PLANTED_PANS[0]).to_bytes(8, "little"),
        PLANTED_PANS[0].encode().hex().encode(), bytes.fromhex(f"0c{PIN}ff"), PIN.encode(),
        b"D3012201112345678", b"cvv='678'", block, block.hex().encode(), repr(block).encode())
    for form in forms:
        for before in range(9):
            for size in (0, 65_530, 65_536):
                assert list(vault.found(bytes(size) + b"?" * before + form)), form
    assert list(vault.found(b"708346********0517, 3012, 201")) == []
