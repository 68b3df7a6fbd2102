"""Every queue, cache, loop and wait of this room has its bound here, by name (invariant 16)."""

from __future__ import annotations

from typing import Final

MESSAGES: Final = 4_096  # phones that are being woken at once; beyond it they fetch by themselves
PER_SERVICE: Final = MESSAGES // 2  # of them, by one push service: if it hangs, others have room
PER_PHONE: Final = 8  # of them, for one phone, and those that are sent again later with them
LATER: Final = MESSAGES  # beside them, those that are sent again after a pause,
LATER_PER_SERVICE: Final = LATER // 2  # and of these by one push service
AT_ONCE_PER_SERVICE: Final = 32
SERVICES: Final = 1_000  # tokens that a process keeps
ANSWER_S: Final = 10.0
PAUSES_S: Final = (1, 4, 15)  # before another try, as long as the payment lives
ASKED_PAUSE_S: Final = 60  # the longest that Retry-After may ask for
TTL_S: Final = 24 * 3_600  # the longest that a push service is asked to keep one
READS: Final = 2  # of subscriptions, at once
TOKEN_S: Final = 12 * 3_600  # a token is good for; RFC 8292 lets it be 24 hours
TOKEN_LEFT_S: Final = 3_600  # a token with less is made anew
PAYLOAD_BYTES: Final = 3_993  # RFC 8291, 4: a push service need not take more than 4096 in all
SUBSCRIPTION_BYTES: Final = 4_096
