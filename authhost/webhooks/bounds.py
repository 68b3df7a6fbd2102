"""Every queue, cache, loop and wait of this room has its bound here, by name (invariant 16)."""

from __future__ import annotations

from typing import Final

# Telling.
AT_ONCE: Final = 256  # webhooks on their way to places that are not slow, of one host
SLOW_AT_ONCE: Final = 128  # beside them, to slow places; none of these is begun beyond it
MOST: Final = 2 * AT_ONCE  # in all: what was begun may turn out to be slow
PER_PLACE: Final = 32  # to one server of one merchant that answers in time; to others one
TAKEN_PER_PLACE: Final = PER_PLACE // 2  # by one look, so that two of them do not exceed it
PER_MERCHANT: Final = 64  # to all its servers
LOOKED_AT: Final = 1_024  # due rows that one look locks
SLOW_S: Final = 2.0  # a place that has not answered by then is slow, until it does
QUICK_PLACES: Final = 1_000  # that a process remembers
SLOW_PLACES: Final = 10_000
POLL_S: Final = 0.5  # between looks that nobody asks for
REST_S: Final = 1.0  # after the database was away
DRAIN_S: Final = 2.0
TESTS: Final = 16  # events that merchants try their servers with, at once,
TESTS_PER_MERCHANT: Final = 4  # and of one merchant

# A try.
CONNECT_S: Final = 5.0
ANSWER_S: Final = 15.0  # name, connection and answer together
ANSWER_BYTES: Final = 16 * 1024  # beyond it the connection is closed, and the status stands
IDLE_S: Final = 4.0  # then we close it: servers close idle ones after 5 s at the least
LEASE_S: Final = 60  # after which another host takes what this one has not written down
CONNECTIONS: Final = 1_024  # in all; push services (authhost/push/) have theirs among them
RESOLVING: Final = 64  # names that are asked for at once,
RESOLVING_PER_MERCHANT: Final = 8  # and of one merchant: slow ones are its own
LOOKUP_S: Final = 4.0
NAMES: Final = 10_000  # whose addresses are remembered,
NAMES_S: Final = 20.0  # for so long

# Trying again: after so many seconds each, about three days in all; then it is dead.
PAUSES_S: Final = (5, 30, 120, 600, 3_600, 10_800, *([21_600] * 11))
JITTER: Final = 10  # percent, either way
ASKED_PAUSE_S: Final = 3_600  # the longest that Retry-After may ask for

# Writing down.
NOTE_GATHER_S: Final = 0.01
NOTE_ROWS: Final = AT_ONCE

# Forgetting.
KEPT_DAYS: Final = 30  # what was told; dead letters stay
FORGOTTEN_ROWS: Final = 5_000  # by one look: in a day more than a host can tell
FORGET_S: Final = 60.0

# Keys.
KEYS: Final = 4  # in force at once: beyond it the next has to wait for one to end
ROTATION_S: Final = 24 * 3_600  # that an old one stays in force
