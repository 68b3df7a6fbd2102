"""What a database does to a run, in words: it goes away, it has no room.

Knows the driver's errors; must not know what was asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import asyncpg

from clearing.errors import ClearingError

_NO_ROOM: Final = (asyncpg.InsufficientResourcesError, asyncpg.PostgresIOError)
_AWAY: Final = (asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError,
                ConnectionError)
# What asyncpg says to whoever asks a connection that has just died. The class, InterfaceError, is
# that of its misuse as well: a bug is no outage, and no repeat helps.
_CLOSED: Final = "connection is closed"


class DatabaseAwayError(ClearingError):
    """Nothing is wrong with the run: it goes on when the database is there again."""


@contextmanager
def outages(what: str) -> Iterator[None]:
    """Say in words that the database failed `what`, as ClearingError. What it had not committed it
    takes back by itself, so that a repeat goes on from there. A bug stays what it is."""
    try:
        yield
    except _NO_ROOM as error:
        raise ClearingError(f"{what}: the database has no room: {error}; what was begun is taken "
                            "back, and it goes on when that is mended") from error
    except _AWAY as error:
        raise _away(what, error) from error
    except asyncpg.InterfaceError as error:
        if not str(error).endswith(_CLOSED):
            raise
        raise _away(what, error) from error


def _away(what: str, error: Exception) -> DatabaseAwayError:
    return DatabaseAwayError(f"{what}: the database is away: {error}; what was begun is taken "
                             "back, and it goes on when it is there again")
