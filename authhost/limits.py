"""Every queue, cache, loop and wait of the host has its bound here, by name (invariant 16).

Beyond a bound the answer is quick: "busy", or a closed connection. Units are last in a name.
"""

from __future__ import annotations

from typing import Final

# Doors.
CONNECTIONS_PER_DOOR: Final = 20_000
# At the public door, of one address or IPv6 network: a share, for behind one may be an operator's
# thousands of phones. Not of this machine's own, where a proxy may be.
CONNECTIONS_PER_ADDRESS: Final = CONNECTIONS_PER_DOOR // 4
FIRST_REQUEST_S: Final = 20  # there, from the connection to its first whole request
IN_FLIGHT_PER_CONNECTION: Final = 64
IN_FLIGHT_TOTAL: Final = 4_096
HALF_FRAME_TIMEOUT_S: Final = 20  # a frame begun must end: slow senders hold a connection, no more
IDLE_CONNECTION_TIMEOUT_S: Final = 900
WRITE_BUFFER_BYTES: Final = 256 * 1024  # a peer that does not read is closed
HTTP_BODY_BYTES: Final = 64 * 1024
HTTP_HEAD_BYTES: Final = 16 * 1024
LINGER_S: Final = 5  # of quiet, after an answer to who still sends: it should hear it
DRAIN_TIMEOUT_S: Final = 10

# A request's life.
DEADLINE_MS: Final = 8_000  # from its arrival to its answer
COMMIT_MARGIN_MS: Final = 250  # an approval is refused by the commit this long before the deadline
TRIES: Final = 8  # of reserve and append under a moved fence

# The state.
STATE_PENDING: Final = 16_384  # calls sent and not answered
STATE_CONNECT_TIMEOUT_S: Final = 2
OPEN_RESERVATION_MS: Final = 60_000  # mirrored in functions.lua
SETTLED_FLUSH_S: Final = 5  # told with the next reservation, or by the sweeper after this
LEASE_MS: Final = 5_000

# The journal.
BATCH_ROWS: Final = 512
JOURNAL_QUEUE: Final = 8_192
SETTLE_ROWS: Final = 128
STATEMENT_TIMEOUT_MS: Final = 10_000
RECONNECT_S: Final = 0.1
ROLL_UP_ROWS: Final = 2_000  # of an account since its roll-up: then it is rolled up again


# Caches.
CARD_VIEWS: Final = 200_000
ACCOUNT_VIEWS: Final = 50_000
TERMINAL_VIEWS: Final = 50_000
COMPOSED_VIEWS: Final = 50_000  # cards with what is shown or typed in beside them
CARD_REFS: Final = 100_000
DAYS: Final = 1_024

# Chores.
CATALOGUE_S: Final = 30  # between looks whether a station's catalogue has a new version
STATIONS_S: Final = 60
ROLL_UP_S: Final = 60

# Holds.
HOLD_S: Final = 24 * 3_600  # a pre-authorization without completion gives back after this
HOLD_MINOR: Final = 15_000  # held where a pre-authorization names no amount, and no program says
HOLD_ML: Final = 150_000
INCREMENTS: Final = 5  # of one hold
ESCROW_S: Final = 300  # notes that wait for the depositor's word

# Safes.
SAFE_VIEWS: Final = 20_000
SAFE_VIEW_AGE_S: Final = 30  # how full a safe is told to be moves no fence
SEQUENCES: Final = 20_000  # safes whose numbers a process remembers
SEQUENCE_FLUSH_S: Final = 0.25
SEQUENCE_RANGES: Final = 1_000  # of a safe's numbers; beyond it the oldest gaps are given up
SEQUENCE_RANGES_KEPT: Final = SEQUENCE_RANGES // 2
MISSING_RANGES: Final = 32  # of a safe's numbers, told at once
MESSAGE_DAYS: Final = 31  # an older message is another month's
CUSTODY_S: Final = 2  # between looks at what custody has decided to book
SAFES_S: Final = 60  # between looks whether a safe is silent
LOOK_AGAIN_S: Final = 60  # at counts that came before their cassette's last deposit
FORECAST_S: Final = 300
EXCEPTIONS_S: Final = 60  # between looks at how many of the clearing's exceptions wait
BANK_CONNECTIONS: Final = 4  # of the connector to the database; its other bounds: bank/bounds.py
EXPIRY_SWEEP_S: Final = 1
SESSIONS_S: Final = 600  # between looks for tokens and logins that are over
EXPIRY_ROWS: Final = 500

# The HSM.
HSM_PENDING: Final = 2_048  # calls on their way, over all HSMs
HSM_TIMEOUT_MS: Final = 1_000  # a call's whole life, two HSMs tried
HSM_TRY_MS: Final = HSM_TIMEOUT_MS * 45 // 100  # one of them, and a rest to find it out
HSM_CHECK_S: Final = 0.05
HSM_PROBE_S: Final = 5
HSM_CONNECT_TIMEOUT_S: Final = 2
HSM_START_TIMEOUT_S: Final = 10
HSM_RECONNECT_S: Final = 0.1  # then twice as long each time
HSM_RECONNECT_MOST_S: Final = 2.0
HSM_KEYS: Final = 50_000
HSM_KEY_TTL_S: Final = 600
PAN_INDEX: Final = 200_000
