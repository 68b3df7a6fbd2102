"""What is refused here, and how it is called; the door and the command line say it their way.

PURE.
"""

from __future__ import annotations


class Refused(Exception):
    """It is not done, nothing of it is kept. where: the part of the request that is wrong."""

    def __init__(self, detail: str, where: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.where = where


class Unknown(Refused):
    """There is no such thing, or it is somebody else's."""


class Forbidden(Refused):
    """This role may not do that; `where` is the action."""


class Invalid(Refused):
    """What was sent cannot be taken."""


class Conflict(Refused):
    """It cannot be done as things are: a number that is taken, a card that is closed."""


class Moved(Refused):
    """It was changed since it was read."""


class NotIdentified(Refused):
    """Nobody we know: no token, a wrong, expired or revoked one, another certificate."""
