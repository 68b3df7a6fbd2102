"""The table of what offices ask about the clearing: answers of banks, exceptions.

Knows paths, summaries and the types that check the bodies; a test holds that every route is in a
table.
"""

from __future__ import annotations

from typing import Final

from authhost.admin.clearing_exceptions import Assigned, Noted, Settled, Suggested
from authhost.doors.admin_clearing import ANSWERS, EXCEPTION_QUERY, EXCEPTIONS
from authhost.doors.described import PAGE, Described

_ONE: Final = f"{EXCEPTIONS}/{{id}}"
_TOLD: Final = {"type": "object", "required": ["answers"], "properties": {"answers": {
    "type": "array", "items": {"type": "object", "properties": {
        "message_id": {"type": "string", "description": "The bank's own number."},
        "about": {"type": "string", "description": "MsgId of our file, or the account."},
        "known": {"type": "boolean", "description": "It was told before: nothing was done."},
        "outcomes": {"type": "object", "additionalProperties": {"type": "integer"},
                     "description": "Orders by what was said of them."},
        "exceptions": {"type": "integer"}}}}}}
CLEARING: Final = (
    Described("POST", ANSWERS, "A bank's answer (pain.002, camt.054), matched with what was sent",
              answer=_TOLD, file="application/xml"),
    Described("GET", EXCEPTIONS, "What the clearing cannot explain by itself", answer=PAGE,
              query=EXCEPTION_QUERY),
    Described("GET", _ONE, "One, what it may come to, and what was done"),
    Described("POST", f"{_ONE}/assignment", "Somebody looks after it", Assigned),
    Described("POST", f"{_ONE}/note", "What was found out", Noted),
    Described("POST", f"{_ONE}/proposal", "One says what is to be done", Suggested),
    Described("POST", f"{_ONE}/decision", "Another decides", Settled),
)
