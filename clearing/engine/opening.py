"""Which engine a URL names, with the tables of a stage in it.

Knows the names of the engines; imports the one that is asked for, and no other.
"""

from __future__ import annotations

from typing import Final

from clearing.engine.ports import Engine, EngineError
from clearing.engine.stage import Stage

DEFAULT: Final = "duckdb"
_SPARK: Final = ("spark://", "local")
_POSTGRES: Final = ("postgresql://", "postgres://")


def open_engine(url: str | None, stage: Stage) -> Engine:
    """None or 'duckdb': in this process; 'spark://host:port' or 'local[2]'; 'postgresql://...'.

    EngineError where it cannot be reached, is not installed, or is no engine.
    """
    named = url or DEFAULT
    try:
        engine = _open(named, stage)
    except ImportError as error:
        raise EngineError(f"{named} needs {error.name}, which is not installed: "
                          "pip install authhost[spark]") from error
    for name, path in stage.tables().items():
        engine.table(name, path)
    return engine


def check_engine(url: str | None) -> None:
    """EngineError where this names no engine; whether it can be reached is found out later."""
    if url and url != DEFAULT and not url.startswith((*_SPARK, *_POSTGRES)):
        raise EngineError(f"{url} is no engine: duckdb, spark://host:port or postgresql://...")


def _open(url: str, stage: Stage) -> Engine:
    check_engine(url)
    if url == DEFAULT:
        from clearing.engine.on_duckdb import OnDuckDB  # noqa: PLC0415  # only who asks for it
        return OnDuckDB(stage.folder / "spill")
    if url.startswith(_SPARK):
        from clearing.engine.on_spark import OnSpark  # noqa: PLC0415  # brings a Java along
        return OnSpark(url, stage.folder)
    from clearing.engine.on_postgres import OnPostgres  # noqa: PLC0415  # only who asks for it
    return OnPostgres(url)
