"""Who listens to what, by a name: a phone, a merchant, a payment. PURE: a dictionary of listeners.

Most names have one listener, and there are many names: it is the dictionary's value itself, and a
tuple only where there are more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Listener(Protocol):
    """Where pieces of bytes go."""

    def put(self, piece: bytes) -> bool:
        """Send it. False: nobody is there any more."""

    def cut(self) -> None:
        """It listens no more: another has its place."""


class Topics:
    """Listeners of one kind of name. most: of one name; the one that came first makes room, for
    whoever comes again has often left its old connection behind."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._of: dict[str, Listener | tuple[Listener, ...]] = {}

    def __contains__(self, name: str | None) -> bool:
        return name in self._of

    def __len__(self) -> int:
        return len(self._of)

    def of(self, name: str | None) -> tuple[Listener, ...]:
        """Who listens to a name."""
        found = self._of.get(name) if name is not None else None
        if found is None:
            return ()
        return found if isinstance(found, tuple) else (found,)

    def add(self, name: str, listener: Listener) -> None:
        """One more."""
        there = self.of(name)
        if len(there) >= self._most:
            there[0].cut()
            there = there[1:]
        self._of[name] = (*there, listener) if there else listener

    def remove(self, name: str, listener: Listener) -> None:
        """One less; nothing where it had to make room already."""
        left = tuple(one for one in self.of(name) if one is not listener)
        if not left:
            self._of.pop(name, None)
        else:
            self._of[name] = left if len(left) > 1 else left[0]


class Subscription:
    """A name that a stream listens to. begun: told once it does, of the name."""

    __slots__ = ("_begun", "_name", "_topics")

    def __init__(self, topics: Topics, name: str,
                 begun: Callable[[str], None] | None = None) -> None:
        self._topics = topics
        self._name = name
        self._begun = begun

    def begin(self, listener: Listener) -> None:
        """It hears from now on."""
        self._topics.add(self._name, listener)
        if self._begun is not None:
            self._begun(self._name)

    def end(self, listener: Listener) -> None:
        """And from now on not."""
        self._topics.remove(self._name, listener)
