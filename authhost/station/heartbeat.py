"""What a terminal tells of itself, how it looks from here, and what of it is an alarm.

PURE. Instants are aware; `now` and `received_at` are the host's business time. A terminal that has
never told anything is no alarm: many a POS speaks ISO 8583 alone.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Final, Literal

import msgspec

_END: Final = r"$(?!\n)"
Word = Annotated[str, msgspec.Meta(max_length=64, pattern=r"^[^\x00-\x1f\x7f]*" + _END)]
Instant = Annotated[datetime, msgspec.Meta(tz=True)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
Sequence = Annotated[str, msgspec.Meta(max_length=12, pattern=r"^[0-9A-Za-z-]*" + _END)]


class Shift(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The shift that runs at a terminal, or the last one. '' where it knows none."""

    number: Word
    state: Literal["open", "closed", ""]


class Heartbeat(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a terminal tells. at: by its own clock, with its offset; link_age_s: since the host
    last answered it; unsent: how many transactions wait for the host."""

    at: Instant
    software: Word
    catalogue_version: Annotated[int, msgspec.Meta(ge=0, le=2**62)]
    catalogue_refused: Annotated[str, msgspec.Meta(max_length=200,
                                                   pattern=r"^[^\x00-\x1f\x7f]*" + _END)] = ""
    unsent: Count
    oldest_unsent_at: Instant | None = None
    shift: Shift
    link_age_s: Annotated[int, msgspec.Meta(ge=0, le=2**40)]
    last_sequence: Sequence = ""


class Conditions(msgspec.Struct, frozen=True):
    """When something is an alarm; 0 turns one off."""

    silent_min: int = 15
    unsent_h: int = 4
    clock_s: int = 120
    catalogue_h: int = 12


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """A terminal as it looks from here. The heartbeat's fields are None where it has told none.

    clock_s: how far its clock is ahead of ours, the way here included. catalogue_old: a newer
    version has been there for a while. silent_s: since its last heartbeat.
    """

    terminal_id: str
    site_id: str
    offline_permitted: bool
    received_at: datetime | None = None
    silent_s: int | None = None
    software: str | None = None
    link_age_s: int | None = None
    unsent: int | None = None
    oldest_unsent_at: datetime | None = None
    shift: str | None = None
    shift_state: str | None = None
    last_sequence: str | None = None
    catalogue_version: int | None = None
    catalogue_newest: int = 0
    catalogue_issued_at: datetime | None = None
    catalogue_old: bool | None = None
    catalogue_refused: str | None = None
    clock_s: int | None = None
    alarms: tuple[str, ...] = ()


class Alarm(msgspec.Struct, frozen=True):
    """A condition that holds for a terminal, and what was seen of it."""

    kind: str
    detail: dict[str, str | int]


def alarms(status: Status, conditions: Conditions, now: datetime) -> tuple[Alarm, ...]:
    """What somebody should look at."""
    if status.received_at is None:
        return ()
    found = []
    silent_s = status.silent_s or 0
    if conditions.silent_min and silent_s >= conditions.silent_min * 60:
        found.append(Alarm("silent", {"silent_s": silent_s}))
    oldest = status.oldest_unsent_at
    if conditions.unsent_h and status.unsent and oldest is not None \
            and now - oldest >= timedelta(hours=conditions.unsent_h):
        found.append(Alarm("unsent", {"unsent": status.unsent, "oldest": oldest.isoformat()}))
    if status.catalogue_refused:
        found.append(Alarm("catalogue_refused", {"reason": status.catalogue_refused}))
    issued_at = status.catalogue_issued_at
    if conditions.catalogue_h and status.offline_permitted and status.catalogue_old \
            and (issued_at is None
                 or now - issued_at >= timedelta(hours=conditions.catalogue_h)):
        found.append(Alarm("catalogue_old", {"version": status.catalogue_version or 0,
                                             "newest": status.catalogue_newest}))
    if conditions.clock_s and abs(status.clock_s or 0) >= conditions.clock_s:
        found.append(Alarm("clock", {"clock_s": status.clock_s or 0}))
    return tuple(found)
