"""Every queue, cache, loop and wait of this room has its bound here, by name (invariant 16)."""

from __future__ import annotations

from typing import Final

# Sending.
TAKE_ROWS: Final = 256  # credits that are marked SENT by one commit
GATHER_S: Final = 0.02  # between two commits that mark: more fit into one
POLL_S: Final = 0.5  # between looks that nobody has asked for: what another host has left
MOMENT_S: Final = 0.05  # what is marked gets a connection within this, as far as answers show
DEPTH: Final = 8  # credits that are marked for one connection, where answers are quick
CATCH_UP_S: Final = 0.5  # what waits should be sent within this: so many connections are made
PACE_S: Final = 0.02  # of an answer, before there was one
LINKS: Final = 128  # connections to a bank: HTTP/1.1 carries one request each
OPENING: Final = 4  # connections that are made at once
IDLE_LINK_S: Final = 4.0  # then we close it: servers close idle ones after 5 s at the least
CONNECT_TIMEOUT_S: Final = 5.0
ANSWER_BYTES: Final = 64 * 1024
ANSWER_MARGIN_S: Final = 5.0  # after the bank's time: then another host may ask what became of it

# Asking.
ASK_ROWS: Final = 32  # status requests on their way to a bank
ASK_FIRST_S: Final = 1.0  # until the second question; then a quarter of the credit's age
ASK_MOST_S: Final = 300.0
OVERDUE_ROWS: Final = 500

# Trying again after a passing refusal.
LATER_S: Final = 5.0  # then twice as long each time
LATER_TRIES: Final = 4  # beyond it, another rail

# Payers' banks. A payer stands at the till.
DEBIT_S: Final = 60.0  # a debit that its bank has never heard of is sent again until it is so old
QUEUED_S: Final = 10.0  # and one that no connection was there for is given up
SAYING: Final = 4_096  # words of banks that are being written; nothing is sent beyond it
REFUND_S: Final = 60.0  # a refund that cannot go now may wait: nobody stands at the till
CLAIM_S: Final = 30.0  # in which a bank's no is written down, and nobody sends or asks again
SILENT_ROWS: Final = 512
SAY_AGAIN_S: Final = 0.5  # what the journal did not take
SANDBOX_ROWS: Final = 200
SANDBOX_S: Final = 3.0  # until what nobody answered for is found paid in a sandbox

# A bank that is away.
FAILURES: Final = 3  # in a row, and
DOWN_AFTER_S: Final = 5.0  # for so long: its credits go by night
TRIAL_S: Final = 5.0  # between credits that try whether it is back
RECONNECT_S: Final = 0.1  # then twice as long each time
RECONNECT_MOST_S: Final = 1.0

# Writing down.
NOTES: Final = 4_096  # answers that wait to be written; nothing is sent beyond it
NOTE_ROWS: Final = 512
NOTE_GATHER_S: Final = 0.05  # nobody waits for a note: a commit of many is cheap
DRAIN_S: Final = 2.0

# Caches.
CREDITORS: Final = 50_000
BANKS_S: Final = 1.0  # a bank's rails, hours and status are read again
DECISIONS_S: Final = 5.0  # and whom nights have found on a list, and people have released
GAUGES_S: Final = 5.0
