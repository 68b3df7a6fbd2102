"""Paths to handlers: a tree of segments, so that a path is found in as many steps as it has parts.

PURE. A template's `{name}` stands for one segment, not empty; a literal is tried before it, unless
it does not take the method. A segment is percent-decoded by itself: what it stands for may have a
slash in it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, NamedTuple, TypeVar
from urllib.parse import unquote

T = TypeVar("T")


class Found(NamedTuple, Generic[T]):
    """What is at a path, and its segments by name. None: it takes other methods, which are these.
    """

    there: T | None
    values: dict[str, str]
    methods: frozenset[str] = frozenset()


class _Node(Generic[T]):
    __slots__ = ("any", "methods", "next")

    def __init__(self) -> None:
        self.next: dict[str, _Node[T]] = {}
        self.any: _Node[T] | None = None
        self.methods: dict[str, tuple[tuple[str, ...], T]] = {}


class Routes(Generic[T]):
    """(method, template, what is there) as a tree."""

    def __init__(self, rows: Iterable[tuple[str, str, T]]) -> None:
        self._root: _Node[T] = _Node()
        for method, template, there in rows:
            node, names = self._root, []
            for part in template.split("/")[1:]:
                if part.startswith("{"):
                    names.append(part[1:-1])
                    node.any = node = node.any or _Node()
                else:
                    node = node.next.setdefault(part, _Node())
            assert method not in node.methods, f"{method} {template} twice"
            node.methods[method] = tuple(names), there

    def find(self, method: str, path: str) -> Found[T] | None:
        """What is at a path; None: nothing, as at one whose segments are no text (UTF-8)."""
        if path[:1] != "/":
            return None
        parts = path.split("/")[1:]
        if "%" in path:
            try:
                parts = [unquote(part, errors="strict") for part in parts]
            except UnicodeDecodeError:
                return None
        others: set[str] = set()
        found = self._descend(self._root, method, parts, 0, others)
        if found is not None:
            node, values = found
            names, there = node.methods[method]
            return Found(there, dict(zip(names, values, strict=True)))
        return Found(None, {}, frozenset(others)) if others else None

    def _descend(self, node: _Node[T], method: str, parts: list[str], at: int,
                 others: set[str]) -> tuple[_Node[T], list[str]] | None:
        """Straight on where there is one way; into each where there are two."""
        values: list[str] = []
        for place in range(at, len(parts)):
            part = parts[place]
            literal, wild = node.next.get(part), node.any
            if literal is not None and wild is not None and part:
                found = self._descend(literal, method, parts, place + 1, others)
                if found is not None:
                    return found[0], values + found[1]
                literal = None
            if literal is not None:
                node = literal
            elif wild is not None and part:
                values.append(part)
                node = wild
            else:
                return None
        if method in node.methods:
            return node, values
        others.update(node.methods)
        return None
